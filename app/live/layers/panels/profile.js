/** A profile over the layers as a Plotly figure: one line for each arm, a dotted ghost at step 0. Its range covers the history. */
import { pushedApart } from "../../shared/axis_labels.js";
import { seeThrough } from "../../shared/plot_style.js";
import { plural, spoken } from "../../shared/format.js";
import { FONT_PX, axisOf, layoutOf } from "./plot.js";

const LABEL_PX = FONT_PX + 3;
/** Labels at the line ends at most: the chips above name more lines. */
const MAX_LABELS = 8;
/** Lines of fewer points have markers. */
const FEW_POINTS = 30;
/** Below this width a finger scrolls the page instead of a zoom. */
export const NARROW_PX = 400;
/** The cost of a label over a line, a ghost or another label, in pixels of distance. */
const COST = { line: 60, ghost: 8, label: 400 };
/** Beyond this distance from its line's end a label has a leader. */
const TIED_PX = 14;
const LETTER_PX = 0.55 * FONT_PX;
const BAND_OPACITY = 0.16, PLACE_OPACITY = 0.1;

/**
 * lines: [{ run, label, color, textColor, seeds: the columns of each }]; form: "order" or "sorted"; place: the layers that
 * are marked, { key: of a line, first, last, word } or null. Returns { data, layout }; each trace's `meta` is its run and
 * `customdata` the place of each point in the net, null for a rank of several seeds.
 */
export function buildProfile({ lines, scale, form, step, ghosts, place = null }, theme, room) {
  const row = scale.row;
  const shown = lines.map((line) => ({ ...line, end: atEnd(line.label), ...readings(line.seeds, scale, step, form, ghosts) })).filter(({ now }) => now.length);
  const range = scale.ranges().all;
  const deepest = Math.max(2, ...lines.flatMap(({ seeds }) => seeds.map((columns) => columns.places(row).length)));
  const named = shown.length <= MAX_LABELS;
  const right = named && shown.length ? 16 + LETTER_PX * Math.max(...shown.map(({ end }) => end.length)) : 12;
  const layout = layoutOf(theme, { ...room, uirevision: `${row.name} ${form} ${deepest}`, right, dragmode: room.width < NARROW_PX ? false : "zoom" });
  const { margin } = layout;
  const height = room.height - margin.t - margin.b;
  layout.xaxis = axisOf(theme, axisTitle(scale, form), { range: [0.5 - 0.01 * deepest, deepest + 0.5 + 0.01 * deepest], nticks: 8 });
  layout.yaxis = axisOf(theme, "", { type: scale.log ? "log" : "linear", range, ...ticks(scale, range, height) });
  const panel = { range, scale, deepest, perUnit: height / Math.max(1e-9, range[1] - range[0]), perPlace: (room.width - margin.l - margin.r) / (1.02 * deepest), height };
  const marked = form === "order" && place && shown.find(({ key }) => key === place.key);
  layout.shapes = [...reference(scale, range, theme), ...(marked ? [shade(place, marked, theme)] : [])];
  layout.annotations = annotations({ shown, named, marked, place }, panel, theme);
  return { data: shown.flatMap((line) => traces(line, scale, theme)), layout };
}

/** The name at a line's end: the chips above have the layers beside the blocks. */
function atEnd(label) {
  return label.replace(/ \([\d,]+ layers\)/, "");
}

function axisTitle({ place }, form) {
  return form === "sorted" ? `${place}s, largest first` : `${place}, from the input to the output`;
}

function ticks(scale, range, px) {
  const values = scale.ticks(range, Math.max(3, Math.floor(px / 30)));
  return { tickvals: values, ticktext: values.map((value) => spoken(value)) };
}

/** What a line shows: { now, start: points as of `spread` }, without a start where there is none. */
function readings(seeds, scale, step, form, ghosts) {
  const name = scale.row.name;
  const finite = (code) => (Number.isFinite(scale.value(code)) ? scale.value(code) : null);
  const numbers = (lists) => spread(lists.filter((codes) => codes?.some(Boolean)).map((codes) => Array.from(codes, finite)), form, scale.log);
  const start = ghosts ? seeds.filter((columns) => columns.steps[0] === 0).map((columns) => columns.codes(name, 0)) : [];
  const now = seeds.map((columns) => columns.codes(name, columns.at(step)));
  return { now: now.every((codes) => !codes) ? [] : numbers(now), start: numbers(start) };
}

