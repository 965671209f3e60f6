/** The small controls of the chart: one row of segments per choice, and which curves are shown. No script runs for them. */
import { CHOICES, laidOut } from "./view_state.js";

const LABELS = { layout: "Panels", metric: "Quantity", scale: "Scale", x: "Against", seeds: "Seeds" };

/** Curves whose differences the gap chart draws. */
const SUBTRACTED = ["running", "test"];

export class ViewControls {
  /** row: where the segments go; key: the element with the curve buttons. */
  constructor(row, key, view) {
    this.view = view;
    this.curves = [...key.querySelectorAll(".ss-curve")];
    for (const button of this.curves) button.onclick = () => view.toggleCurve(button.dataset.curve);
    this.groups = Object.fromEntries(Object.keys(CHOICES).map((name) => [name, this.#group(name)]));
    row.prepend(...Object.values(this.groups));
  }

  /** has: { both families, several depths or families to subtract, several seeds of an arm }, whatever the runs are. */
  draw({ sides, gap, seeds }) {
    const { view } = this;
    const layout = laidOut(view.get("layout"), { sides, gap });
    for (const [name, group] of Object.entries(this.groups)) {
      const chosen = name === "layout" ? layout : view.get(name);
      for (const button of group.children) {
        const on = button.dataset.value === chosen;
        button.setAttribute("aria-checked", on);
        button.tabIndex = on ? 0 : -1;
      }
    }
    this.groups.layout.hidden = !sides && !gap;
    option(this.groups.layout, "side").hidden = !sides;
    option(this.groups.layout, "gap").hidden = !gap;
    this.groups.seeds.hidden = !seeds;
    // Differences may be negative: they have no logarithm.
    const differences = layout === "gap";
    this.groups.scale.hidden = differences;
    const banded = seeds && view.get("seeds") === "band";
    const shown = view.curves;
    for (const button of this.curves) {
      button.setAttribute("aria-pressed", shown.includes(button.dataset.curve));
      // In bands the thin lines are the seeds; single steps are not drawn.
      const unseen = banded && button.dataset.curve === "raw";
      button.hidden = unseen || (differences && !SUBTRACTED.includes(button.dataset.curve));
    }
  }

  #group(name) {
    const group = document.createElement("div");
    group.className = "ss-segments";
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-label", LABELS[name]);
    for (const [value, label] of Object.entries(CHOICES[name])) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: label, className: "ss-segment" });
      button.dataset.value = value;
      button.setAttribute("role", "radio");
      button.onclick = () => this.view.set(name, value);
      group.append(button);
    }
    group.onkeydown = (event) => this.#arrow(event, group, name);
    return group;
  }

  /** Arrow keys go through a group, as through any set of radio buttons. */
  #arrow(event, group, name) {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const shown = [...group.children].filter((button) => !button.hidden);
    const at = shown.findIndex((button) => button.getAttribute("aria-checked") === "true");
    const next = shown[(at + by + shown.length) % shown.length];
    this.view.set(name, next.dataset.value);
    next.focus();
  }
}

function option(group, value) {
  return [...group.children].find((button) => button.dataset.value === value);
}
