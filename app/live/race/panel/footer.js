/** One line under the chart: smoothing, points shown and left out, seeds, precision, device, age, what a click does. */
import { duration, grouped, plural } from "../../shared/format.js";
import { smoothingOf } from "../chart/legend.js";
import { linesShown } from "../chart/imported_lines.js";
import { leftOut } from "../chart/many_runs.js";
import { armsHidden, averaged, evaluationsShown, spikes, trainingShown, zeros } from "../chart/coverage.js";

/** A stream brings something every second; that a datum is older is worth a word from here on. */
const OLD_S = 3;

/** runs as drawn; view as in panel/view_state.js; age of the newest datum in seconds, null when nothing is awaited. */
export function footerText(runs, view, { age = null, mayFork = false } = {}) {
  const cards = runs.map((run) => run.card);
  const distinct = (key) => [...new Set(cards.map((card) => card[key]).filter(Boolean))].join(" / ");
  const threads = distinct("threads");
  const peaks = view.hidden ? 0 : spikes(runs, view).length;
  const unseen = zeros(runs, view);
  return [
    smoothingOf(runs, view),
    ...(view.hidden ? ["curves hidden until the reveal"] : [
      trainingShown(runs, view),
      armsHidden(view),
      evaluationsShown(runs, view),
      linesShown(view),
      view.layout !== "depth" && leftOut(runs, view.curves, averaged(runs, view)),
      unseen > 0 && `${grouped(unseen)} ${unseen > 1 ? "zeros" : "zero"} not shown on the log axis`,
      peaks > 0 && `${plural(peaks, "peak")} beyond the axis (▲)`,
    ]),
    plural(new Set(cards.map((card) => card.seed)).size, "seed"),
    [distinct("precision"), distinct("device"), threads && `${plural(threads, "thread")} per run`].filter(Boolean).join(", "),
    age !== null && age >= OLD_S && `newest datum ${duration(age)} old`,
    mayFork && !view.hidden && !["gap", "depth"].includes(view.layout) && "click a curve to fork there",
  ].filter(Boolean).join(" · ").replace(/^./, (letter) => letter.toUpperCase());
}
