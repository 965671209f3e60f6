/** The switch between contours and surfaces above a panel of planes, and the common camera of all surfaces. */
import { CAMERA } from "./plane.js";
import { button, element, setText } from "../../shared/dom.js";

const WAYS = ["contours", "surface"];
/** Smallest pause between two draws, in durations of a draw. */
const REST = 4;

/** The controls of `controlsOf`; `later()` draws the panel again. */
export class PlaneControls {
  constructor({ panel, plot }, later) {
    Object.assign(this, { plot, later, path: panel.path, look: { surface: false, camera: CAMERA }, ready: 0 });
    const group = element("div", "sl-ways");
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", `${panel.title}: drawn as`);
    this.buttons = WAYS.map((way) => {
      const option = button(way, () => this.#choose(way), "sl-option");
      option.setAttribute("role", "radio");
      return option;
    });
    this.says = element("span", "sl-note");
    this.says.setAttribute("role", "status");
    group.append(...this.buttons, this.says);
    this.group = group;
    this.key = element("p", "sl-axis");
    this.nodes = [group, this.key];
    this.#mark();
  }

  words(shown, curves) {
    this.group.hidden = this.key.hidden = !shown.length;
    setText(this.key, `✛ the net itself${this.path && curves.of(this.path).length ? "; ○ start and ● end of its training" : ""}`);
  }

  /** Whether to draw a growing plane later. */
  wait() {
    const left = this.ready - performance.now();
    if (left <= 0) return false;
    clearTimeout(this.timer);
    this.timer = setTimeout(this.later, left + 20);
    return true;
  }

  drawn(promise, began) {
    promise.then(() => {
      const now = performance.now();
      this.ready = now + REST * (now - began);
    });
  }

  listen(Plotly) {
    for (const name of ["plotly_relayouting", "plotly_relayout"]) this.plot.on(name, (change) => this.#turned(Plotly, change));
  }

  resetView(Plotly) {
    if (this.look.surface) Plotly.relayout(this.plot, { "scene.camera": structuredClone(CAMERA) });
  }

  /** Turn the other surfaces like the turned one. */
  #turned(Plotly, change) {
    const key = Object.keys(change ?? {}).find((name) => /^scene\d*\.camera$/.test(name));
    if (!key || this.turning) return;
    this.turning = true;
    this.look = { ...this.look, camera: change[key] };
    const scenes = Object.keys(this.plot._fullLayout).filter((name) => /^scene\d*$/.test(name));
    const others = Object.fromEntries(scenes.filter((name) => !key.startsWith(`${name}.`)).map((name) => [`${name}.camera`, structuredClone(change[key])]));
    Promise.resolve(scenes.length > 1 && Plotly.relayout(this.plot, others)).finally(() => { this.turning = false; });
  }

  #choose(way) {
    const surface = way === "surface" && hasWebGl();
    this.says.textContent = way === "surface" && !surface ? " This browser has no WebGL, which surfaces need: contours are shown." : "";
    this.look = { ...this.look, surface };
    this.ready = 0;
    this.#mark();
    this.later();
  }

  #mark() {
    this.buttons.forEach((option, index) => option.setAttribute("aria-checked", (index === 1) === this.look.surface));
  }
}

function hasWebGl() {
  try {
    const canvas = document.createElement("canvas");
    return Boolean(canvas.getContext("webgl2") ?? canvas.getContext("webgl"));
  } catch {
    return false;
  }
}
