/**
 * What all pictures of the race share: sizes of type and lines, the layout around the plot, axes, and where a point
 * stands on them. Pure functions.
 */
/** @import { Run, Card, Theme, View, Layout, Metric, Panel, Scale, XAxis, Range } from "../../types.js" */
import { roundStep } from "../../shared/axis_labels.js";
import { wrapped } from "../../shared/format.js";
import { axisSuffix } from "../../shared/plot_style.js";

export const LABELS = {
  error: { axis: "error (%)", unit: " %", difference: "points" },
  loss: { axis: "loss (nats)", unit: " nats", difference: "nats" },
};
const X_AXES = { step: "step", epoch: "epoch", seconds: "seconds of training" };
/** Below this width in pixels the panels stand one above the other. */
export const NARROW = 620;
/** A longer name is broken. */
const LINE_LETTERS = 28;
/** Written in full: Plotly's own ticks of a log axis ("D2") name 2 and 5 by a single digit. */
const LOG_TICKS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((part) => Number(`${part}e${power - 6}`))).flat();
/** Room beside and between the panels: tick labels, and the title of the left one. */
const LEFT_PX = 50, BETWEEN_PX = 44, RIGHT_PX = 10, TOP_PX = 24, BOTTOM_PX = 40;
/** Before a room the last number of the x axis is wider: half of four digits, which Plotly leaves out where it is cut. */
const ROOM_RIGHT_PX = 26;
/** The x axis ends a little after the last step, so that the last marks are drawn whole. */
const PAST_END = 1.015;
const CHART_PX = { least: 300, usual: 430, stacked: 600 };
/** The chart takes this share of the window at most: what can be done next is seen with it. */
const MAX_SHARE = 0.55;
/** For a room: type, lines and marks are this much larger. */
const BIG = { type: 1.7, line: 1.7, mark: 1.5 };
/**
 * The range of the axis while the curves are hidden, in the axis's own unit: their range would tell a result.
 * @type {Record<Metric, Record<Scale, Range>>}
 */
const UNTOLD = { error: { linear: [0, 100], log: [0, 2] }, loss: { linear: [0, 2.5], log: [-1, 0.5] } };
/** The axis of the loss holds this share of the points, and the rest where that makes it no more than twice as long. */
const HELD = 0.98, STRETCH = 2;

/**
 * Sizes in pixels of words, and factors of line widths and marks.
 * @param {{ big?: boolean }} options
 */
export function sizes({ big }) {
  const type = (/** @type {number} */ px) => Math.round(px * (big ? BIG.type : 1));
  return { text: type(14), label: type(13), title: type(15), words: type(12), pad: big ? BIG.type : 1, line: big ? BIG.line : 1, mark: big ? BIG.mark : 1 };
}

/** @param {string} name */
export function nameLines(name, letters = LINE_LETTERS) {
  return wrapped(name, letters);
}

/**
 * The layout without its axes. end: where the x axis ends; axis: the y range in the axis's own unit; column: the width of the
 * column of names beside each panel.
 * @param {View} view
 * @param {Theme} theme
 * @param {{ end: number, axis: Range, stacked: boolean, column?: number }} options
 * @returns {Layout}
 */
export function baseLayout(view, theme, { end, axis, stacked, column = 0 }) {
  const { text, pad } = sizes(view);
  const [t, b, l] = [TOP_PX, BOTTOM_PX, LEFT_PX].map((px) => Math.round(px * pad)), r = view.big ? ROOM_RIGHT_PX : RIGHT_PX;
  return {
    // What the chart's own buttons do stays; the zoom is the view's.
    uirevision: "keep",
    height: chartHeight(view, stacked),
    margin: { t, r, b, l },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: text, color: theme.text },
    showlegend: false,
    // The cross-hair (race/inspect) reads curves of steps, and Plotly the rest.
    hovermode: view.layout === "depth" ? "closest" : false,
    hoverlabel: { font: { family: theme.font, size: text } },
    dragmode: "zoom",
    annotations: [],
    shapes: [],
    meta: { end, axis, column },
  };
}

