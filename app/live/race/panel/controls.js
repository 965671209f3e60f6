/** The small controls of the chart: segments for each choice, the zoom, which curves are shown. No script runs for them. */
import { CHOICES, laidOut } from "./view_state.js";
import { WINDOWS } from "../inspect/smoothing.js";
import { RUNNING_WINDOW } from "../../shared/run_states.js";
import { button, element } from "../../shared/dom.js";

const LABELS = { layout: "Panels", metric: "Quantity", scale: "Scale", x: "Against", seeds: "Seeds" };

/** Curves whose differences the gap chart draws. */
const SUBTRACTED = ["running", "test"];

export class ViewControls {
  /** row: where the segments go; key: the element with the curve buttons. */
  constructor(row, key, view) {
    this.view = view;
    this.curves = [...key.querySelectorAll(".ss-curve")];
    for (const curve of this.curves) curve.onclick = () => view.toggleCurve(curve.dataset.curve, this.layout);
    this.groups = Object.fromEntries(Object.keys(CHOICES).map((name) => [name, this.#group(name)]));
    this.reset = button("Reset zoom", () => (view.zoom = null), "ss-button ss-whole");
    this.smoothing = element("label", "ss-smoothing", "Smoothing");
    this.steps = element("select", "ss-button", "", { "aria-label": "Smoothing of the thick curves" });
    this.steps.append(...WINDOWS.map((steps) => Object.assign(element("option", "", steps === 1 ? "Off" : `${steps} steps`), { value: String(steps) })));
    this.steps.onchange = () => (view.smoothing = Number(this.steps.value));
    this.smoothing.append(this.steps);
    row.prepend(...Object.values(this.groups), this.smoothing, this.reset);
  }

  /** The argument is that of kindsOf (panel/view_state.js). */
  draw({ sides, gap, depth, seeds }) {
    const { view } = this;
    const layout = laidOut(view.get("layout"), { sides, gap, depth });
    this.layout = layout;
    // Not `disabled`: the keyboard's focus would fall off the page the moment the zoom is gone.
    this.reset.setAttribute("aria-disabled", !view.zoom);
    for (const [name, group] of Object.entries(this.groups)) {
      const chosen = name === "layout" ? layout : view.get(name);
      for (const segment of group.children) {
        const on = segment.dataset.value === chosen;
        segment.setAttribute("aria-checked", on);
        segment.tabIndex = on ? 0 : -1;
      }
    }
    this.groups.layout.hidden = !sides && !gap;
    for (const segment of this.groups.layout.children) segment.hidden = { side: !sides, gap: !gap, depth: !depth }[segment.dataset.value] ?? false;
    // Differences may be negative: they have no logarithm. Over depth there are errors alone, and seeds are dots.
    const differences = layout === "gap", errors = layout === "depth";
    this.groups.seeds.hidden = !seeds || errors;
    this.groups.scale.hidden = differences || errors;
    this.groups.metric.hidden = this.groups.x.hidden = errors;
    this.steps.value = String(view.smoothing ?? RUNNING_WINDOW);
    this.smoothing.hidden = errors || !view.curvesOf(layout).includes("running");
    const banded = seeds && view.get("seeds") === "band";
    const shown = view.curvesOf(layout);
    for (const pressed of this.curves) {
      const { curve } = pressed.dataset;
      pressed.setAttribute("aria-pressed", shown.includes(curve));
      // In bands the thin lines are the seeds; single steps are not drawn.
      pressed.hidden = ((banded || errors) && curve === "raw") || (differences && !SUBTRACTED.includes(curve));
    }
  }

  #group(name) {
    const group = element("div", "ss-segments", "", { role: "radiogroup", "aria-label": LABELS[name] });
    group.append(...Object.entries(CHOICES[name]).map(([value, label]) => {
      const segment = button(label, () => this.view.set(name, value), "ss-segment", { role: "radio" });
      segment.dataset.value = value;
      return segment;
    }));
    group.onkeydown = (event) => this.#arrow(event, group, name);
    return group;
  }

  /** Arrow keys go through a group, as through any set of radio buttons. */
  #arrow(event, group, name) {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const shown = [...group.children].filter((segment) => !segment.hidden);
    const at = shown.findIndex((segment) => segment.getAttribute("aria-checked") === "true");
    const next = shown[(at + by + shown.length) % shown.length];
    this.view.set(name, next.dataset.value);
    next.focus();
  }
}
