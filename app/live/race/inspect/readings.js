/** What the drawn curves say at one place: values of the thick curves, and the curve next to a point. Pure functions. */
/** @import { Trace, View } from "../../types.js" */
import { LABELS } from "../chart/axes.js";
import { curveTable } from "../chart/curves.js";
import { signed, written } from "../chart/labels.js";
import { fixed, grouped, spoken } from "../../shared/format.js";

/**
 * From values of a panel's axes to pixels, and from pixels to a value of x.
 * @typedef {{ x: (value: number) => number, y: (value: number) => number, value: (px: number) => number }} Place
 * @typedef {{ name: string, color: string, value: string, spread: string, number: number, suffix: string, x: number, y: number }} Reading
 * @typedef {{ trace: Trace, index: number, px: number, x: number, y: number }} Hit
 */

/** A curve is meant from this far, and its line goes on so far beyond its last point. */
export const REACH_PX = 12;
/** The curves that have a value in the card: the first of these that is drawn. */
const READ = /** @type {const} */ (["running", "test", "clean"]);
/** What the pointer does not find: they lie behind everything, or say nothing of themselves. */
const SILENT = new Set(["raw", "band", "unseen", "link"]);

/**
 * Which curve is read, in words with its unit: `training error (%), mean of up to 50 steps`.
 * @type {(view: View) => { meta: string, words: string } | null}
 */
export function readCurve(view) {
  const meta = READ.find((curve) => view.curves.includes(curve) && (curve !== "clean" || view.layout !== "gap"));
  if (!meta) return null;
  const { unit, difference } = LABELS[view.metric];
  const [what, ...rest] = curveTable(view)[meta][2].split(", ");
  const words = view.layout === "gap" ? `difference in ${what} (${difference})` : `${what} (${unit.trim()})`;
  return { meta, words: [words, ...rest].join(", ") };
}

/**
 * The place under the pointer in words: `step 1,200`, `epoch 2.35`, `12.3 s of training`.
 * @type {(x: number, view: View) => string}
 */
export function placeText(x, { x: kind }) {
  if (kind === "step") return `step ${grouped(Math.max(0, Math.round(x)))}`;
  return kind === "epoch" ? `epoch ${fixed(x, 2)}` : `${fixed(x, 1)} s of training`;
}

/**
 * The values of every thick curve at the measured point next to x, the largest first; curves without a point near are last.
 * places: of each panel by the suffix of its axes.
 * @type {(data: Trace[], x: number, view: View, places: Map<string, Place>) => Reading[]}
 */
export function readings(data, x, view, places) {
  const { meta } = readCurve(view) ?? {};
  const list = data.filter((trace) => trace.meta === meta && trace.name && places.has(suffixOf(trace))).map((trace) => {
    const place = /** @type {Place} */ (places.get(suffixOf(trace)));
    const index = nextTo(trace, x, place);
    const value = index < 0 ? null : trace.y[index], range = index < 0 ? null : trace.customdata?.[index];
    return {
      name: plain(trace.name), color: trace.line?.color ?? trace.marker?.color ?? "", value: value === null ? "–" : told(value, view),
      spread: Array.isArray(range) ? `${told(range[0], view)} to ${told(range[1], view)}` : "", number: value ?? -Infinity,
      suffix: suffixOf(trace), x: value === null ? NaN : trace.x[index], y: value ?? NaN,
    };
  });
  return list.toSorted((a, b) => b.number - a.number);
}

/**
 * The curve or mark next to a point of one panel, in pixels; null where none is within reach. `index` is of its point next to there.
 * @type {(data: Trace[], suffix: string, at: { x: number, y: number }, place: Place) => Hit | null}
 */
export function nearest(data, suffix, at, place) {
  const hits = data.filter((trace) => suffixOf(trace) === suffix && !SILENT.has(trace.meta)).flatMap((trace) => hitOf(trace, at, place) ?? []);
  // A mark lies over its curve: of two at about one distance the later is on top.
  return hits.reduce((/** @type {Hit | null} */ best, hit) => (best && best.px + 0.5 < hit.px ? best : hit), null);
}

/**
 * What Plotly would say of a point, in lines: its template with the values in their places.
 * @type {(hit: Hit) => string[]}
 */
