/** What a chart of the race shows as a table of text (RFC 4180). Pure functions. */
import { gapCurves, shownGaps } from "../chart/difference_figure.js";
import { gapBand } from "../chart/differences.js";

const COLUMNS = ["run", "arm", "depth", "shortcut", "seed", "split", "step", "epoch", "seconds", "loss", "error", "running_loss", "running_error"];
const GAP_COLUMNS = ["series", "step", "mean", "low", "high", "seeds"];

/**
 * The points of the curves that are shown, one row each, as the browser holds them: all of a zoomed chart too. Of the
 * gap chart the differences. A value that is not there, or not finite, is an empty field.
 */
export function exportCsv(runs, view) {
  return view.layout === "gap" ? csv(GAP_COLUMNS, gapRows(runs, view)) : csv(COLUMNS, runs.flatMap((run) => runRows(run, view)));
}

function runRows({ card, series }, view) {
  const { curves } = view;
  // Single steps and their running mean are columns of one row.
  const training = curves.includes("running") || curves.includes("raw");
  const splits = [["train", training], ["train_clean", curves.includes("clean")], ["test_subset", curves.includes("test")]];
  return splits.filter(([, shown]) => shown && !view.hidden).flatMap(([split]) => {
    const points = split === "train" ? series.drawn() : series[split];
    return points.step.map((step, index) => [
      card.run, card.arm, card.depth, card.shortcut, card.seed, split, step, card.train_images ? (step * card.batch_size) / card.train_images : null,
      ...["seconds", "loss", "error", "running_loss", "running_error"].map((key) => points[key]?.[index]),
    ]);
  });
}

function gapRows(runs, view) {
  if (view.hidden) return [];
  return Object.values(shownGaps(runs, view)).flat().flatMap((gap) => gapCurves(view).flatMap(([split, key, words]) => {
    const { band } = gapBand(gap, split, key);
    return band.step.map((step, index) => [`${gap.name}, ${words}`, step, band.mean[index], band.low[index], band.high[index], band.seeds]);
  }));
}

/** Rows of values as text: lines end with CR LF, fields with a comma, a quote or a line break stand in quotes. */
export function csv(columns, rows) {
  return [columns, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

function field(value) {
  if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