/**
 * The height that fits into a window with what stands above the chart and below it.
 * @type {(windowPx: number, besidePx: number) => number}
 */
export function fittingHeight(windowPx, besidePx) {
  const most = MAX_SHARE * windowPx, room = windowPx - besidePx;
  // A chart that lies below the first screen anyway is as high as it may be.
  return Math.round(Math.max(CHART_PX.least, room < CHART_PX.least ? most : Math.min(room, most)));
}

/**
 * view.height where it is given, but panels above each other need room. In front of a room it is kept as it is.
 * @type {(view: View, stacked: boolean) => number}
 */
function chartHeight({ height, big, room }, stacked) {
  if (height && (big || room || !stacked)) return height;
  return Math.round((stacked ? CHART_PX.stacked : CHART_PX.usual) * (big ? 1.2 : 1));
}

/**
 * The axes and the title of one panel of several, left to right or, stacked, one below the other.
 * @param {Layout} layout
 * @param {{ count: number, index: number, stacked: boolean, width: number, title: string, xTitle?: string, yTitle?: string }} options
 * @param {View} view
 * @param {Theme} theme
 * @returns {Panel}
 */
export function placeAxes(layout, { count, index, stacked, width, title, xTitle, yTitle }, view, theme) {
  const suffix = axisSuffix(index);
  const { pad, words, title: titlePx } = sizes(view);
  const inner = width - layout.margin.l - layout.margin.r, { column } = layout.meta;
  const gap = stacked ? 0.14 : (BETWEEN_PX * pad) / inner;
  const size = (1 - gap * (count - 1)) / count;
  const from = index * (size + gap);
  const line = { gridcolor: theme.grid, linecolor: theme.muted, zeroline: false, tickfont: { color: theme.muted } };
  const bottom = !stacked || index === count - 1;
  const titleFont = { size: words, color: theme.muted };
  const zoom = { uirevision: JSON.stringify(view.zoom ?? null) };
  // Plotly writes a zoom into the lists that it is given, so each axis gets its own.
  const yRange = view.zoom?.y ?? layout.meta.axis;
  const xRange = view.zoom?.x ?? /** @type {Range} */ ([0, layout.meta.end * PAST_END]);
  layout[`xaxis${suffix}`] = {
    ...line,
    ...zoom,
    domain: stacked ? [0, 1 - column / inner] : [from, from + size - column / inner],
    anchor: `y${suffix}`,
    title: { text: bottom ? xTitle ?? X_AXES[view.x] : "", standoff: 4, font: titleFont },
    showticklabels: bottom,
    // As every number beside the chart: 12,000.
    separatethousands: true,
    exponentformat: "none",
    range: [...xRange],
    ...(index ? { matches: "x" } : {}),
  };
  layout[`yaxis${suffix}`] = {
    ...line,
    ...zoom,
    domain: stacked ? [1 - from - size, 1 - from] : [0, 1],
    anchor: `x${suffix}`,
    title: { text: index && !stacked ? "" : yTitle ?? LABELS[view.metric].axis, standoff: 4, font: titleFont },
    type: view.scale,
    // One ruler for both panels; for the error it is fixed, so that nothing jumps while curves grow.
    range: [...yRange],
    ...(view.scale === "log" ? { tickvals: LOG_TICKS, ticktext: LOG_TICKS.map(String) } : {}),
    ...(index ? { matches: "y" } : {}),
    // Numbers between two panels would show at the edges of the curtain.
    ...(view.hidden && index && !stacked ? { showticklabels: false } : {}),
  };
  if (title) {
    layout.annotations.push({
      text: `<b>${title}</b>`, showarrow: false, xref: `x${suffix} domain`, yref: `y${suffix} domain`,
      x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: 4, font: { size: titlePx, color: theme.text },
    });
  }
  const { end } = layout.meta;
  const heightPx = (layout.height - layout.margin.t - layout.margin.b) * (stacked ? size : 1);
  return { suffix, widthPx: inner * (stacked ? 1 : size) - column, columnPx: column, heightPx, end, x: xRange, axis: yRange };
}

