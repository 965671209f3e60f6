/** A panel of curves as a Plotly figure: the picked curve is bold, other kinds at its setting readable, all others faint. */
import { ends, extent, isBundle, isSeed, same } from "../curves.js";
import { grouped, spoken } from "../../shared/format.js";
import { placed } from "./colors.js";
import { FONT_PX, crowded, edgeName, endLabels, labelRoom, legendOf, strained } from "./labels.js";
import { eventOf, markOf, marked, marksOf } from "./marks.js";

/** Of more curves, only the extremes of the kinds and the picked setting's curves have names. */
const MAX_NAMED = 4;
/** Axes of fewer decades have plain numbers. */
const FEW_DECADES = 2.2;
const MAX_TICKS = 6;
const PLAIN_TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
/** Within one decade there is room for more. */
const MORE_TICKS = [0.7, 1.4];

/** From the lowest to the top. */
const LOOKS = {
  bundle: { width: 0.6, opacity: 0.35 },
  seed: { width: 1.2, opacity: 0.4 }, lone: { width: 1.6, opacity: 0.75 },
  faint: { width: 1.2, opacity: 0.28 }, few: { width: 1.2, opacity: 0.55 }, beside: { width: 2, opacity: 0.65 }, even: { width: 3, opacity: 1 }, picked: { width: 4, opacity: 1 },
};
const ORDER = Object.keys(LOOKS);

/**
 * panel: { name, title, x, y, x_scale, y_scale, neutral, columns, digits, rows }; curves: Curves; pick: { kind, value, cell }; look: {
 * styles: { kind: { color: {light, dark}, textColor: {light, dark}, dash } }, setting: { low, high, settingLabel } of
 * the lab's setting that is picked, or null, settings: of the job, width, height in pixels }.
 * Returns { data, layout, side, legend }: the names stand on `side`, the y axis on the other. `legend`: [{ name, style }],
 * for names that do not fit.
 */
export function buildCurves(panel, curves, pick, { styles, setting, settings, width, height }, theme) {
  const all = curves.shown(panel.name, pick.cell);
  const bold = curves.picked(panel.name, pick);
  const means = named(all);
  const { even, few, marks } = marking(all, pick);
  const kindOf = (curve) => {
    if (isBundle(curve)) return "bundle";
    if (isSeed(curve)) return means.includes(curve) || !means.some((mean) => mean.row === curve.row && !isSeed(mean)) ? "lone" : "seed";
    if (even) return "even";
    return curve === bold ? "picked" : same(curve.value, bold?.value ?? pick.value) ? "beside" : few ? "few" : "faint";
  };
  const ordered = all.map((curve) => ({ curve, look: kindOf(curve) })).toSorted((a, b) => ORDER.indexOf(a.look) - ORDER.indexOf(b.look));
  const spans = { x: span(all, "x", panel.x_scale), y: span(all, "y", panel.y_scale) };
  const names = even || few ? means : ordered.filter(({ look }) => look === "beside" || look === "picked").map(({ curve }) => curve);
  const labels = names.map((curve) => ({ curve, name: (even || few) && fanned(means, curve) ? edgeName(curve, markOf(marks, curve)) : curve.kind, level: panel.rows ? middle(curve) : null }));
  const edges = even || few ? [] : extremes(all).filter((curve) => !names.includes(curve)).map((curve) => ({ curve, name: edgeName(curve) }));
  const plotPx = height - 54;
  const beside = labelSide(all, panel);
  const annotations = spans.y && !crowded(labels.map(({ name }) => name), width, plotPx)
    ? endLabels(labels, edges, { side: beside, range: spans.y, scale: panel.y_scale, bold, styles, theme, plotPx, width }) : [];
  const full = strained(annotations) || !annotations.length;
  const side = full ? "right" : beside;
  const room = full ? 12 : labelRoom(width);
  const margin = side === "left" ? { l: room, r: 50, t: 8, b: 46 } : { l: 50, r: room, t: 8, b: 46 };
  const layout = {
    ...base(theme, width, height, margin),
    xaxis: { ...axis(panel.x, panel.x_scale, spans.x, theme), ...measuredTicks(all, panel), ...settingRange(panel, setting), ...columnTicks(panel, theme) },
    yaxis: { ...axis("", panel.y_scale, spans.y, theme), ...(panel.rows ? { showticklabels: false } : {}), side: side === "left" ? "right" : "left" },
    shapes: reference(panel, onSetting(panel, setting) ? pick.value : null, theme),
  };
  const event = eventOf(panel, settings, spans.x, theme);
  layout.shapes.push(...event.shapes);
  layout.annotations = [...(full ? [] : annotations), ...event.annotations];
  const legend = full ? legendOf(labels.map(({ curve }) => curve), styles, marks) : [];
  return { data: ordered.map(({ curve, look }) => line(curve, look, fade(means, curve), { panel, styles, theme, marks })).concat(onSetting(panel, setting) ? mark(bold, pick, styles, theme) : []), layout, side, legend };
}

