/**
 * The keys of a stage, told in three ways: which key means what, a discreet line that fades, a panel of buttons. The
 * tables in assets/docs/presenting.md repeat the rows; a test holds both together.
 */
import { button, element } from "../dom.js";

/**
 * @typedef {object} KeyRow
 * @property {string} verb
 * @property {string[]} keys as in KeyboardEvent.key, in lower case
 * @property {string} shown the keys as a person reads them
 * @property {string} brief for the line; "" keeps the row out of it
 * @property {string} does
 * @property {boolean} [commands] only for those who may command
 * @property {boolean} [elsewhere] the row has buttons of its own: the panel only names it
 * @property {boolean} [repeats] a key that is held down goes on
 */

/** The last rows of every stage. @type {KeyRow[]} */
export const COMMON = [
  { verb: "room", keys: ["j"], shown: "J", brief: "", does: "the link for the room as a QR code, or hide it", commands: true },
  { verb: "full", keys: ["f"], shown: "F", brief: "full screen", does: "full screen, on or off" },
  { verb: "keys", keys: ["?"], shown: "?", brief: "", does: "show all keys, or hide them" },
  { verb: "leave", keys: ["p", "escape"], shown: "P, Esc", brief: "leave", does: "leave the stage" },
];
/** So long after the last motion the line of keys and the pointer are gone. */
const QUIET_MS = 6_000;

/**
 * The row that a key press means, or undefined.
 * @type {(event: { key: string, ctrlKey?: boolean, metaKey?: boolean, altKey?: boolean }, rows: KeyRow[]) => KeyRow | undefined}
 */
export function meaning(event, rows) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  return rows.find(({ keys }) => keys.includes(event.key.toLowerCase()));
}

export class KeyHelp {
  /**
   * host: where line and panel go; act(verb): a button was pressed.
   * @param {HTMLElement} host
   * @param {(verb: string) => void} act
   */
  constructor(host, act) {
    this.host = host;
    this.act = act;
    /** @type {KeyRow[]} */
    this.rows = [];
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.fading = undefined;
    this.line = element("div", "ss-keys-line");
    this.words = element("span", "ss-keys-words");
    this.all = button("? all keys", () => act("keys"), "ss-stage-button", { "aria-expanded": "false" });
    this.line.append(this.words, this.all);
    this.panel = element("div", "ss-keys-panel", "", { role: "group", "aria-label": "Keys of the stage" });
    this.panel.hidden = true;
    host.append(this.line, this.panel);
    host.addEventListener("pointermove", () => this.wake());
  }

  /**
   * Offer these rows.
   * @param {KeyRow[]} rows
   */
  draw(rows) {
    if (rows.length === this.rows.length) return;
    this.rows = rows;
    const texts = rows.filter(({ brief }) => brief).map(({ shown, brief }) => `${shown.split(",")[0]} ${brief}`);
    this.words.textContent = texts.join("  ·  ");
    this.panel.replaceChildren(...rows.map((row) => this.#row(row)));
  }

  get open() {
    return !this.panel.hidden;
  }

  set open(on) {
    this.panel.hidden = !on;
    this.all.setAttribute("aria-expanded", String(on));
    this.wake();
  }

  /** Show the line, and let it fade when nothing moves. */
  wake() {
    clearTimeout(this.fading);
    this.host.classList.remove("ss-quiet");
    this.fading = setTimeout(() => this.open || this.host.classList.add("ss-quiet"), QUIET_MS);
  }

  stop() {
    clearTimeout(this.fading);
    this.host.classList.remove("ss-quiet");
  }

  /** @param {KeyRow} row */
  #row({ verb, shown, does, elsewhere }) {
    const row = elsewhere ? element("div", "ss-keys-row") : button("", () => this.act(verb), "ss-keys-row");
    row.append(element("kbd", "ss-kbd", shown), element("span", "", does));
    return row;
  }
}
