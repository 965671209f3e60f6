/**
 * What the server says of the gaps of depth, on the gap chart: the mean of the seeds with its 95 % interval, and the cure. The
 * verdict says the same. Pure functions.
 */
/** @import { Run, Theme, View, Layout, Gap, GapFacts, StatedGap, Trace, Panel } from "../../types.js" */
import { axesOf, sizes, xs } from "./axes.js";
import { differenceStats, differencesOf } from "./differences.js";
import { signed } from "./labels.js";
import { escaped, fitted, grouped, plural } from "../../shared/format.js";
import { seeThrough } from "../../shared/plot_style.js";

/**
 * What the server says of the gaps, where the chart shows the errors that it is about.
 * @type {(view: View) => GapFacts | null}
 */
export function factsOf({ gaps, metric, curves, hidden }) {
  return gaps && metric === "error" && curves.includes("running") && !hidden ? gaps : null;
}

/** @type {(gap: Gap, view: View) => Omit<StatedGap, keyof Gap> | null} */
export function statedOf({ pairs: [{ from, take }] }, view) {
  const row = factsOf(view)?.of.find(([shortcut, deep, shallow]) => shortcut === from.card.shortcut && deep === from.card.depth && shallow === take.card.depth);
  return row && from.card.depth !== take.card.depth ? { seeds: row[3], mean: row[4], low: row[5], high: row[6] } : null;
}

/**
 * The gaps of depth whose mean and interval the server knows, all seeds of a gap together.
 * @type {(runs: Run[], view: View) => StatedGap[]}
 */
export function statedGaps(runs, view) {
  return differencesOf(runs).depth.flatMap((gap) => {
    const facts = statedOf(gap, view);
    return facts ? [{ ...gap, ...facts }] : [];
  });
}

/**
 * The error and the step that the server's gaps are about.
 * @type {(view: View) => string}
 */
export function statedIn(view) {
  const facts = factsOf(view);
  return facts ? `${facts.end ? "training error at the end (clean)," : "running training error at"} step ${grouped(facts.step)}` : "";
}

/**
 * The interval as the verdict writes it.
 * @type {(gap: StatedGap) => string}
 */
function interval({ low, high }) {
  return [low, high].map((end) => (end === null ? "" : signed(end, "error").replace("+", ""))).filter(Boolean).join(" to ");
}

/**
 * The mean of a gap's seeds with its 95 % interval, at the step that it is about.
 * @type {(gap: StatedGap, view: View, theme: Theme, suffix: string) => Trace}
 */
export function statedTrace(gap, view, theme, suffix) {
  const { name, run, seeds, mean, low, high } = gap;
  const { line, mark } = sizes(view);
  const { band } = differenceStats(gap, "train", "running_error");
  const at = band.step.findIndex((step) => step >= (factsOf(view)?.step ?? 0));
  const color = run.color[theme.scheme];
  return {
    ...axesOf(suffix), mode: "markers", meta: "stated", name, x: xs(band, run.card, view.x).slice(at).slice(0, 1), y: [mean],
    marker: { symbol: "diamond-tall", size: 12 * mark, color: theme.page, line: { width: 2 * line, color } },
    ...(low === null || high === null ? {} : { error_y: { type: "data", symmetric: false, array: [high - mean], arrayminus: [mean - low], color, thickness: 2 * line, width: 6 * mark } }),
    hovertemplate: `${name}<br>mean of ${plural(seeds, "seed")} ${signed(mean, "error")} points${interval(gap) && `<br>95 % interval ${interval(gap)}`}<br>${statedIn(view)}<extra></extra>`,
  };
}

/**
 * The gaps and the cure in numbers, at the top on the left: there are no large gaps yet. Where the names stand in a column, with
 * the values of the same gaps, only what these are is said: a long list would cover the curves.
 * @type {(stated: StatedGap[], view: View, theme: Theme, panel: Panel) => Layout[]}
 */
export function factsNote(stated, view, theme, { suffix, widthPx, columnPx = 0 }) {
  const { label } = sizes(view);
  const numbers = stated.map((gap) => `${gap.name.split(":")[0]} ${signed(gap.mean, "error")} (${interval(gap) ? `95 %: ${interval(gap)}` : "one seed"})`);
  const lines = [stated.length ? statedIn(view) : "", ...(columnPx ? [] : [...numbers, factsOf(view)?.cure ?? ""])];
  const text = lines.filter(Boolean).flatMap((line) => fitted(line, widthPx, label).map(escaped)).join("<br>");
  return text ? [{ text, align: "left", showarrow: false, xref: `x${suffix} domain`, yref: `y${suffix} domain`, x: 0, y: 1, xanchor: "left", yanchor: "top", xshift: 4, bgcolor: seeThrough(theme.page, 0.8), font: { size: label, color: theme.text } }] : [];
}
