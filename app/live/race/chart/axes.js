/**
 * What all pictures of the race share: sizes of type and lines, the layout around the plot, axes, and where a point
 * stands on them. Pure functions.
 */
/** @import { Run, Card, Theme, View, Layout, LineName, Panel, Scale, XAxis, Range } from "../../types.js" */
import { wrapped } from "../../shared/format.js";
import { axisSuffix } from "../../shared/plot_style.js";

export const LABELS = {
  error: { axis: "error (%)", unit: " %", difference: "points" },
  loss: { axis: "loss (nats)", unit: " nats", difference: "nats" },
};
const X_AXES = { step: "step", epoch: "epoch", seconds: "seconds of training" };
/** Below this width in pixels the panels stand one above the other. */
export const NARROW = 620;
/** A longer name is broken: its arm, then its options or its difference in lines of at most so many letters. */
const LONG_NAME = 15, LINE_LETTERS = 24;
/** Written in full: Plotly's own ticks of a log axis ("D2") name 2 and 5 by a single digit. */
const LOG_TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
/** Room for the tick labels of the right panel. */
const TICKS_PX = 34;
/** The x axis ends a little after the last step, so that the last marks are drawn whole. */
const PAST_END = 1.015;
const CHART_PX = { usual: 430, stacked: 600 };
/** For a room: type, lines and marks are this much larger. */
const BIG = { type: 1.7, line: 1.7, mark: 1.5 };
/**
 * The range of the loss's axis while the curves are hidden, in the axis's own unit: their range would tell a result.
 * @type {Record<Scale, Range>}
 */
const UNTOLD = { linear: [0, 2.5], log: [-1, 0.5] };

/**
 * Sizes in pixels of words, and factors of line widths and marks.
 * @param {{ big?: boolean }} options
 */
export function sizes({ big }) {
  const type = (/** @type {number} */ px) => Math.round(px * (big ? BIG.type : 1));
  return { text: type(14), label: type(13), title: type(15), words: type(12), pad: big ? BIG.type : 1, line: big ? BIG.line : 1, mark: big ? BIG.mark : 1 };
}

/**
 * The lines of a name. A long name has its arm in the first line, and below it what tells it from others.
 * @param {string} name
 */
export function nameLines(name) {
  const at = name.indexOf(" ");
  return at < 0 || name.length <= LONG_NAME ? [name] : [name.slice(0, at), ...wrapped(name.slice(at + 1), LINE_LETTERS)];
}

/**
 * Room for the longest label at the end of a line, in pixels. names: [{ name, note }]; the value stands beside the name.
 * @type {(names: LineName[], view: { big?: boolean }) => number}
 */
export function labelPx(names, view) {
  const { label, pad } = sizes(view);
  const length = (/** @type {LineName} */ { name, note }) => Math.max(
    ...nameLines(name).map((line, index, lines) => line.length - (index < lines.length - 1 ? 5 : 0)),
    (note?.length ?? 0) - 5,
  );
  return 50 * pad + 0.48 * label * Math.max(...names.map(length));
}

/**
 * The layout without its axes. names: [{ name, note }] of the labels at the line ends; end: where the x axis ends; axis:
 * the y range in the axis's own unit.
 * @param {View} view
 * @param {Theme} theme
 * @param {{ names: LineName[], width: number, end: number, axis: Range, stacked: boolean }} options
 * @returns {Layout}
 */
export function baseLayout(view, theme, { names, width, end, axis, stacked }) {
  const { text, pad } = sizes(view);
  return {
    // What the chart's own buttons do stays; the zoom is the view's.
    uirevision: "keep",
    height: chartHeight(view, width, stacked),
    margin: { t: Math.round(28 * pad), r: labelPx(names, view), b: Math.round(46 * pad), l: Math.round(58 * pad) },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: text, color: theme.text },
    showlegend: false,
    hovermode: "closest",
    hoverlabel: { font: { family: theme.font, size: text } },
    dragmode: "zoom",
    annotations: [],
    shapes: [],
    meta: { end, names, axis },
  };
}

