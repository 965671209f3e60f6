/**
 * The speaker's window: notes of the scene, the next one, and a clock against the planned minutes. The talk writes into it,
 * so it needs no server; keys that are pressed there steer the talk. Without it the talk goes on as it is.
 */
/** @import { Kept } from "./kept.js" */
/** @import { SceneDocument } from "./scenes.js" */
import { element, setText } from "../shared/dom.js";
import { clockText, planned } from "./scenes.js";

const NAME = "skipscope-notes", SIZE = "popup,width=760,height=820";
const TICK_MS = 500;
const STYLE = {
  body: "margin:0;padding:24px 28px;font:20px/1.45 system-ui,sans-serif;color-scheme:light dark;background:Canvas;color:CanvasText",
  clocks: "display:flex;gap:2.2em;flex-wrap:wrap;font-variant-numeric:tabular-nums;margin:0 0 1em",
  clock: "font-size:34px;line-height:1.1",
  small: "font-size:15px;opacity:0.75;margin:0",
  title: "font-size:26px;line-height:1.2;margin:0.6em 0 0.4em",
  notes: "white-space:pre-wrap;margin:0;max-width:34em",
  next: "margin:1.4em 0 0;padding:0.9em 0 0;border-top:2px solid GrayText",
};

export class NotesWindow {
  /**
   * onKey: what a key does that is pressed there; kept: where the clock outlives a reload.
   * @param {(event: KeyboardEvent) => void} onKey
   * @param {Kept} kept
   */
  constructor(onKey, kept) {
    this.onKey = onKey;
    this.kept = kept;
    /** @type {Window | null} */
    this.window = null;
    /** @type {SceneDocument[]} */
    this.scenes = [];
    const { began = null, turned = Date.now(), at = 0 } = kept.values;
    this.at = at;
    /** Milliseconds since 1970 at which the talk and the scene began; null before the first step. @type {number | null} */
    this.began = began;
    this.turned = turned;
    addEventListener("pagehide", () => this.#left(), { once: true });
  }

  get open() {
    return Boolean(this.window && !this.window.closed);
  }

  /** Open the window, or close it. Returns what a person is told, "" where all is well. */
  toggle() {
    if (this.open) {
      this.window?.close();
      this.window = null;
      return "";
    }
    return this.#open() ? "" : "The browser refused the window of the notes; allow this page to open windows.";
  }

  /** Take the window back that was open as this page was loaded anew. */
  takeBack() {
    if (this.kept.values.notes && !this.open) this.#open();
    this.kept.put({ notes: false });
  }

  #open() {
    this.window = window.open("", NAME, SIZE);
    if (!this.window) return false;
    this.#build(this.window.document);
    this.window.addEventListener("keydown", this.onKey);
    clearInterval(this.ticking);
    this.ticking = setInterval(() => this.#tick(), TICK_MS);
    this.#draw();
    return true;
  }

  /** @type {(scenes: SceneDocument[], at: number) => void} */
  show(scenes, at) {
    const before = this.at;
    Object.assign(this, { scenes, at });
    if (at !== before) {
      this.turned = Date.now();
      this.began ??= this.turned;
      this.#keep();
    }
    this.#draw();
  }

  /** The talk is given: its clock begins, where it does not run already. */
  goOn() {
    if (this.began === null) this.begin();
  }

  /** The talk begins now. */
  begin() {
    this.began = this.turned = Date.now();
    this.#keep();
  }

  #keep() {
    this.kept.put({ began: this.began, turned: this.turned, at: this.at });
  }

  stop() {
    clearInterval(this.ticking);
    this.window?.close();
  }

  /** @param {Document} page */
  #build(page) {
    page.title = "Speaker's notes";
    page.body.setAttribute("style", STYLE.body);
    const clocks = element("div", "", "", { style: STYLE.clocks });
    /** @type {Record<string, HTMLElement>} */
    this.parts = {};
    for (const [name, label] of [["talk", "of the talk"], ["scene", "left for this scene"], ["plan", "against the plan"]]) {
      const box = element("div");
      this.parts[name] = element("div", name, "", { style: STYLE.clock });
      box.append(this.parts[name], element("p", "", label, { style: STYLE.small }));
      clocks.append(box);
    }
    this.parts.number = element("p", "number", "", { style: STYLE.small });
    this.parts.title = element("h1", "title", "", { style: STYLE.title });
    this.parts.notes = element("p", "notes", "", { style: STYLE.notes });
    this.parts.next = element("p", "next", "", { style: STYLE.next });
    page.body.replaceChildren(clocks, this.parts.number, this.parts.title, this.parts.notes, this.parts.next);
  }

  #draw() {
    if (!this.open || !this.parts) return;
    const scene = this.scenes[this.at], next = this.scenes[this.at + 1];
    setText(this.parts.number, `Scene ${this.at + 1} of ${this.scenes.length}`);
    setText(this.parts.title, scene?.title ?? "");
    setText(this.parts.notes, scene?.notes || "No notes for this scene.");
    setText(this.parts.next, next ? `Next: ${next.title}` : "This is the last scene.");
    this.#tick();
  }

  #tick() {
    if (!this.open || !this.parts) return clearInterval(this.ticking);
    const now = Date.now(), { before, through } = planned(this.scenes, this.at);
    const spent = this.began === null ? 0 : (now - this.began) / 1000;
    const left = 60 * (through - before) - (this.began === null ? 0 : (now - this.turned) / 1000);
    // Behind is what was needed beyond the plan of this scene and those before; ahead is what they have not used.
    const late = spent > 60 * through ? spent - 60 * through : Math.min(0, spent - 60 * before);
    setText(this.parts.talk, clockText(spent));
    setText(this.parts.scene, clockText(left));
    setText(this.parts.plan, Math.abs(late) < 1 ? "on time" : `${clockText(Math.abs(late))} ${late > 0 ? "late" : "early"}`);
    return undefined;
  }

  /** The talk's own window goes: what stands here would grow old. */
  #left() {
    clearInterval(this.ticking);
    this.kept.put({ notes: this.open });
    if (!this.open || !this.parts) return;
    this.window?.removeEventListener("keydown", this.onKey);
    setText(this.parts.number, "The talk's window was closed or loaded anew; press N there.");
  }
}
