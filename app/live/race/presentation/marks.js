/** Where a speaker's mark goes: the step under the pointer, else the newest one. */
import { stepOf } from "../series.js";
import { grouped } from "../../shared/format.js";

/** A mark within this share of what is seen is meant, when the key is pressed again. */
const REACH = 0.02;

export class Pointer {
  /** stage: the element around the plot; plot: Plotly's element. */
  constructor(stage, plot) {
    this.plot = plot;
    this.at = null;
    stage.addEventListener("pointermove", ({ clientX, clientY }) => (this.at = { clientX, clientY }));
    stage.addEventListener("pointerleave", () => (this.at = null));
  }

  /** The x value below the pointer, null beside all panels. */
  get x() {
    const { _fullLayout: layout } = this.plot;
    if (!this.at || !layout) return null;
    const { left, top } = this.plot.getBoundingClientRect();
    const inside = (axis, px) => px >= axis._offset && px <= axis._offset + axis._length;
    const panels = Object.keys(layout).filter((key) => /^xaxis\d*$/.test(key)).map((key) => [layout[key], layout[key.replace("x", "y")]]);
    const [axis] = panels.find(([x, y]) => inside(x, this.at.clientX - left) && inside(y, this.at.clientY - top)) ?? [];
    return axis ? axis.p2l(this.at.clientX - left - axis._offset) : null;
  }
}

/**
 * The step to mark, and how far from it an earlier mark is meant; x: the pointer's place on the axis of that kind ("step",
 * "epoch", "seconds"), null for the newest step. null before the first step.
 */
export function markAt(runs, kind, x) {
  const newest = Math.max(0, ...runs.map(stepOf));
  const step = x === null ? newest : Math.min(newest, stepAt(runs, kind, x));
  if (step < 1) return null;
  return { step, reach: Math.round(REACH * Math.max(...runs.map(({ card }) => card.total_steps))) };
}

/** As many words about the marks as somebody who does not see them needs. */
export function marksText(steps) {
  return steps.length ? `Marked: ${steps.map((step) => `step ${grouped(step)}`).join(", ")}.` : "";
}

function stepAt(runs, kind, x) {
  const [{ card, series: { train } }] = runs;
  if (kind === "seconds") return train.step[Math.max(0, train.seconds.findLastIndex((seconds) => seconds <= x))] ?? 0;
  return Math.max(1, Math.round(kind === "epoch" ? (x * (card.train_images || 1)) / card.batch_size : x));
}
