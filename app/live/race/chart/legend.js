/**
 * Legend and caption of an exported picture: the colours of the arms, the meaning of lines and marks, the origin of the
 * curves. Pure functions.
 */
/** @import { LegendEntry, Run, Theme, View } from "../../types.js" */
import { drawnGroups } from "./seed_stats.js";
import { isComparable } from "../../shared/arm_names.js";
import { cleanImages, grouped, plural } from "../../shared/format.js";
import { RUNNING_WINDOW, runningMean } from "../../shared/run_states.js";
import { WIDTHS, curveTable, dots } from "./curves.js";
import { lineLegend, linesShown } from "./imported_lines.js";
import { depthLegend } from "./depth_figure.js";
import { shownGaps } from "./difference_figure.js";
import { statedGaps, statedIn } from "./stated_gaps.js";
import { stepOf } from "../series.js";
import { armsHidden, averaged, drawnRuns, singles, trainingShown } from "./coverage.js";

/** So many runs that are no seeds of their arms are named in a caption. */
const MAX_NAMED = 4;

/**
 * Entries of the legend in order: { name, color, width, dash, symbol, fill, opacity, meaning }; all but name and color
 * may be absent. Arms first, then what the lines mean (`meaning`), in the colour of words.
 * @type {(runs: Run[], view: View, theme: Theme) => LegendEntry[]}
 */
export function legendOf(runs, view, theme) {
  if (view.layout === "depth") return depthLegend(runs, view, theme);
  const names = view.layout === "gap" ? shownGaps(runs, view) : armNames(runs, view);
  return [...names.map(({ name, run }) => ({ name, color: run.color[theme.scheme], width: 3, symbol: run.mark })), ...lineLegend(view, theme), ...meanings(runs, view, theme)];
}

/** @type {(runs: Run[], view: View) => { name: string, run: Run }[]} */
function armNames(runs, view) {
  const { groups, single } = drawnGroups(runs, view);
  const named = [...groups.map(({ arm, note, runs: [run] }) => ({ name: note ? `${arm}, ${note}` : arm, run })), ...single.map((run) => ({ name: run.label, run }))];
  return named.toSorted((a, b) => runs.indexOf(a.run) - runs.indexOf(b.run));
}

/** @type {(runs: Run[], view: View, theme: Theme) => LegendEntry[]} */
function meanings(runs, view, theme) {
  const { running, clean, test } = curveTable(view);
  const gap = view.layout === "gap", difference = gap ? "difference in " : "";
  const several = averaged(runs, view), stated = gap ? statedGaps(runs, view) : [];
  const { eval_images: images, closing_images: closing } = runs[0]?.card ?? {};
  const of = images ? ` (${grouped(images)} images)` : "";
  const shows = (/** @type {string} */ curve) => view.curves.includes(curve);
  return [
    shows("running") && { name: `${difference}${running[2]}`, width: WIDTHS.running },
    several && { name: `smallest to largest seed${shows("test") ? ", of the test as whiskers" : ""}`, fill: true },
    shows("running") && several && { name: "each seed", width: WIDTHS.seed, opacity: 0.6 },
    singles(runs, view) && { name: "single steps", width: WIDTHS.raw, opacity: 0.4 },
    shows("test") && { name: `${difference}${test[2]}${of}`, width: WIDTHS.test, dash: dots({}), symbol: "circle" },
    stated.length > 0 && { name: `mean of the seeds with its 95 % interval, ${statedIn(view)}`, symbol: "diamond-tall-open" },
    shows("clean") && !gap && { name: `${clean[2]}${images ? ` (${cleanImages(images, closing)})` : ""}`, symbol: "circle-open" },
  ].filter((entry) => typeof entry === "object").map((entry) => ({ color: theme.text, meaning: true, ...entry }));
}

/**
 * The smoothing of the thick curves in words; "" where none are drawn.
 * @type {(runs: Run[], view: View) => string}
 */
export function smoothingOf(runs, view) {
  if (!view.curves.includes("running")) return "";
  if (view.layout === "depth") return `training error: ${runningMean()}`;
  const mean = `${runningMean(view.smoothing)}${view.smoothing ? ownSmoothing(runs) : ""}`;
  const made = view.layout === "gap" ? `thick: differences of ${mean.replace(/^mean/, "means")}` : `thick: ${mean}`;
  if (averaged(runs, view)) return `${made}, then of the seeds, in a band from the smallest to the largest`;
  return singles(runs, view) ? `${made} over faint single steps` : made;
}

/**
 * What else is to be said of a smoothing that somebody chose: labels keep the stored means, and of steps that were left
 * out there is no mean.
 * @param {Run[]} runs
 */
function ownSmoothing(runs) {
  const partly = runs.some(({ series }) => series.drawn().step.length < series.total);
  return ` (${partly ? "of the steps shown only; " : ""}labels: mean of ${RUNNING_WINDOW})`;
}

/**
 * One line about the curves; `data`: the name of the images they were trained on, left out where it is not known. For
 * example `fashion-mnist-mini, 300 of 300 steps, 1 seed, SGD, rate 0.1, batch 128, fp32; thick: mean of up to 50 steps; all
 * 1,200 training points of 4 runs shown`. Runs that are no seeds of their arm are named.
 * @type {(runs: Run[], view: View, data?: string) => string}
 */
export function captionOf(runs, view, data = "") {
  const cards = runs.map(({ card }) => card);
  const distinct = (/** @type {string} */ key) => [...new Set(cards.map((card) => card[key]).filter((value) => value !== null && value !== undefined))];
  const listed = (/** @type {string} */ word, /** @type {string} */ key) => (distinct(key).length ? `${word}${distinct(key).join(" / ")}` : "");
  const [least, most] = [Math.min(...runs.map(stepOf)), Math.max(...runs.map(stepOf))];
  const planned = Math.max(...cards.map((card) => card.total_steps));
  const config = [
    data, `${least === most ? grouped(most) : `${grouped(least)} to ${grouped(most)}`} of ${grouped(planned)} steps`, plural(distinct("seed").length, "seed"),
    listed("", "optimizer"), listed("rate ", "lr"), warmUp(distinct("warmup_steps")), listed("batch ", "batch_size"), listed("", "precision"), listed("", "device"),
  ].filter(Boolean).join(", ");
  return [config, smoothingOf(runs, view), trainingShown(runs, view, "training points"), linesShown(view), armsHidden(view), ownArms(runs, view)].filter(Boolean).join("; ");
}

/**
 * The linear warm-up of the rate, "" for none: `warm-up 100 steps`.
 * @param {number[]} steps
 */
function warmUp(steps) {
  return steps.some(Boolean) ? `warm-up ${steps.map(grouped).join(" / ")} steps` : "";
}

/**
 * The drawn runs that are not comparable: `A-56, shortcuts cut at 60: a fork of run 4`.
 * @type {(runs: Run[], view: View) => string}
 */
function ownArms(runs, view) {
  const own = drawnRuns(runs, view).filter((run) => !isComparable(run));
  const named = own.slice(0, MAX_NAMED).map(({ card: { arm, parent }, label }) => `${label}: ${parent === null ? `no seed of ${arm}` : `a fork of run ${parent}`}`);
  return [...named, ...(own.length > MAX_NAMED ? [`${own.length - MAX_NAMED} more that are no seeds of their arms`] : [])].join("; ");
}