export function hoverLines({ trace, index }) {
  const template = [trace.hovertemplate ?? ""].flat()[0].replace("<extra></extra>", "");
  const fields = { x: trace.x, y: trace.y, text: trace.text ?? [], customdata: trace.customdata ?? [] };
  const filled = template.replace(/%\{(x|y|text|customdata)(?:\[(\d)\])?(?::([^}]*))?\}/g, (/** @type {string} */ _all, /** @type {keyof typeof fields} */ key, /** @type {string} */ part, /** @type {string} */ format) => {
    const value = part === undefined ? fields[key][index] : fields[key][index][Number(part)];
    return formatted(value, format);
  });
  return filled.split("<br>").map(plain);
}

/** @type {(value: unknown, format: string | undefined) => string} */
function formatted(value, format) {
  if (typeof value !== "number" || !format) return String(value);
  if (format.endsWith("d")) return grouped(Math.round(value));
  const digits = Number(/\.(\d)/.exec(format)?.[1]);
  if (format.endsWith("g")) return spoken(value, digits);
  return `${format.startsWith("+") && value > 0 ? "+" : ""}${fixed(value, digits)}`.replace("-", "−");
}

/** @type {(value: number, view: View) => string} */
function told(value, { metric, layout }) {
  return layout === "gap" ? signed(value, metric) : written(value, metric);
}

/** @param {Trace} trace */
function suffixOf({ xaxis = "x" }) {
  return xaxis.slice(1);
}

/** Text as it was before `escaped`. @param {string} text */
function plain(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&#37;", "%").replaceAll("&amp;", "&");
}

/**
 * The point with a value next to x, -1 where the curve does not reach there.
 * @type {(trace: Trace, x: number, place: Place) => number}
 */
function nextTo({ x: list, y }, x, place) {
  const from = firstFrom(list, x);
  const [before, after] = [withValue(y, from - 1, -1), withValue(y, from, 1)];
  const px = (/** @type {number} */ index) => Math.abs(place.x(list[index]) - place.x(x));
  if (before >= 0 && after < y.length) return px(before) < px(after) ? before : after;
  const end = before >= 0 ? before : after;
  return end < y.length && px(end) <= REACH_PX ? end : -1;
}

/**
 * The first point with a value from a place on in a direction; -1 or the length where there is none.
 * @type {(y: (number | null)[], index: number, by: 1 | -1) => number}
 */
function withValue(y, index, by) {
  while (index >= 0 && index < y.length && (y[index] === null || !Number.isFinite(y[index]))) index += by;
  return index;
}

/** @type {(sorted: number[], value: number) => number} */
function firstFrom(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @type {(trace: Trace, at: { x: number, y: number }, place: Place) => Hit | null} */
function hitOf(trace, at, place) {
  const { x, y } = trace, lines = trace.mode?.includes("lines");
  // The points of a line are in order, and many; marks are few.
  const first = lines ? Math.max(0, withValue(y, firstFrom(x, place.value(at.x - REACH_PX)) - 1, -1)) : 0;
  const last = lines ? Math.min(y.length - 1, withValue(y, firstFrom(x, place.value(at.x + REACH_PX)), 1)) : y.length - 1;
  /** @type {Hit | null} */
  let best = null;
  let before = null;
  for (let index = first; index <= last; index += 1) {
    if (y[index] === null || !Number.isFinite(y[index])) {
      if (!trace.connectgaps) before = null;
      continue;
    }
    const point = { index, x: place.x(x[index]), y: place.y(y[index]) };
    const share = lines && before ? along(before, point, at) : 1;
    const foot = before && share < 1 ? { x: before.x + share * (point.x - before.x), y: before.y + share * (point.y - before.y) } : point;
    const px = Math.hypot(foot.x - at.x, foot.y - at.y);
    if (px <= (best?.px ?? REACH_PX)) best = { trace, index: before && share < 0.5 ? before.index : index, px, x: foot.x, y: foot.y };
    before = point;
  }
  return best;
}

/**
 * Where on a line from a to b its point next to a place lies, from 0 to 1.
 * @type {(a: { x: number, y: number }, b: { x: number, y: number }, at: { x: number, y: number }) => number}
 */
function along(a, b, at) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  return length ? Math.min(1, Math.max(0, ((at.x - a.x) * dx + (at.y - a.y) * dy) / length)) : 1;
}