/**
 * The values of some nets of one arm as points in the order of the form: [{ value, low, high, place }], value is their mean,
 * the geometric one on a logarithmic scale. A sorted form drops missing values.
 */
export function spread(lists, form, log) {
  const sorted = lists.map((list) => list.map((value, place) => ({ value, low: value, high: value, place }))).map((points) => (
    form === "sorted" ? points.filter(({ value }) => value !== null).toSorted((a, b) => b.value - a.value) : points
  ));
  if (sorted.length < 2) return sorted[0] ?? [];
  return Array.from({ length: Math.min(...sorted.map(({ length }) => length)) }, (_, at) => {
    const values = sorted.map((points) => points[at].value).filter((value) => value !== null);
    const place = form === "sorted" ? null : at;
    if (!values.length) return { value: null, low: null, high: null, place };
    const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
    return { value: log ? Math.exp(mean(values.map(Math.log))) : mean(values), low: Math.min(...values), high: Math.max(...values), place };
  });
}

function traces({ run, label, color: colors, seeds, now, start }, scale, theme) {
  const places = seeds[0].places(scale.row);
  const color = colors[theme.scheme];
  const make = (points, style) => ({
    type: "scatter", meta: run, ...style, x: points.map((_, index) => index + 1), y: points.map(({ value }) => value), customdata: points.map(({ place }) => place),
  });
  const drawn = make(now, { mode: now.length < FEW_POINTS ? "lines+markers" : "lines", line: { color, width: 2.4 }, marker: { color, size: 5 } });
  const several = seeds.length > 1;
  drawn.text = now.map(({ value, place, low, high }, index) => [
    place === null ? `of rank ${index + 1}` : `${place + 1}: ${places[place]?.[0] ?? ""}`,
    several ? `<br>mean of ${plural(seeds.length, "seed")}, ${spoken(low)} to ${spoken(high)}` : "",
    `<br>${scale.row.label} ${spoken(value)}`,
  ].join(""));
  drawn.hovertemplate = `<b>${label}</b> ${scale.place} %{text}<extra></extra>`;
  const ghost = start.length ? [make(start, { mode: "lines", line: { color, width: 1.4, dash: "1.5px,3px" }, opacity: 0.75, hoverinfo: "skip" })] : [];
  return [...(several ? [band(now, run, color)] : []), ...ghost, drawn];
}

/** From the smallest to the largest seed. */
function band(points, run, color) {
  const known = points.map((point, index) => ({ ...point, x: index + 1 })).filter(({ value }) => value !== null);
  return {
    type: "scatter", mode: "lines", meta: run, x: [...known, ...known.toReversed()].map(({ x }) => x), y: [...known.map(({ high }) => high), ...known.toReversed().map(({ low }) => low)],
    fill: "toself", fillcolor: seeThrough(color, BAND_OPACITY), line: { width: 0, color }, hoverinfo: "skip",
  };
}

/** The marked layers as a shade. */
function shade({ first, last }, { color }, theme) {
  return { type: "rect", xref: "x", yref: "y domain", x0: first + 0.5, x1: last + 1.5, y0: 0, y1: 1, line: { width: 0 }, fillcolor: seeThrough(color[theme.scheme], PLACE_OPACITY), layer: "below" };
}

/** The quantity's neutral value as a line within the range. */
function reference(scale, [low, high], theme) {
  const { neutral } = scale.row;
  const at = neutral === null ? NaN : scale.onAxis(neutral);
  const line = { color: theme.muted, width: 1, dash: "6px,4px" };
  return at > low && at < high ? [{ type: "line", xref: "x domain", yref: "y", x0: 0, x1: 1, y0: neutral, y1: neutral, line, layer: "below" }] : [];
}