/**
 * The marks of a panel's curves, whether none of them is picked (`even`), and whether all have names (`few`). Of a picked curve
 * among many the looks differ already.
 */
export function marking(all, pick) {
  const even = pick.kind === null || all.some((curve) => curve.cell), few = named(all).length <= MAX_NAMED;
  return { even, few, marks: even || few ? marksOf(all) : [] };
}

/** The named curves: of each row the curve without a part, else the first seed. */
export function named(all) {
  return [...Map.groupBy(all, (curve) => `${curve.cell}: ${curve.row}`).values()].map((row) => row.find((curve) => !curve.part) ?? row[0]);
}

/** Whether a kind has curves at several values of a setting. */
function fanned(means, { kind, value }) {
  return value !== null && means.some((other) => other.kind === kind && !same(other.value, value));
}

/** The opacity of a curve: smaller values of a kind are fainter. */
function fade(means, curve) {
  const fan = means.filter(({ kind, value }) => kind === curve.kind && value !== null).toSorted((a, b) => a.value - b.value);
  const at = fan.findIndex(({ value }) => same(value, curve.value));
  return fan.length > 1 && at >= 0 ? 0.45 + (0.55 * (at + 1)) / fan.length : 1;
}

/** The common layout of all panels. */
export function base(theme, width, height, margin, fontPx = FONT_PX) {
  return {
    uirevision: "keep", width, height, margin, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: fontPx, color: theme.text }, showlegend: false, hovermode: "closest", hoverlabel: { font: { family: theme.font, size: 14 } }, dragmode: "zoom", annotations: [],
  };
}

/** The panel's columns as names on the x axis. */
export function columnTicks({ columns }, theme) {
  return columns.length ? { tickmode: "array", tickvals: columns.map((_, index) => index), ticktext: columns, tickfont: { color: theme.text, size: 13 } } : {};
}

export function axis(title, scale, found, theme) {
  const decades = found ? found[1] - found[0] : 0;
  const plain = scale === "log" && decades < FEW_DECADES;
  return {
    type: scale, title: { text: title && scale === "log" ? `${title} (log scale)` : title, standoff: 6, font: { size: FONT_PX, color: theme.muted } }, gridcolor: theme.grid, linecolor: theme.muted, zeroline: false,
    tickfont: { color: theme.muted }, automargin: false,
    ...(scale === "log" ? { exponentformat: "power", dtick: Math.max(1, Math.ceil(decades / 7)) } : {}),
    ...(plain ? plainTicks(decades) : {}),
  };
}

/** Of few values on a log axis each has a tick: that its steps are factors is seen. */
function measuredTicks(all, { x_scale: scale }) {
  const values = [...new Set(all.flatMap(({ x }) => x))].toSorted((a, b) => a - b);
  return scale === "log" && values.length <= MAX_TICKS ? { tickvals: values, ticktext: values.map((value) => spoken(value)) } : {};
}

/** Whether a panel's axis is the picked setting. */
function onSetting(panel, setting) {
  return Boolean(setting) && panel.x.toLowerCase() === setting.settingLabel.toLowerCase();
}

/** The full range of a setting on the axis, so that nothing moves during the measurement. */
function settingRange(panel, setting) {
  if (!onSetting(panel, setting)) return {};
  const [low, high] = [setting.low, setting.high].map((value) => placed(value, panel.x_scale));
  const pad = 0.06 * (high - low);
  return { range: [low - pad, high + pad], ...(panel.x_scale === "log" ? plainTicks(high - low) : {}) };
}

function plainTicks(decades) {
  const tickvals = decades > 1 ? PLAIN_TICKS : [...PLAIN_TICKS, ...MORE_TICKS];
  return { tickvals, ticktext: tickvals.map(String) };
}

