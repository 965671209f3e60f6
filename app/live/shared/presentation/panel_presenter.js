/**
 * The panels of a page in front of a room, one at a time. The page is laid out in a smaller window and enlarged as a
 * whole, so every chart and word keeps its proportions.
 */
/** @import { KeyRow } from "./keys.js" */
import { Stage } from "./stage.js";
import { button, element, setText } from "../dom.js";

/** The window that the stage is laid out in, in pixels: smaller is larger type. */
const ROOM = { width: 1120, height: 630 };
/** @type {KeyRow[]} */
export const TURNS = [
  { verb: "next", keys: ["n", "pagedown"], shown: "N, Page Down", brief: "next panel", does: "next panel" },
  { verb: "previous", keys: ["b", "pageup"], shown: "B, Page Up", brief: "", does: "previous panel" },
];

/** @typedef {{ label: string, node: HTMLElement }} Panel */
/**
 * @typedef {object} Page
 * @property {{ present: boolean, panel: number | null }} state kept in the address; panels count from 1
 * @property {() => Panel[]} panels those that can be shown now
 * @property {string} keeps a selector: what stays around a panel
 * @property {Element} place where the button goes
 * @property {Record<string, () => void>} [acts] what further keys do
 * @property {() => void} changed to draw again
 */

export class PanelPresenter {
  /**
   * @param {HTMLElement} host
   * @param {KeyRow[]} keys
   * @param {Page} page
   */
  constructor(host, keys, page) {
    this.host = host;
    this.page = page;
    /** @type {HTMLDetailsElement[]} */
    this.opened = [];
    const title = "One panel at a time in the whole window, steered by keys (P)";
    this.button = button("Present", () => this.#act("enter"), "ss-stage-button ss-present", { title, "aria-keyshortcuts": "P" });
    page.place.append(this.button);
    this.head = element("div", "ss-stage-head");
    this.dots = element("p", "ss-dots", "", { role: "img" });
    this.head.append(this.dots);
    this.body = element("div", "ss-stage-body");
    host.prepend(this.head);
    host.append(this.body);
    this.stage = new Stage(host, keys, (verb) => this.#act(verb));
    this.listening = new AbortController();
    window.addEventListener("resize", () => this.sync(), this.listening);
  }

  stop() {
    this.listening.abort();
    this.stage.stop();
  }

  /** Enter or leave as the state says, and lay out the panel; after a change of what is on the page too. */
  sync() {
    const { state, panels } = this.page;
    const shown = panels();
    this.button.hidden = !shown.length;
    if (state.present && shown.length) {
      const entered = !this.stage.on;
      if (entered) this.stage.enter();
      if (this.stage.on) this.#lay(shown);
      else state.present = false; // another stage is in front
      if (entered) this.page.changed();
    } else if (this.stage.on) {
      this.#clear();
      this.stage.leave();
      this.button.focus({ preventScroll: true });
      this.page.changed();
    }
  }

  /** @param {string} verb */
  #act(verb) {
    const { state, acts = {} } = this.page;
    if (verb === "enter") state.present = true;
    else if (verb === "leave") state.present = false;
    else if (verb === "next") this.#turn(1);
    else if (verb === "previous") this.#turn(-1);
    else acts[verb]?.();
    this.sync();
  }

  /** @param {number} by */
  #turn(by) {
    const { state, panels } = this.page;
    const count = panels().length;
    state.panel = 1 + (((state.panel ?? 1) - 1 + by + count) % count);
    this.sync();
    this.page.changed();
  }

  /** @param {Panel[]} panels */
  #lay(panels) {
    const { host, body } = this;
    const at = Math.min(this.page.state.panel ?? 1, panels.length) - 1;
    const { node, label } = panels[at];
    this.#clear(node);
    const factor = Math.max(1, Math.min(innerWidth / ROOM.width, innerHeight / ROOM.height));
    host.style.setProperty("--ss-factor", String(factor));
    node.classList.add("ss-panel-on-stage");
    const kept = `.ss-stage-head, .ss-stage-body, .ss-notice, .ss-keys-line, .ss-keys-panel, .ss-room-code, ${this.page.keeps}`;
    for (let path = /** @type {HTMLElement} */ (node); path !== host && path.parentElement; path = path.parentElement) {
      for (const beside of path.parentElement.children) beside.classList.toggle("ss-off-stage", beside !== path && !beside.matches(kept));
      if (path instanceof HTMLDetailsElement && !path.open) {
        path.open = true;
        this.opened.push(path);
      }
    }
    // The host's scale makes it the frame of what is fixed.
    const { offsetLeft: left, offsetTop: top, offsetWidth: width, offsetHeight: height } = body;
    for (const [name, px] of Object.entries({ left, top, width, height })) node.style.setProperty(`--ss-${name}`, `${px}px`);
    setText(this.dots, `${label}  ${panels.map((_, index) => (index === at ? "●" : "○")).join(" ")}`);
    this.dots.setAttribute("aria-label", `Panel ${at + 1} of ${panels.length}: ${label}`);
  }

  /**
   * Take back what the layout of a panel did to the page.
   * @param {Element} [next] the panel that comes
   */
  #clear(next) {
    for (const name of ["ss-off-stage", "ss-panel-on-stage"]) {
      for (const node of this.host.querySelectorAll(`.${name}`)) if (node !== next) node.classList.remove(name);
    }
    if (next) return;
    for (const details of this.opened.splice(0)) details.open = false;
  }
}