/** The word at the marked layers, and names at the line ends: pushed apart in the margin, inside the panel at the cheapest place, with a leader to a far end. */
function annotations({ shown, named, marked, place }, panel, theme) {
  const { range, perUnit, deepest, height } = panel;
  const path = (points) => points.map(({ value }) => (value === null ? null : (panel.scale.onAxis(value) - range[0]) * perUnit));
  const paths = [...shown.map(({ now }) => ({ points: path(now), cost: COST.line })), ...shown.map(({ start }) => ({ points: path(start), cost: COST.ghost }))];
  const taken = [];
  const style = { xref: "x", yref: "y", yanchor: "middle", showarrow: false };
  const texts = [];
  if (marked) {
    const word = worded(place, path(marked.now), panel);
    const spot = beside(word, paths, taken, panel);
    taken.push(spot);
    const { text, align } = word;
    const side = align === "left" ? { x: spot.x, xshift: 5 } : { x: spot.to, xshift: -5 };
    texts.push({ ...style, text, align, xanchor: align, ...side, y: range[0] + spot.at / perUnit, font: { size: FONT_PX, color: marked.textColor[theme.scheme] } });
  }
  if (!named) return texts;
  const ends = shown.flatMap((line, index) => {
    const at = paths[index].points.findLastIndex((y) => y !== null);
    return at < 0 ? [] : [{ line, x: at + 1, natural: paths[index].points[at], px: LABEL_PX, width: 10 + LETTER_PX * line.end.length }];
  });
  const inside = ends.filter(({ x }) => x < 0.97 * deepest).map((end) => {
    const spot = beside(end, paths, taken, panel);
    taken.push(spot);
    return spot;
  });
  const outside = pushedApart(ends.filter(({ x }) => x >= 0.97 * deepest), { top: height });
  return [...texts, ...[...outside, ...inside].map(({ line, x, at, natural }) => {
    const tied = x < 0.97 * deepest && Math.abs(at - natural) > TIED_PX;
    const name = { ...style, text: line.end, x, xanchor: "left", font: { size: FONT_PX, color: line.textColor[theme.scheme] } };
    if (!tied) return { ...name, y: range[0] + at / perUnit, xshift: 5 };
    return { ...name, y: range[0] + natural / perUnit, ax: 8, ay: natural - at, showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: line.color[theme.scheme], standoff: 3 };
  })];
}

/** The word of the marked layers in two lines, on the side of them that has more room, at first beside their values. */
function worded({ first, last, word }, path, { perPlace, deepest }) {
  const lines = word.split(": ");
  const width = 10 + LETTER_PX * Math.max(...lines.map(({ length }) => length));
  const values = path.slice(first, last + 1).filter((y) => y !== null);
  const align = last + 1 > deepest / 2 ? "right" : "left";
  const [from, to] = align === "left" ? [last + 1.5, last + 1.5 + width / perPlace] : [first + 0.5 - width / perPlace, first + 0.5];
  const natural = values.reduce((sum, y) => sum + y, 0) / Math.max(1, values.length);
  return { text: `${lines[0]}:<br><b>${lines[1]}</b>`, align, x: from, to, width, px: 2 * LABEL_PX + 4, natural };
}

/** A text that begins at a place, with the cheapest height. */
function beside(end, paths, taken, { perPlace, height }) {
  const { px } = end;
  const [from, to] = [end.x, end.x + end.width / perPlace];
  const near = paths.map(({ points, cost }) => ({ cost, points: points.slice(Math.max(0, Math.floor(from) - 1), Math.ceil(to)).filter((y) => y !== null) }));
  const cost = (y) => {
    const [low, high] = [y - px / 2, y + px / 2];
    let sum = Math.abs(y - end.natural);
    for (const { points, cost: each } of near) {
      for (let at = 0; at + 1 < points.length; at += 1) if (Math.max(points[at], points[at + 1]) > low && Math.min(points[at], points[at + 1]) < high) sum += each;
    }
    for (const other of taken) if (Math.abs(other.at - y) < (px + other.px) / 2 && other.x < to && end.x < other.to) sum += COST.label;
    return sum;
  };
  let best = { at: end.natural, cost: Infinity };
  for (let y = px / 2; y <= height - px / 2; y += 4) {
    const spot = { at: y, cost: cost(y) };
    if (spot.cost < best.cost) best = spot;
  }
  return { ...end, to, at: best.at };
}
