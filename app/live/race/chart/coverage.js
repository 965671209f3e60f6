/** How much of what was measured the chart shows, in words, as the figure draws it. Pure functions. */
/** @import { Run, View, Split } from "../../types.js" */
/** @import { Series } from "../series.js" */
import { seedStats, seedGroups } from "./seed_stats.js";
import { grouped } from "../../shared/format.js";
import { shownDifferences } from "./difference_figure.js";
import { differenceStats } from "./differences.js";
import { MANY } from "./many_runs.js";

/** @type {Record<string, Split>} */
const SPLITS = { test: "test_subset", clean: "train_clean" };

/**
 * About the training: `all 1,200 steps shown`; `unit`: what a step is called.
 * @param {Run[]} runs
 * @param {View} view
 * @param {string} [unit]
 */
export function trainingShown(runs, view, unit = "steps") {
  if (!view.curves.includes("running") && !singles(runs, view)) return `no training ${unit.split(" ").at(-1)} shown`;
  const gap = view.layout === "gap", drawn = drawnRuns(runs, view);
  const total = sum(drawn, ({ series }) => series.total);
  const shown = sum(drawn, ({ series }) => series.drawn().step.length);
  const counted = shown < total ? `${grouped(shown)} of ${grouped(total)}` : `all ${grouped(total)}`;
  const thinned = isThinned(runs, view) && (gap ? "differences thinned" : "means thinned");
  return [`${counted} ${unit}${gap ? " of the paired runs" : ""} shown`, thinned, (shown < total || thinned) && "extremes kept"].filter(Boolean).join(", ");
}

/**
 * About the evaluations of which some are left out; "" when none are.
 * @param {Run[]} runs
 * @param {View} view
 */
export function evaluationsShown(runs, view) {
  const splits = Object.entries(SPLITS).filter(([curve]) => view.curves.includes(curve) && !(curve === "clean" && view.layout === "gap")).map(([, split]) => split);
  const over = (/** @type {(series: Series, split: Split) => number} */ count) => sum(drawnRuns(runs, view), ({ series }) => sum(splits, (split) => count(series, split)));
  const unseen = over((series, split) => series.unseen[split]), shown = over((series, split) => series[split].step.length);
  return unseen > 0 ? `${grouped(shown)} of ${grouped(shown + unseen)} evaluations shown, extremes kept` : "";
}

/**
 * Whether a mean of several seeds is drawn.
 * @param {Run[]} runs
 * @param {View} view
 */
export function averaged(runs, view) {
  if (!bands(view)) return false;
  return view.layout === "gap" ? gaps(runs, view).some(({ pairs }) => pairs.length > 1) : seedGroups(runs).groups.length > 0;
}

/**
 * Whether single steps are drawn.
 * @param {Run[]} runs
 * @param {View} view
 */
export function singles(runs, view) {
  return view.curves.includes("raw") && view.layout !== "gap" && runs.length <= MANY && !averaged(runs, view);
}

/** @param {View} view */
export function bands(view) {
  return (view.seeds ?? "band") === "band";
}

/**
 * The gap chart draws pairs only.
 * @param {Run[]} runs
 * @param {View} view
 */
function drawnRuns(runs, view) {
  if (view.layout !== "gap") return runs;
  return [...new Set(gaps(runs, view).flatMap(({ pairs }) => pairs.flatMap(({ from, take }) => [from, take])))];
}

/**
 * @param {Run[]} runs
 * @param {View} view
 */
function isThinned(runs, view) {
  const key = `running_${view.metric}`;
  if (view.layout !== "gap") return bands(view) && seedGroups(runs).groups.some((group) => seedStats(group.runs, "train", key).thinned);
  return gaps(runs, view).map((gap) => differenceStats(gap, "train", key)).some(({ band, curves }) => band.thinned || curves.some((curve) => curve.thinned));
}

/**
 * @param {Run[]} runs
 * @param {View} view
 */
function gaps(runs, view) {
  return Object.values(shownDifferences(runs, view)).flat();
}

/**
 * @template T
 * @param {T[]} list
 * @param {(one: T) => number} count
 */
function sum(list, count) {
  return list.reduce((total, one) => total + count(one), 0);
}
