/**
 * A component in front of a room: fills the window, hears the keyboard before the page does, says what happened. What the
 * keys mean beside `full`, `keys` and `leave` is its owner's.
 */
/** @import { KeyRow } from "./keys.js" */
/** @import { Room } from "./room_code.js" */
import { Fullscreen } from "./fullscreen.js";
import { COMMON, KeyHelp, meaning } from "./keys.js";
import { RoomCode } from "./room_code.js";
import { element, setText } from "../dom.js";

const NOTICE_MS = 12_000;
/** Whose keys are their own. */
const FIELDS = "input, textarea, select, [contenteditable=true], [role=radio]";
const TAKEN = `${FIELDS}, [role=dialog], [role=listbox], [role=combobox]`;

/** The components of the page that have a stage. @type {Set<HTMLElement>} */
const hosts = new Set();

export class Stage {
  /**
   * keys: the owner's rows; act(verb, key): a key was pressed, or its button. The verb `enter` asks for the stage.
   * @param {HTMLElement} host
   * @param {KeyRow[]} keys
   * @param {(verb: string, key?: string) => void} act
   */
  constructor(host, keys, act) {
    this.host = host;
    this.act = act;
    this.keys = [...keys, ...COMMON];
    this.screen = new Fullscreen(host);
    this.help = new KeyHelp(host, (verb) => this.#act(verb));
    this.code = new RoomCode(host);
    this.draw(this.keys);
    this.notice = element("p", "ss-notice", "", { role: "status" });
    host.append(this.notice);
    hosts.add(host);
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.noticed = undefined;
    this.listening = new AbortController();
    // First of all listeners: the page has short cuts on the same keys.
    window.addEventListener("keydown", (event) => this.#key(event), { capture: true, signal: this.listening.signal });
    host.addEventListener("click", (event) => {
      // After a click the keys are the stage's again; who came by keyboard stays.
      if (this.on && event.detail > 0 && !isIn(event.target, FIELDS)) host.focus({ preventScroll: true });
    });
  }

  get on() {
    return this.screen.on;
  }

  /**
   * Offer these rows of keys, that of the room's link only where there is one.
   * @param {KeyRow[]} rows
   */
  draw(rows) {
    this.rows = rows;
    this.help.draw(rows.filter(({ verb }) => verb !== "room" || this.code.room));
  }

  /**
   * Take the link for the room, which the presenter of a shared page has.
   * @param {Room | null | undefined} room
   */
  invite(room) {
    this.code.update(room);
    this.draw(this.rows ?? this.keys);
  }

  enter() {
    this.screen.enter();
    this.help.wake();
  }

  leave() {
    this.help.open = this.code.open = false;
    this.help.stop();
    this.screen.leave();
  }

  stop() {
    this.listening.abort();
    hosts.delete(this.host);
    clearTimeout(this.noticed);
    this.help.stop();
    this.screen.leave();
  }

  /**
   * Tell the room's speaker something for a while; "" ends it.
   * @param {string} words
   */
  say(words) {
    clearTimeout(this.noticed);
    setText(this.notice, words);
    if (words) this.noticed = setTimeout(() => setText(this.notice, ""), NOTICE_MS);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const row = meaning(event, this.keys);
    if (!this.on) {
      if (row?.verb !== "leave" || event.key === "Escape" || isIn(event.target, TAKEN) || document.querySelector(".ss-presenting")) return;
      if (meantStage([...hosts], event.target, innerHeight / 2) === this.host) consume(event, () => this.act("enter"));
      return;
    }
    this.help.wake();
    if (event.key === "Tab") return consume(event, () => this.screen.tab(event));
    if (!row) {
      // The page's own short cut: it would open a dialog under the stage.
      if (meaning(event, [{ keys: ["c"], verb: "", shown: "", brief: "", does: "" }])) consume(event, () => {});
      return;
    }
    if ([" ", "Enter"].includes(event.key) && isIn(event.target, "button")) return; // pressing it is the browser's work
    if (isIn(event.target, FIELDS) && event.key !== "Escape") return;
    consume(event, () => event.repeat && !row.repeats ? undefined : this.#act(row.verb, event.key));
  }

  /** @type {(verb: string, key?: string) => Promise<void>} */
  async #act(verb, key) {
    const covered = this.code.open;
    // What a key would change lies under the code: the press shows it, the next one acts.
    if (covered && verb !== "full") this.code.open = false;
    if (verb === "keys") this.help.open = !this.help.open;
    else if (verb === "room" && !this.code.room) this.say("No link for a room: a shared page has one (--share), for its presenter.");
    else if (verb === "room") this.code.open = !covered;
    else if (verb === "full") this.say(await this.screen.toggleFull());
    else if (verb === "leave" && key === "Escape" && this.help.open) this.help.open = false;
    else if (covered) return;
    else this.act(verb, key);
  }
}

/**
 * Of several stages on a page the one that a key means: whose component has the focus, else the one nearest to the line
 * `middle` of the window. A component that offers no stage now, such as one without panels, is none of them.
 * @param {HTMLElement[]} stages
 * @param {EventTarget | null} focused
 * @param {number} middle
 */
export function meantStage(stages, focused, middle) {
  const offered = stages.filter((host) => host.querySelector(".ss-present:not([hidden])"));
  const distances = offered.map((host) => {
    const { top, bottom } = host.getBoundingClientRect();
    return Math.max(top - middle, middle - bottom, 0);
  });
  return offered.find((host) => host.contains(/** @type {Node} */ (focused))) ?? offered[distances.indexOf(Math.min(...distances))];
}

/** @type {(event: KeyboardEvent, act: () => unknown) => void} */
function consume(event, act) {
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}

/** @type {(target: EventTarget | null, selector: string) => boolean} */
function isIn(target, selector) {
  return target instanceof Element && Boolean(target.closest(selector));
}
