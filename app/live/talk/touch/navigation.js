/**
 * A talk without a keyboard: small buttons at the foot of the stage, and a swipe on a touch screen. They are for whoever
 * leads; who follows the presenter has neither.
 */
import { button, element } from "../../shared/dom.js";

/** Pixels of a swipe at least, and milliseconds at most: a slower finger selects words, or reads along a curve. */
const FAR_PX = 50, SOON_MS = 800;
/** So many times farther along the line than across it: else the finger scrolls. */
const LEVEL = 2;
/** From the edges of the window the browser's own gestures begin. */
const EDGE_PX = 20;
/** Where a finger means something else. */
const ELSEWHERE = ".ss-keys-panel";

export class Navigation {
  /**
   * host: the talk; foot: the line of its stage, which takes the buttons; act(verb): what the key of that verb does;
   * leaves: there is a page to leave for.
   * @param {HTMLElement} host
   * @param {HTMLElement} foot
   * @param {(verb: string) => void} act
   * @param {boolean} leaves
   */
  constructor(host, foot, act, leaves) {
    this.act = act;
    /** @type {{ x: number, y: number, at: number } | null} */
    this.began = null;
    this.leads = false;
    this.back = this.#button("‹ Back", "Back: previous scene", "previous");
    this.next = this.#button("Next ›", "Next scene", "next");
    this.row = element("div", "sk-navigation", "", { role: "group", "aria-label": "Scenes" });
    this.row.append(this.back, this.next);
    if (leaves) this.row.append(this.#button("Leave", "Leave the talk", "leave"));
    this.row.hidden = true;
    foot.prepend(this.row);
    host.addEventListener("touchstart", (event) => this.#begin(event), { passive: true });
    host.addEventListener("touchend", (event) => this.#end(event), { passive: true });
    host.addEventListener("touchcancel", () => (this.began = null), { passive: true });
  }

  /** The scene `at` of `count` is shown; leads: this page goes its own way. @type {(at: number, count: number, leads: boolean) => void} */
  draw(at, count, leads) {
    this.leads = leads;
    this.row.hidden = !leads;
    // Not `disabled`, which would take the focus from who goes by it.
    this.back.setAttribute("aria-disabled", String(at <= 0));
    this.next.setAttribute("aria-disabled", String(at >= count - 1));
  }

  /** @type {(text: string, name: string, verb: string) => HTMLElement} */
  #button(text, name, verb) {
    return button(text, () => this.act(verb), "ss-stage-button", { "aria-label": name, "data-verb": verb });
  }

  /** @param {TouchEvent} event */
  #begin({ touches, target, timeStamp }) {
    const [{ clientX: x, clientY: y }] = touches;
    const isOurs = this.leads && touches.length === 1 && !(/** @type {Element} */ (target)).closest?.(ELSEWHERE);
    // An enlarged page is moved by the finger.
    const isPlain = (globalThis.visualViewport?.scale ?? 1) < 1.05 && x >= EDGE_PX && x <= innerWidth - EDGE_PX;
    this.began = isOurs && isPlain ? { x, y, at: timeStamp } : null;
  }

  /** @param {TouchEvent} event */
  #end({ changedTouches, timeStamp }) {
    const { began } = this;
    this.began = null;
    if (!began || timeStamp - began.at > SOON_MS) return;
    const across = changedTouches[0].clientX - began.x, down = Math.abs(changedTouches[0].clientY - began.y);
    if (Math.abs(across) >= FAR_PX && Math.abs(across) > LEVEL * down) this.act(across < 0 ? "next" : "previous");
  }
}
