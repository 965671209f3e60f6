/** What a chart of the race shows as a table of text. Pure functions. */
import { namedCurves } from "../chart/curves.js";
import { DEPTH_COLUMNS, depthRows } from "../chart/depth_figure.js";
import { shownGaps } from "../chart/difference_figure.js";
import { lineRows } from "../chart/imported_lines.js";
import { statedGaps, statedIn } from "../chart/stated_gaps.js";
import { differenceStats } from "../chart/differences.js";
import { withDifference } from "../../shared/arm_names.js";
import { csv } from "../../shared/format.js";

const COLUMNS = ["run", "arm", "depth", "shortcut", "seed", "split", "step", "epoch", "seconds", "loss", "error", "running_loss", "running_error", "difference"];
const GAP_COLUMNS = ["series", "step", "mean", "low", "high", "seeds"];

/**
 * The points of the curves that are shown, one row each, as the browser holds them: all of a zoomed chart too. Of the
 * gap chart the differences, of the chart over depth the last errors. A value that is not there, or not finite, is an empty field.
 */
export function exportCsv(runs, view) {
  if (view.layout === "depth") return csv(DEPTH_COLUMNS, depthRows(runs, view));
  return view.layout === "gap" ? csv(GAP_COLUMNS, differenceRows(runs, view)) : csv(COLUMNS, [...runs.flatMap((run) => runRows(run, view)), ...importedRows(view)]);
}

function runRows({ card, series }, view) {
  const { curves } = view;
  // Single steps and their running mean are columns of one row.
  const training = curves.includes("running") || curves.includes("raw");
  const splits = [["train", training], ["train_clean", curves.includes("clean")], ["test_subset", curves.includes("test")]];
  return splits.filter(([, shown]) => shown && !view.hidden).flatMap(([split]) => {
    const points = split === "train" ? series.drawn() : series[split];
    return points.step.map((step, index) => [
      card.run, withDifference(card.arm, card), card.depth, card.shortcut, card.seed, split, step, card.train_images ? (step * card.batch_size) / card.train_images : null,
      ...["seconds", "loss", "error", "running_loss", "running_error"].map((key) => points[key]?.[index]),
      card.difference,
    ]);
  });
}

/** An imported line belongs to no run. */
function importedRows(view) {
  return lineRows(view).map(([name, split, step, loss, error]) => [null, name, null, null, null, split, step, null, null, loss, error, null, null, "imported line"]);
}

function differenceRows(runs, view) {
  if (view.hidden) return [];
  const stated = statedGaps(runs, view).map(({ name, mean, low, high, seeds }) => [`${name}, mean and 95 % interval, ${statedIn(view)}`, view.gaps.step, mean, low, high, seeds]);
  return [...stated, ...shownGaps(runs, view).flatMap((gap) => namedCurves(view).flatMap(([split, key, words]) => {
    const { band } = differenceStats(gap, split, key);
    return band.step.map((step, index) => [`${gap.name}, ${words}`, step, band.mean[index], band.low[index], band.high[index], band.seeds]);
  }))];
}
