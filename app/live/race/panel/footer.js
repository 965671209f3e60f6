/** One line under the chart: points shown, smoothing, seeds, precision, device, costs, age. */
import { duration, plural } from "../../shared/format.js";
import { RUNNING_WINDOW } from "../../shared/run_states.js";
import { smoothingOf } from "../chart/legend.js";
import { leftOut } from "../chart/many_runs.js";
import { averaged, evaluationsShown, trainingShown } from "../chart/coverage.js";

/** runs as drawn; view as in panel/view_state.js; age of the newest datum in seconds, null when nothing is awaited. */
export function footerText(runs, view, age) {
  const cards = runs.map((run) => run.card);
  const distinct = (key) => [...new Set(cards.map((card) => card[key]).filter(Boolean))].join(" / ");
  const evaluated = Math.max(0, ...cards.map((card) => card.evaluation_share ?? 0));
  // Probes are dense in the first steps, so their share is misleading there.
  const probed = Math.max(0, ...cards.filter((card) => card.step >= RUNNING_WINDOW).map((card) => card.probe_share ?? 0));
  const threads = distinct("threads");
  return [
    ...(view.hidden ? ["curves hidden until the reveal"] : [
      trainingShown(runs, view),
      evaluationsShown(runs, view),
      view.layout !== "depth" && leftOut(runs, view.curves, averaged(runs, view)),
    ]),
    smoothingOf(runs, view),
    plural(new Set(cards.map((card) => card.seed)).size, "seed"),
    distinct("precision"),
    distinct("device"),
    threads && `${plural(threads, "thread")} per run`,
    evaluated > 0 && `evaluation ${(100 * evaluated).toFixed(0)} % of the time`,
    probed > 0 && `probes ${(100 * probed).toFixed(0)} %`,
    age !== null && `newest datum ${duration(age)} old`,
  ].filter(Boolean).join(" · ");
}
