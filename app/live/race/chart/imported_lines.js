/**
 * Lines of other trainings that were imported beside a race (ghost lines): grey, thin and dashed, with a name at the end. No
 * mean, gap or verdict knows of them. They have steps and no clock, so that they are drawn over steps alone. Pure functions.
 */
/** @import { Ghost, LegendEntry, LineEnd, Theme, Trace, View } from "../../types.js" */
import { escaped, grouped, plural } from "../../shared/format.js";
import { axesOf, onAxis, positive, sizes } from "./axes.js";
import { hoverText } from "./curves.js";
import { written } from "./labels.js";

/** One after the other, so that a few are told apart; in widths of the line. */
const DASHES = [[6, 4], [2, 3], [9, 3, 2, 3], [14, 4], [6, 3, 2, 3, 2, 3]];
const WIDTH = 1.3, PINNED = 2.4;
/** Of more lines than these only the pinned ones are named in a panel, fewer where it is narrow: the key has all names. */
const MAX_NAMED = 6, FEW_NAMED = 2, NARROW_PX = 480;

/**
 * The lines that are drawn: those of the quantity that is looked at, over steps.
 * @type {(view: View) => Ghost[]}
 */
export function drawnLines({ ghosts = [], hidden, layout, metric, x }) {
  return hidden || x !== "step" || ["gap", "depth"].includes(layout) ? [] : ghosts.filter((line) => line.shown && line.metric === metric);
}

/**
 * The lines in one panel.
 * @type {(view: View, theme: Theme, suffix: string) => Trace[]}
 */
export function lineTraces(view, theme, suffix) {
  return drawnLines(view).map((line) => ({
    ...axesOf(suffix), meta: "imported", mode: "lines", name: escaped(line.name), pinned: Boolean(line.pinned), x: line.step, y: positive(line.value, view.scale),
    line: { color: theme.muted, width: widthOf(line, view), dash: dashOf(line, view) },
    hovertemplate: hoverText(`${escaped(line.name)}, imported`, view, whatOf(line)),
  }));
}

/**
 * The names at the ends of the lines in a panel.
 * @type {(view: View, theme: Theme, panel: { widthPx: number }) => LineEnd[]}
 */
export function lineEnds(view, theme, { widthPx }) {
  const drawn = drawnLines(view), most = widthPx < NARROW_PX ? FEW_NAMED : MAX_NAMED, color = { [theme.scheme]: theme.muted };
  return drawn.filter(({ pinned }) => pinned || drawn.length <= most).flatMap(({ name, step, value }) => {
    const last = value.findLastIndex((each) => each !== null && (view.scale !== "log" || each > 0)), number = value[last];
    if (typeof number !== "number") return [];
    return [{ name: `${escaped(name)} (imported)`, curve: { x: step, y: value }, value: written(number, view.metric), number, x: step[last], y: onAxis(number, view), textColor: color, color }];
  });
}

/** @type {(view: View, theme: Theme) => LegendEntry[]} */
export function lineLegend(view, theme) {
  return drawnLines(view).map((line) => ({ name: `${line.name} (imported: ${whatOf(line)})`, color: theme.muted, width: widthOf(line, view), dash: dashOf(line, view) }));
}

/**
 * How much of the imported lines is shown, in words; "" where there are none: `2 imported lines, as they came: 2,400 of 10,400
 * points, extremes kept`.
 * @param {View} view
 */
export function linesShown(view) {
  const { ghosts = [], layout, x } = view, drawn = drawnLines(view);
  if (!ghosts.length || view.hidden) return "";
  if (["gap", "depth"].includes(layout)) return `${plural(ghosts.length, "imported line")} in no ${layout === "gap" ? "gap" : "mean"}`;
  if (x !== "step") return `${plural(ghosts.length, "imported line")} drawn over steps alone`;
  if (!drawn.length) return "";
  const total = drawn.reduce((sum, line) => sum + line.total, 0), shown = drawn.reduce((sum, { step }) => sum + step.length, 0);
  return `${plural(drawn.length, "imported line")}, in no mean or gap: ${shown < total ? `${grouped(shown)} of ${grouped(total)} points, extremes kept` : `all ${plural(total, "point")}`}`;
}

/**
 * The points of the lines as rows of a table: `[name, split, step, loss, error]`.
 * @type {(view: View) => [string, string, number, number | null, number | null][]}
 */
export function lineRows(view) {
  return drawnLines(view).flatMap(({ name, split, metric, step, value }) => step.map((at, index) => {
    const number = value[index];
    return /** @type {[string, string, number, number | null, number | null]} */ ([`imported: ${name}`, split, at, metric === "loss" ? number : null, metric === "error" ? number : null]);
  }));
}

/** @param {Ghost} line */
function whatOf({ split, metric }) {
  return `${split === "train" ? "training" : "test"} ${metric}`;
}

/** @type {(line: Ghost, view: View) => number} */
function widthOf({ pinned }, view) {
  return (pinned ? PINNED : WIDTH) * sizes(view).line;
}

/**
 * A line keeps its dashes while others are hidden.
 * @type {(line: Ghost, view: View) => string}
 */
function dashOf(line, view) {
  const place = (view.ghosts ?? []).indexOf(line) % DASHES.length;
  return DASHES[place].map((part) => `${Math.round(10 * part * sizes(view).line) / 10}px`).join(",");
}