/**
 * Taller on larger screens, so that the back row can read it; view.height, where it is given, is kept.
 * @type {(view: View, width: number, stacked: boolean) => number}
 */
function chartHeight(view, width, stacked) {
  if (view.height) return view.height;
  if (stacked) return Math.round(CHART_PX.stacked * (view.big ? 1.2 : 1));
  return Math.round(Math.min(view.big ? 900 : 620, Math.max(CHART_PX.usual, 0.42 * width)));
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
  const { pad, title: titlePx } = sizes(view);
  const inner = width - layout.margin.l - layout.margin.r;
  const gap = stacked ? 0.14 : Math.min(0.3, (labelPx(layout.meta.names, view) + TICKS_PX * pad) / inner);
  const size = (1 - gap * (count - 1)) / count;
  const from = index * (size + gap);
  const line = { gridcolor: theme.grid, linecolor: theme.muted, zeroline: false, tickfont: { color: theme.muted } };
  const bottom = !stacked || index === count - 1;
  const zoom = { uirevision: JSON.stringify(view.zoom ?? null) };
  layout[`xaxis${suffix}`] = {
    ...line,
    ...zoom,
    domain: stacked ? [0, 1] : [from, from + size],
    anchor: `y${suffix}`,
    title: { text: bottom ? xTitle ?? X_AXES[view.x] : "", standoff: 8 },
    showticklabels: bottom,
    range: view.zoom?.x ?? [0, layout.meta.end * PAST_END],
    ...(index ? { matches: "x" } : {}),
  };
  layout[`yaxis${suffix}`] = {
    ...line,
    ...zoom,
    domain: stacked ? [1 - from - size, 1 - from] : [0, 1],
    anchor: `x${suffix}`,
    title: { text: index && !stacked ? "" : yTitle ?? LABELS[view.metric].axis, standoff: 6 },
    type: view.scale,
    // One ruler for both panels; for the error it is fixed, so that nothing jumps while curves grow.
    range: view.zoom?.y ?? layout.meta.axis,
    ...(view.scale === "log" ? { tickvals: LOG_TICKS, ticktext: LOG_TICKS.map(String) } : {}),
    ...(index ? { matches: "y" } : {}),
  };
  if (title) {
    layout.annotations.push({
      text: `<b>${title}</b>`, showarrow: false, xref: `x${suffix} domain`, yref: `y${suffix} domain`,
      x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: 4, font: { size: titlePx, color: theme.text },
    });
  }
  const { end, axis } = layout.meta;
  const heightPx = (layout.height - layout.margin.t - layout.margin.b) * (stacked ? size : 1);
  const x = view.zoom?.x;
  return { suffix, widthPx: inner * (stacked ? 1 : size), heightPx, end, span: x ? x[1] - x[0] : end, axis: view.zoom?.y ?? axis };
}

/**
 * The axes of a trace in a panel.
 * @param {string} suffix
 */
export function axesOf(suffix) {
  return { xaxis: `x${suffix}`, yaxis: `y${suffix}`, type: "scatter" };
}

/**
 * The y range in the axis's own unit (log10 on a log axis). The loss follows its curves, in steps that seldom change.
 * @type {(view: View, runs: Run[]) => Range}
 */
export function yAxis(view, runs) {
  if (view.metric === "error") return view.scale === "log" ? [0, 2] : [0, 100];
  if (view.hidden) return UNTOLD[view.scale];
  let most = 2.5, least = 1;
  for (const values of runs.flatMap(({ series }) => [series.drawn().running_loss, series.test_subset.loss])) {
    for (const value of values) {
      if (value === null) continue;
      if (value > most) most = value;
      if (value > 0 && value < least) least = value;
    }
  }
  if (view.scale === "log") return [Math.floor(4 * Math.log10(least)) / 4, Math.ceil(4 * Math.log10(most)) / 4];
  return [0, Math.ceil(2 * most) / 2];
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
