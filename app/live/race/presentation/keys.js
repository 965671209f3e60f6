/**
 * The keys of the stage, told in three ways: which key means what, a discreet line that fades, a panel of buttons.
 * The table in the README repeats KEYS; a test holds the two together.
 */
import { button, element } from "../../shared/dom.js";

export const KEYS = [
  { verb: "start", keys: ["s"], shown: "S", brief: "start", does: "start the race that is set up in the side bar", commands: true },
  { verb: "pause", keys: [" "], shown: "Space", brief: "pause", does: "pause all runs, or resume them", commands: true },
  { verb: "next", keys: ["arrowright", "n", "pagedown"], shown: "Right, N, Page Down", brief: "", does: "next view" },
  { verb: "previous", keys: ["arrowleft", "b", "pageup"], shown: "Left, B, Page Up", brief: "", does: "previous view" },
  { verb: "whole", keys: ["z"], shown: "Z", brief: "", does: "whole curves, zoom off" },
  { verb: "hide", keys: ["h"], shown: "H", brief: "hide and ask", does: "hide the curves and ask the room" },
  { verb: "guess", keys: [..."123456789"], shown: "1 to 9", brief: "", does: "the room's guess; the same key again takes it back" },
  { verb: "reveal", keys: ["r", "enter"], shown: "R, Enter", brief: "reveal", does: "reveal the curves" },
  { verb: "full", keys: ["f"], shown: "F", brief: "full screen", does: "full screen, on or off" },
  { verb: "keys", keys: ["?"], shown: "?", brief: "", does: "show all keys, or hide them" },
  { verb: "leave", keys: ["p", "escape"], shown: "P, Esc", brief: "leave", does: "leave the stage" },
];
const BY_KEY = new Map(KEYS.flatMap((row) => row.keys.map((key) => [key, row])));
/** So long after the last motion the line of keys and the pointer are gone. */
const QUIET_MS = 6_000;

/** The row of KEYS that a key press means, or undefined. */
export function meaning(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  return BY_KEY.get(event.key.toLowerCase());
}

export class PresenterKeys {
  /** host: where line and panel go; act(verb): a button was pressed. */
  constructor(host, act) {
    Object.assign(this, { host, act });
    this.line = element("div", "ss-keys-line");
    this.words = element("span", "ss-keys-words");
    this.all = button("? all keys", () => act("keys"), "ss-button", { "aria-expanded": "false" });
    this.line.append(this.words, this.all);
    this.panel = element("div", "ss-keys-panel", "", { role: "group", "aria-label": "Keys of the stage" });
    this.panel.hidden = true;
    host.append(this.line, this.panel);
    host.addEventListener("pointermove", () => this.wake());
  }

  /** Rows for those who may not command lack what commands; only a chart beside a set-up `starts` a race. */
  draw(mayCommand, starts) {
    if (mayCommand === this.mayCommand && starts === this.starts) return;
    Object.assign(this, { mayCommand, starts });
    const rows = KEYS.filter((row) => (row.verb === "start" ? starts : mayCommand || !row.commands));
    const texts = rows.filter(({ brief }) => brief).map(({ shown, brief }) => `${shown.split(",")[0]} ${brief}`);
    this.words.textContent = [texts[0], texts[1], "← → views", ...texts.slice(2)].filter(Boolean).join("  ·  ");
    this.panel.replaceChildren(...rows.map((row) => this.#row(row)));
  }

  get open() {
    return !this.panel.hidden;
  }

  set open(on) {
    this.panel.hidden = !on;
    this.all.setAttribute("aria-expanded", on);
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

  /** The choices of a question are buttons of their own: the row of the guess only says so. */
  #row({ verb, shown, does }) {
    const row = verb === "guess" ? element("div", "ss-keys-row") : button("", () => this.act(verb), "ss-keys-row");
    row.append(element("kbd", "ss-kbd", shown), element("span", "", does));
    return row;
  }
}