/** [smallest, largest] of the drawn points in the axis's unit (log10 on a log axis), or null. */
export function span(all, key, scale) {
  return extent(all.flatMap((curve) => curve[key]).map((value) => placed(value, scale)).filter((value) => value !== null));
}

export function drawable(value, scale) {
  return placed(value, scale) === null ? null : value;
}

/** The side with the larger distances between curves, in doubt the right one. */
export function labelSide(all, panel) {
  const apart = (end) => {
    const [low, high] = extent(all.map((curve) => placed(ends(curve)?.[end][1], panel.y_scale)).filter((y) => y !== null)) ?? [0, 0];
    return high - low;
  };
  return apart(0) > 2 * apart(1) + 0.3 ? "left" : "right";
}

/** The neutral line, and the picked setting on the axis. */
export function reference(panel, value, theme) {
  const shapes = [];
  const shape = { type: "line", layer: "below", line: { color: theme.muted, width: 1.5, dash: "dot" } };
  if (panel.neutral !== null && panel.neutral !== undefined) shapes.push({ ...shape, xref: "paper", x0: 0, x1: 1, y0: panel.neutral, y1: panel.neutral });
  if (value !== null) shapes.push({ ...shape, yref: "paper", y0: 0, y1: 1, x0: value, x1: value });
  return shapes;
}

function line(curve, look, faded, { panel, styles, theme, marks }) {
  const style = styles[curve.kind];
  const { width, opacity } = LOOKS[look];
  return {
    type: "scatter", mode: curve.x.length > 1 ? "lines" : "markers", x: curve.x, y: curve.y.map((y) => drawable(y, panel.y_scale)), connectgaps: false,
    name: curve.name, meta: look === "few" ? "faint" : look,
    opacity: look === "even" ? faded : opacity,
    line: { color: style.color[theme.scheme], width, dash: look === "seed" || look === "bundle" ? "solid" : style.dash },
    marker: { color: style.color[theme.scheme], size: 7 },
    ...marked(curve.part && look !== "lone" ? undefined : markOf(marks, curve), style.color[theme.scheme]),
    ...(panel.digits ? { customdata: curve.y.map((y) => lostDigits(y, panel.digits)) } : {}),
    text: pointWords(curve),
    hovertemplate: `${curve.name}<br>${panel.x} %{text}${panel.digits ? `, ${"%{customdata}"} of ${panel.digits} digits differ` : ""}<extra></extra>`,
  };
}

/** The height of a row: half of its points lie above. */
function middle({ y }) {
  const sorted = y.filter(Number.isFinite).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** Of curves that have not changed since the last redraw: each time is another object. */
const written = new WeakMap();

/** Place and value of each point in two lines, as the sentences write numbers; a counted place, as of a step, is whole. */
export function pointWords(curve) {
  if (!written.has(curve)) written.set(curve, wordsOf(curve));
  return written.get(curve);
}

function wordsOf({ x, y }) {
  return x.map((place, index) => `${Number.isInteger(place) ? grouped(place).replace("-", "−") : spoken(place, 4)}<br>${spoken(y[index])}`);
}

/** In how many of all decimal digits two numbers at a relative distance differ. */
export function lostDigits(distance, all) {
  return distance > 0 ? Math.min(all, Math.max(0, Math.round(all + Math.log10(distance)))) : 0;
}

/** A ring on the picked curve at the picked setting on the axis. */
function mark(bold, pick, styles, theme) {
  if (!bold || pick.value === null) return [];
  const index = bold.x.findIndex((x) => Math.abs(Math.log(x / pick.value)) < 1e-3);
  if (index < 0 || bold.y[index] === null) return [];
  return [{
    type: "scatter", mode: "markers+text", x: [bold.x[index]], y: [bold.y[index]], text: [spoken(bold.y[index])], textposition: "top left",
    textfont: { size: 15, color: styles[bold.kind].textColor[theme.scheme] }, hoverinfo: "skip", meta: "mark", cliponaxis: false,
    marker: { symbol: "circle", size: 11, color: styles[bold.kind].color[theme.scheme], line: { width: 2, color: theme.text } },
  }];
}

/** Every kind's curves with the smallest and the largest setting. */
function extremes(all) {
  return [...Map.groupBy(all, (curve) => curve.kind).values()].flatMap((fan) => {
    const ordered = fan.filter((curve) => curve.value !== null && !curve.part).toSorted((a, b) => a.value - b.value);
    return ordered.length > 1 ? [ordered[0], ordered.at(-1)] : [];
  });
}