/**
 * The axes of a trace in a panel.
 * @param {string} suffix
 */
export function axesOf(suffix) {
  return { xaxis: `x${suffix}`, yaxis: `y${suffix}`, type: "scatter" };
}

/**
 * The y range in the axis's own unit (log10 on a log axis). It follows the smoothed and the evaluated curves, in steps
 * that seldom change, and those that were imported. A few peaks do not flatten the rest: they lie beyond the axis, see spikes (chart/coverage.js).
 * @type {(view: View, runs: Run[]) => Range}
 */
export function yAxis({ metric, scale, hidden, x, ghosts = [] }, runs) {
  if (hidden || (metric === "error" && scale === "linear")) return UNTOLD[metric][scale];
  const sorted = (/** @type {(number | null)[][]} */ columns) => Float64Array.from(columns
    .flatMap((column) => column.filter((value) => value !== null && Number.isFinite(value) && (scale === "linear" || value > 0)).map(Number))).toSorted();
  const beside = sorted(ghosts.filter((line) => x === "step" && line.shown && line.metric === metric).map(({ value }) => value));
  const own = sorted(runs.flatMap(({ series }) => [series.drawn()[`running_${metric}`], series.test_subset[metric], series.train_clean[metric]]));
  const values = beside.length ? Float64Array.from([...own, ...beside]).toSorted() : own;
  if (!values.length) return UNTOLD[metric][scale];
  const [least, most] = [values[0], values[values.length - 1]];
  if (scale === "log") return [Math.log10(roundBelow(least)), Math.log10(roundStep(most))];
  // An imported line may have few points, and is no peak of the others.
  const usual = Math.max(2.5, ...[own, beside].filter(({ length }) => length).map((list) => 1.1 * list[Math.floor(HELD * (list.length - 1))]));
  return [0, Math.ceil(2 * (most <= STRETCH * usual ? Math.max(usual, most) : usual)) / 2];
}

/**
 * The last of 1, 2 and 5 times a power of ten that is not above a value.
 * @param {number} value
 */
function roundBelow(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([5, 2].find((part) => part * power <= value) ?? 1);
}

/**
 * Where the x axis ends, so that it seldom moves while curves grow: at the planned steps; of seconds at a round number.
 * @type {(view: View, runs: Run[]) => number}
 */
export function xEnd(view, runs) {
  if (view.x !== "seconds") return Math.max(...runs.map(({ card }) => xs({ step: [card.total_steps] }, card, view.x)[0]));
  const last = Math.max(1, ...runs.flatMap(({ series }) => [series.train, series.test_subset, series.train_clean].map(({ seconds }) => seconds.at(-1) ?? 0)));
  const step = 10 ** Math.floor(Math.log10(last)) / 4;
  return Math.ceil(last / step) * step;
}

/**
 * The x values of a list of points.
 * @type {(points: { step: number[], seconds?: number[] }, card: Card, kind: XAxis) => number[]}
 */
export function xs(points, card, kind) {
  if (kind === "seconds") return points.seconds ?? [];
  if (kind === "epoch") return points.step.map((step) => (step * card.batch_size) / (card.train_images || 1));
  return points.step;
}

/**
 * The last value of a list that is not empty.
 * @param {number[]} values
 */
export function lastOf(values) {
  return values[values.length - 1];
}

/**
 * The values with null for those that a log scale cannot show.
 * @type {(values: (number | null)[], scale: Scale) => (number | null)[]}
 */
export function positive(values, scale) {
  return scale === "log" ? values.map((value) => (value !== null && value > 0 ? value : null)) : values;
}

/**
 * A value in the axis's own unit.
 * @type {(value: number, view: { scale: Scale }) => number}
 */
export function onAxis(value, view) {
  return view.scale === "log" ? Math.log10(value) : value;
}
