/** How much of what was measured the chart shows, in words, as the figure draws it. Pure functions. */
/** @import { Run, Theme, View, Panel, Spike, Split, Trace } from "../../types.js" */
/** @import { Series } from "../series.js" */
import { drawnGroups, seedStats } from "./seed_stats.js";
import { grouped, plural, sum } from "../../shared/format.js";
import { LABELS, axesOf, sizes, xs, yAxis } from "./axes.js";
import { curveTable } from "./curves.js";
import { depthShown } from "./depth_figure.js";
import { shownGaps } from "./difference_figure.js";
import { differenceStats, runsOf } from "./differences.js";
import { written } from "./labels.js";
import { MANY } from "./many_runs.js";

/** @typedef {{ points: import("../../types.js").Points, key: string, words: string }} Drawn */

/** As many hidden arms are named; more are counted. */
const MAX_NAMED = 4;
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

/**
 * How many values that are shown a log axis has no place for.
 * @type {(runs: Run[], view: View) => number}
 */
export function zeros(runs, view) {
  if (view.scale !== "log" || ["gap", "depth"].includes(view.layout)) return 0;
  return sum(runs, (run) => sum(drawnCurves(run, runs, view), ({ points, key }) => points[key].filter((value) => value !== null && value <= 0).length));
}

/**
 * The peaks beyond the top of a linear axis that follows its curves: of every stretch of points the highest.
 * @type {(runs: Run[], view: View, top?: number) => Spike[]}
 */
export function spikes(runs, view, top = yAxis(view, runs)[1]) {
  if (view.metric === "error" || view.scale === "log" || ["gap", "depth"].includes(view.layout)) return [];
  return runs.flatMap((run) => drawnCurves(run, runs, view).flatMap(({ points, key, words }) => {
    /** @type {Spike[]} */
    const peaks = [];
    let before = -Infinity;
    points[key].forEach((value, index) => {
      if (value === null) return;
      const peak = { run, words, step: points.step[index], seconds: points.seconds[index], value };
      if (value > top && before <= top) peaks.push(peak);
      else if (value > top && value > peaks[peaks.length - 1].value) peaks[peaks.length - 1] = peak;
      before = value;
    });
    return peaks;
  }));
}

/**
 * A small triangle at the top edge for each peak.
 * @type {(peaks: Spike[], view: View, theme: Theme, panel: Panel) => Trace[]}
 */
export function spikeTraces(peaks, view, theme, { suffix, axis: [, top] }) {
  if (!peaks.length) return [];
  const { mark } = sizes(view);
  return [{
    ...axesOf(suffix), mode: "markers", meta: "beyond", name: "beyond the axis", cliponaxis: false,
    x: peaks.flatMap(({ run, ...point }) => xs({ step: [point.step], seconds: [point.seconds] }, run.card, view.x)), y: peaks.map(() => top),
    runs: peaks.map(({ run }) => run.card.run), steps: peaks.map(({ step }) => step),
    marker: { symbol: "triangle-up", size: 8 * mark, color: peaks.map(({ run }) => run.color[theme.scheme]) },
    text: peaks.map(({ run, words, step, value }) => `${run.label}<br>step ${grouped(step)}<br>${words}: ${written(value, view.metric)}${LABELS[view.metric].unit}, beyond the axis`),
    hovertemplate: "%{text}<extra></extra>",
  }];
}

/** @type {(run: Run, runs: Run[], view: View) => Drawn[]} */
function drawnCurves({ series }, runs, view) {
  const list = Object.entries(curveTable(view)).filter(([curve]) => view.curves.includes(curve))
    .map(([, [split, key, words]]) => ({ points: split === "train" ? series.drawn() : series[split], key, words }));
  return singles(runs, view) ? [...list, { points: series.drawn(), key: view.metric, words: `${view.metric} of a single step` }] : list;
}

/**
 * The arms that somebody has hidden, in words; "" when none is.
 * @param {View} view
 */
export function armsHidden({ unseen = [] }) {
  return unseen.length ? `${plural(unseen.length, "curve")} hidden${unseen.length > MAX_NAMED ? "" : `: ${unseen.join(", ")}`}` : "";
}

/** @type {(runs: Run[], view: View) => boolean | undefined} */
function isThinned(runs, view) {
  const { running: [split, key] } = curveTable(view);
  if (view.layout !== "gap") return drawnGroups(runs, view).groups.some((group) => seedStats(group.runs, split, key).thinned);
  return shownGaps(runs, view).map((gap) => differenceStats(gap, split, key)).some(({ band, curves }) => band.thinned || curves.some((curve) => curve.thinned));
}
