/** A profile over the layers as a Plotly figure: one line for each run, a dotted ghost at step 0. Its range covers the history. */
import { pushedApart } from "../../shared/axis_labels.js";
import { axisSuffix } from "../../shared/plot_style.js";
import { spoken } from "../../shared/format.js";
import { FONT_PX, axisOf, layoutOf } from "./plot.js";

const LABEL_PX = FONT_PX + 3;
/** Labels at the line ends at most: the chips above name more lines. */
const MAX_LABELS = 8;
/** Lines of fewer points have markers. */
const FEW_POINTS = 30;
const GAP = 0.17;
/** Below this width a finger scrolls the page instead of a zoom. */
export const NARROW_PX = 400;
/** The cost of a label over a line, a ghost or another label, in pixels of distance. */
const COST = { line: 60, ghost: 8, label: 400 };
/** Beyond this distance from its line's end a label has a leader. */
const TIED_PX = 14;

/**
 * lines: [{ run, label, color, textColor, columns }]; forms: of "order" and "sorted", one panel each, stacked.
 * Returns { data, layout }; each trace's `meta` is its run and `customdata` the place of each point in the net.
 */
export function buildProfile({ lines, scale, forms, step, ghosts }, theme, room) {
  const row = scale.row;
  const shown = lines.map((line) => ({ ...line, ...readings(line.columns, scale, step) })).filter((line) => line.now);
  const range = scale.ranges().all;
  const deepest = Math.max(2, ...lines.map(({ columns }) => columns.places(row).length));
  const named = shown.length <= MAX_LABELS;
  const right = named && shown.length ? 16 + 0.55 * FONT_PX * Math.max(...shown.map(({ label }) => label.length)) : 12;
  const layout = layoutOf(theme, { ...room, uirevision: `${row.name} ${deepest}`, right, dragmode: room.width < NARROW_PX ? false : "zoom", annotations: [], shapes: [] });
  const { margin } = layout;
  const data = [];
  const size = (1 - GAP * (forms.length - 1)) / forms.length;
  const panelPx = (room.height - margin.t - margin.b) * size;
  forms.forEach((form, index) => {
    const suffix = axisSuffix(index);
    const top = 1 - index * (size + GAP);
    layout[`xaxis${suffix}`] = axisOf(theme, axisTitle(scale, form), { domain: [0, 1], anchor: `y${suffix}`, range: [0.5 - 0.01 * deepest, deepest + 0.5 + 0.01 * deepest], nticks: 8 });
    layout[`yaxis${suffix}`] = axisOf(theme, "", { domain: [Math.max(0, top - size), top], anchor: `x${suffix}`, type: scale.log ? "log" : "linear", range, ...ticks(scale, range, panelPx) });
    layout.shapes.push(...reference(scale, suffix, range, theme));
    for (const line of shown) data.push(...traces(ghosts ? line : { ...line, start: null }, form, suffix, scale, theme));
    if (named) {
      const panel = { suffix, range, scale, deepest, perUnit: panelPx / Math.max(1e-9, range[1] - range[0]), perPlace: (room.width - margin.l - margin.r) / (1.02 * deepest), height: panelPx };
      layout.annotations.push(...labels(shown, form, panel, ghosts, theme));
    }
  });
  return { data, layout };
}

function axisTitle({ place }, form) {
  return form === "sorted" ? `${place}s, largest first` : `${place}, from the input to the output`;
}

function ticks(scale, range, px) {
  const values = scale.ticks(range, Math.max(3, Math.floor(px / 30)));
  return { tickvals: values, ticktext: values.map((value) => spoken(value)) };
}

/** Values now and at the start as numbers, null where there is none. */
function readings(columns, scale, step) {
  const name = scale.row.name;
  const finite = (value) => (Number.isFinite(value) ? value : null);
  const numbers = (codes) => codes && Array.from(codes, (code) => finite(scale.value(code)));
  const first = columns.steps[0] === 0 ? columns.codes(name, 0) : null;
  return { now: numbers(columns.codes(name, columns.at(step))), start: first?.some(Boolean) ? numbers(first) : null };
}

/** [value, place] in the order of the form; a sorted form drops missing values. */
function arranged(list, form) {
  const pairs = list.map((value, place) => [value, place]);
  return form === "sorted" ? pairs.filter(([value]) => value !== null).toSorted((a, b) => b[0] - a[0]) : pairs;
}

