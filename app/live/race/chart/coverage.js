/** How much of what was measured the chart shows, in words, as the figure draws it. Pure functions. */
/** @import { Run, View, Split } from "../../types.js" */
/** @import { Series } from "../series.js" */
import { drawnGroups, seedStats } from "./seed_stats.js";
import { grouped, plural, sum } from "../../shared/format.js";
import { curveTable } from "./curves.js";
import { depthShown } from "./depth_figure.js";
import { shownGaps } from "./difference_figure.js";
import { differenceStats, runsOf } from "./differences.js";
import { MANY } from "./many_runs.js";

/** @type {Record<string, Split>} */
const SPLITS = { test: "test_subset", clean: "train_clean" };

/**
 * About the training: `all 1,200 steps of 4 runs shown`; `unit`: what a step is called.
 * @type {(runs: Run[], view: View, unit?: string) => string}
 */
export function trainingShown(runs, view, unit = "steps") {
  if (view.layout === "depth") return depthShown(runs, view);
  if (!view.curves.includes("running") && !singles(runs, view)) return `no training ${unit.split(" ").at(-1)} shown`;
  const gap = view.layout === "gap", drawn = drawnRuns(runs, view);
  const total = sum(drawn, ({ series }) => series.total);
  const shown = sum(drawn, ({ series }) => series.drawn().step.length);
  const counted = shown < total ? `${grouped(shown)} of ${grouped(total)}` : `all ${grouped(total)}`;
  const thinned = isThinned(runs, view) && (gap ? "differences thinned" : "means thinned");
  return [`${counted} ${unit} of ${plural(drawn.length, gap ? "paired run" : "run")} shown`, thinned, (shown < total || thinned) && "extremes kept"].filter(Boolean).join(", ");
}

/**
 * About the evaluations of which some are left out; "" when none are.
 * @type {(runs: Run[], view: View) => string}
 */
export function evaluationsShown(runs, view) {
  if (view.layout === "depth") return "";
  const splits = Object.entries(SPLITS).filter(([curve]) => view.curves.includes(curve) && !(curve === "clean" && view.layout === "gap")).map(([, split]) => split);
  const over = (/** @type {(series: Series, split: Split) => number} */ count) => sum(drawnRuns(runs, view), ({ series }) => sum(splits, (split) => count(series, split)));
  const unseen = over((series, split) => series.unseen[split]), shown = over((series, split) => series[split].step.length);
  return unseen > 0 ? `${grouped(shown)} of ${grouped(shown + unseen)} evaluations shown, extremes kept` : "";
}

/**
 * Whether a mean of several seeds is drawn.
 * @type {(runs: Run[], view: View) => boolean}
 */
export function averaged(runs, view) {
  if (view.layout === "depth") return false;
  return view.layout === "gap" ? shownGaps(runs, view).some(({ pairs }) => pairs.length > 1) : drawnGroups(runs, view).groups.length > 0;
}

/**
 * Whether single steps are drawn.
 * @type {(runs: Run[], view: View) => boolean}
 */
export function singles(runs, view) {
  return view.curves.includes("raw") && view.layout !== "gap" && runs.length <= MANY && !averaged(runs, view);
}

/**
 * The gap chart draws pairs only.
 * @type {(runs: Run[], view: View) => Run[]}
 */
export function drawnRuns(runs, view) {
  return view.layout === "gap" ? [...new Set(shownGaps(runs, view).flatMap(runsOf))] : runs;
}

/** @type {(runs: Run[], view: View) => boolean | undefined} */
function isThinned(runs, view) {
  const { running: [split, key] } = curveTable(view);
  if (view.layout !== "gap") return drawnGroups(runs, view).groups.some((group) => seedStats(group.runs, split, key).thinned);
  return shownGaps(runs, view).map((gap) => differenceStats(gap, split, key)).some(({ band, curves }) => band.thinned || curves.some((curve) => curve.thinned));
}