function traces(line, form, suffix, scale, theme) {
  const places = line.columns.places(scale.row);
  const axes = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, type: "scatter", meta: line.run };
  const make = (list, style) => {
    const pairs = arranged(list, form);
    return { ...axes, ...style, x: pairs.map((_, index) => index + 1), y: pairs.map(([value]) => value), customdata: pairs.map(([, place]) => place) };
  };
  const color = line.color[theme.scheme];
  const drawn = make(line.now, {
    mode: line.now.length < FEW_POINTS ? "lines+markers" : "lines",
    line: { color, width: 2.4 }, marker: { color, size: 5 },
  });
  drawn.text = drawn.customdata.map((place) => `${place + 1}: ${places[place]?.[0] ?? ""}`);
  drawn.hovertemplate = `<b>${line.label}</b> ${scale.place} %{text}<br>${scale.row.label} %{y:.3~g}<extra></extra>`;
  if (!line.start) return [drawn];
  return [make(line.start, { mode: "lines", line: { color, width: 1.4, dash: "1.5px,3px" }, opacity: 0.75, hoverinfo: "skip" }), drawn];
}

/** The quantity's neutral value as a line within the range. */
function reference(scale, suffix, [low, high], theme) {
  const { neutral } = scale.row;
  const at = neutral === null ? NaN : scale.onAxis(neutral);
  const line = { color: theme.muted, width: 1, dash: "6px,4px" };
  return at > low && at < high ? [{ type: "line", xref: `x${suffix} domain`, yref: `y${suffix}`, x0: 0, x1: 1, y0: neutral, y1: neutral, line, layer: "below" }] : [];
}

/** Names at the line ends: pushed apart in the margin, inside the panel at the cheapest place, with a leader to a far end. */
function labels(shown, form, panel, ghosts, theme) {
  const { range, perUnit, deepest } = panel;
  const pixel = (value) => (panel.scale.onAxis(value) - range[0]) * perUnit;
  const path = (list) => arranged(list, form).map(([value]) => (value === null ? null : pixel(value)));
  const paths = shown.map((line) => ({ points: path(line.now), cost: COST.line }));
  if (ghosts) for (const { start } of shown) if (start) paths.push({ points: path(start), cost: COST.ghost });
  const ends = shown.flatMap((line, index) => {
    const at = paths[index].points.findLastIndex((y) => y !== null);
    return at < 0 ? [] : [{ line, x: at + 1, natural: paths[index].points[at], px: LABEL_PX }];
  });
  const outside = pushedApart(ends.filter(({ x }) => x >= 0.97 * deepest), { top: panel.height });
  const taken = [];
  for (const end of ends.filter(({ x }) => x < 0.97 * deepest)) taken.push(beside(end, paths, taken, panel));
  return [...outside, ...taken].map(({ line, x, at, natural }) => {
    const tied = x < 0.97 * deepest && Math.abs(at - natural) > TIED_PX;
    const style = { text: line.label, x, xref: `x${panel.suffix}`, yref: `y${panel.suffix}`, xanchor: "left", yanchor: "middle", font: { size: FONT_PX, color: line.textColor[theme.scheme] } };
    if (!tied) return { ...style, y: range[0] + at / perUnit, xshift: 5, showarrow: false };
    return { ...style, y: range[0] + natural / perUnit, ax: 8, ay: natural - at, showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: line.color[theme.scheme], standoff: 3 };
  });
}

/** A line end with the cheapest height of its label. */
function beside(end, paths, taken, { perPlace, height }) {
  const width = 10 + 0.55 * FONT_PX * end.line.label.length;
  const [from, to] = [end.x, end.x + width / perPlace];
  const near = paths.map(({ points, cost }) => ({ cost, points: points.slice(Math.max(0, Math.floor(from) - 1), Math.ceil(to)).filter((y) => y !== null) }));
  const cost = (y) => {
    const [low, high] = [y - LABEL_PX / 2, y + LABEL_PX / 2];
    let sum = Math.abs(y - end.natural);
    for (const { points, cost: each } of near) {
      for (let at = 0; at + 1 < points.length; at += 1) if (Math.max(points[at], points[at + 1]) > low && Math.min(points[at], points[at + 1]) < high) sum += each;
    }
    for (const other of taken) if (Math.abs(other.at - y) < LABEL_PX && other.x < to && end.x < other.to) sum += COST.label;
    return sum;
  };
  let best = { at: end.natural, cost: Infinity };
  for (let y = LABEL_PX / 2; y <= height - LABEL_PX / 2; y += 4) {
    const place = { at: y, cost: cost(y) };
    if (place.cost < best.cost) best = place;
  }
  return { ...end, to, at: best.at };
}
