/**
 * Names at the line ends, inside the panel: beside the end where the curve leaves room, else above or below the curve,
 * pushed apart. Many names stand in a column right of the panel, tied to their ends by thin lines. Where the end is not seen
 * the name stands at the last point that is. Pure functions.
 */
/** @import { Theme, LineEnd, Layout, Metric, Panel, View } from "../../types.js" */
import { nameLines, onAxis, sizes } from "./axes.js";
import { fixed, spoken } from "../../shared/format.js";
import { seeThrough } from "../../shared/plot_style.js";

/** Width of a letter on the average as a share of its height; what stands between a curve and its name, in pixels. */
const LETTER = 0.54, APART_PX = 5;
/**
 * A label that is wider than this share of its panel leaves out when it was measured: its mark says it as well. In a panel
 * that is too narrow for so many letters every label does, so that two beside each other say the same.
 */
const WIDE = 0.6, USUAL_LETTERS = "plain-56 at the end ○ 66.1".length;
/** A name that a curve carries this far up, in heights of the name, stands below the curve where there is room. */
const FAR = 2;
/** A name is moved at most so many of its heights off another line, in steps of this share of a height. */
const OFF = 2.5, STEP = 0.25;
/** A name that finds no room near its curve's end is broken into lines of so many letters. */
const SHORT_LETTERS = 18;

/** More names than these find no room between the curves of one panel. Their column takes this share of its width at most. */
const MAX_INSIDE = 4, MAX_COLUMN = 0.3;
/** Between the panel and its column: the lines, and the half of the last marks. A line begins this far from the end of its curve. */
const LEAD_PX = 18, MARK_PX = 8;
/** What stands behind a name; where another curve goes through there, it is hidden. */
const BEHIND = 0.7, BEHIND_STRUCK = 0.85;
/** What a label says behind the name: the mark, and a value. */
const VALUE = " ○ 66.1";

/**
 * A label in pixels from the panel's lower left corner: its line's last point that is seen, and the middle of its box.
 * @typedef {LineEnd & { lines: string[], px: number, wide: number, at: [x: number, y: number], from: number, beside: boolean, outside: boolean, low: number, high: number, middle: number, path: [number, number][] }} Box
 */

/**
 * Plotly's annotations at the line ends. The ends have x and y in the axes' own units, and the value as it is written.
 * level: a line across the panel that would strike a name out, in the axis's own unit.
 * @type {(ends: LineEnd[], view: Pick<View, "big" | "scale" | "zoom">, theme: Theme, panel: Omit<Panel, "end">, level?: number) => Layout[]}
 */
export function endLabels(ends, view, theme, panel, level) {
  const { suffix, x: [left], axis: [bottom] } = panel;
  const { perX, perY } = scales(panel);
  const all = ends.flatMap((end) => roomy(boxOf(end, view, panel), panel.heightPx) ?? boxOf(end, view, panel, SHORT_LETTERS) ?? []).toSorted((a, b) => a.at[1] - b.at[1]);
  const column = spread(all.filter((box) => box.outside), panel.heightPx), boxes = all.filter((box) => !box.outside);
  beside(boxes, panel.heightPx);
  const levels = level === undefined ? [] : [(level - bottom) * perY];
  for (const line of levels) for (const box of boxes) clear(box, line);
  const place = (/** @type {Box} */ { at }) => ({ x: at[0] / perX + left, y: at[1] / perY + bottom, xref: `x${suffix}`, yref: `y${suffix}` });
  const name = (/** @type {Box} */ box) => {
    const side = box.beside ? "left" : "right", behind = linesAt(box, all).some((line) => strikes(line, box, box.middle)) ? BEHIND_STRUCK : BEHIND;
    return {
      ...place(box), text: box.lines.join("<br>"), showarrow: false, xanchor: side, yanchor: "middle", align: side, xshift: box.beside ? box.from - box.at[0] : -1, yshift: box.middle - box.at[1],
      bgcolor: seeThrough(theme.page, behind), borderpad: 0, font: { size: sizes(view).label, color: box.textColor[theme.scheme] },
    };
  };
  const tie = (/** @type {Box} */ box) => ({
    ...place(box), text: "", showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: box.color[theme.scheme], standoff: MARK_PX, ax: box.from - box.at[0] - 2, ay: box.at[1] - box.middle,
  });
  return [...column.map(tie), ...column.map(name), ...offLines(apart(boxes, panel.heightPx), all, panel.heightPx, levels).map(name)];
}

/**
 * How wide the column of the names beside each panel is, in pixels; 0 where the fullest panel has room for its names inside.
 * panelPx: of a panel with its column.
 * @type {(panels: string[][], view: Pick<View, "big">, panelPx: number) => number}
 */
export function columnPx(panels, view, panelPx) {
  if (!panels.some((names) => names.length > MAX_INSIDE)) return 0;
  const letters = Math.max(...panels.flat().flatMap((name) => nameLines(brief(name) + VALUE).map((line) => line.length)));
  return Math.ceil(Math.min(MAX_COLUMN * panelPx, letterPx(view) * letters + 2 * APART_PX + LEAD_PX));
}

/** The usual width of a letter of a name in pixels. @param {Pick<View, "big">} view */
function letterPx(view) {
  return LETTER * sizes(view).label;
}

/**
 * Names in the column: each as near to the height of its end as the others let it, in the order of the ends. Of more names than
 * there is room for those go whose neighbours are nearest: the chips beside the chart have all.
 * @type {(boxes: Box[], top: number) => Box[]} boxes: from below to above
 */
function spread(boxes, top) {
  const kept = [...boxes], total = () => kept.reduce((sum, { px }) => sum + px, 0);
  while (kept.length > 1 && total() > top) {
    const near = (/** @type {number} */ index) => (kept[index + 1]?.at[1] ?? Infinity) - (kept[index - 1]?.at[1] ?? -Infinity);
    kept.splice(kept.reduce((least, _, index) => (near(index) < near(least) ? index : least), 0), 1);
  }
  // Neighbours that would meet become one block, which stands where its names are nearest to their ends on the average.
  /** @type {{ boxes: Box[], px: number, wanted: number, from: number }[]} */
  const blocks = [];
  const inside = (/** @type {{ px: number, wanted: number, boxes: Box[] }} */ { px, wanted, boxes: { length } }) => Math.max(0, Math.min(top - px, wanted / length));
  for (const box of kept) {
    let block = { boxes: [box], px: box.px, wanted: box.at[1] - box.px / 2, from: 0 };
    block.from = inside(block);
    for (let below = blocks.at(-1); below && below.from + below.px > block.from; below = blocks.at(-1)) {
      blocks.pop();
      block = { boxes: [...below.boxes, ...block.boxes], px: below.px + block.px, wanted: below.wanted + block.wanted - block.boxes.length * below.px, from: 0 };
      block.from = inside(block);
    }
    blocks.push(block);
  }
  for (const { boxes: names, from } of blocks) {
    let edge = from;
    for (const box of names) {
      box.middle = edge + box.px / 2;
      edge += box.px;
    }
  }
  return kept;
}

/** The heights of the lines of other curves behind a name. @type {(box: Box, all: Box[]) => number[][]} */
function linesAt(box, all) {
  if (box.outside) return [];
  return all.filter((other) => other !== box).map(({ path }) => between(path, box.from, box.from + box.wide)).filter((line) => line.length);
}

/** Whether a line goes through a name in the middle of a height. @type {(line: number[], box: Box, at: number) => boolean} */
function strikes(line, { px }, at) {
  return Math.min(...line) < at + px / 2 && Math.max(...line) > at - px / 2;
}

/** @param {Pick<Panel, "x" | "axis" | "widthPx" | "heightPx">} panel */
function scales({ x: [left, right], axis: [bottom, top], widthPx, heightPx }) {
  return { perX: widthPx / Math.max(1e-9, right - left), perY: heightPx / Math.max(1e-9, top - bottom) };
}

/** A box that has room above its curve, or below it near the end; else null. @type {(box: Box | null, top: number) => Box | null} */
function roomy(box, top) {
  return box && !box.beside && head([box]) > top && !isNear(box) ? null : box;
}

/** Whether a name below its curve stands near the curve's end. @param {Box} box */
function isNear({ at: [, y], low, px }) {
  return y - low <= FAR * px;
}

/** @type {(end: LineEnd, view: Pick<View, "big" | "scale" | "zoom">, panel: Omit<Panel, "end">, letters?: number) => Box | null} */
function boxOf(end, view, panel, letters) {
  const { x: [left], axis: [bottom], widthPx, heightPx } = panel;
  const { perX, perY } = scales(panel), { label: font } = sizes(view), { columnPx: room = 0 } = panel;
  const place = (/** @type {number} */ x, /** @type {number} */ y) => /** @type {[number, number]} */ ([(x - left) * perX, (y - bottom) * perY]);
  const within = (/** @type {[number, number]} */ [x, y]) => x >= 0 && x <= widthPx + 1 && (y >= 0 && y <= heightPx || !view.zoom);
  const curve = points(end, view).map(([x, y]) => place(x, y));
  const own = place(end.x, end.y);
  const at = within(own) ? own : curve.findLast(within);
  if (!at) return null;
  at[1] = Math.min(heightPx, Math.max(0, at[1]));
  // Away from its end a curve has another value than the one that is told.
  const most = room ? Math.min(letters ?? Infinity, Math.floor((room - LEAD_PX - 2 * APART_PX) / (LETTER * font))) : letters;
  const short = { ...end, kind: end.kind?.replace(/^at the end /, "") };
  const texts = at !== own ? [nameLines(brief(end.name), most)] : room ? [narrow(short, most ?? 1)] : [words(end, most), words(short, most)];
  const widths = texts.map((lines) => LETTER * font * Math.max(...lines.map((line) => line.replace(/<\/?b>/g, "").length)) + 2 * APART_PX);
  const chosen = room || Math.max(widths[0], LETTER * font * USUAL_LETTERS) > WIDE * widthPx ? texts.length - 1 : 0;
  const lines = texts[chosen], wide = widths[chosen];
  const hasRoom = at[0] + wide + APART_PX <= widthPx, outside = room > 0 && !hasRoom, free = hasRoom || outside;
  const covered = between(curve, at[0] - wide, at[0]);
  return { ...end, lines, px: (font + 4) * lines.length, wide, at, from: outside ? widthPx + LEAD_PX : free ? at[0] + 2 * APART_PX : at[0] - wide, beside: free, outside, low: Math.min(at[1], ...covered), high: Math.max(at[1], ...covered), middle: at[1], path: curve };
}

/**
 * The heights of a curve between two places, also where its line alone passes and no point of it lies there.
 * @type {(curve: [number, number][], left: number, right: number) => number[]}
 */
function between(curve, left, right) {
  const after = curve.findIndex(([x]) => x >= left), [a, b] = [curve[after - 1], curve[after]];
  const entry = a && b ? [a[1] + ((left - a[0]) / (b[0] - a[0])) * (b[1] - a[1])] : [];
  return [...entry, ...curve.filter(([x]) => x >= left && x <= right).map(([, y]) => y)];
}

/**
 * The points of an end's curve in the axes' own units.
 * @type {(end: LineEnd, view: Pick<View, "scale">) => [number, number][]}
 */
function points({ curve }, view) {
  return (curve?.x ?? []).flatMap((x, index) => {
    const y = curve?.y[index];
    return typeof y === "number" && (view.scale !== "log" || y > 0) ? [/** @type {[number, number]} */ ([x, onAxis(y, view)])] : [];
  });
}

/**
 * Put labels above or below their curves. Of curves that end close together the lower half have their names below, and so
 * have those whose names would stand far above, or beyond the panel's top; names on one side stand in the order of the ends.
 * @type {(boxes: Box[], top: number) => void} boxes: from below to above; top: of the panel
 */
function beside(boxes, top) {
  const inside = boxes.filter((box) => !box.beside);
  for (let first = 0, next; first < inside.length; first = next) {
    next = first + 1;
    while (next < inside.length && inside[next].at[1] - inside[next - 1].at[1] < inside[next].px + inside[next - 1].px) next += 1;
    const close = inside.slice(first, next);
    const lower = close.filter(({ low, high, px, at: [, y] }, index) => (close.length > 1 ? index < Math.floor(close.length / 2) || high - y > FAR * px : y - low <= high - y));
    const above = () => close.filter((box) => !lower.includes(box));
    while (head(above()) > top && isNear(above()[0]) && foot([...lower, above()[0]]) >= 0) lower.push(above()[0]);
    while (lower.length && foot(lower) < 0) lower.pop();
    let edge = lower.length ? foot(lower) : 0;
    for (const box of lower) {
      box.middle = edge + box.px / 2;
      edge += box.px;
    }
    edge = 0;
    for (const box of above()) {
      box.middle = Math.max(edge, box.high + APART_PX) + box.px / 2;
      edge = box.middle + box.px / 2;
    }
  }
}

/**
 * The lower edge of names that stand below their curves.
 * @param {Box[]} boxes
 */
function foot(boxes) {
  return Math.min(...boxes.map(({ low }) => low)) - APART_PX - boxes.reduce((sum, { px }) => sum + px, 0);
}

/**
 * The upper edge of names that stand above their curves, from below to above.
 * @param {Box[]} boxes
 */
function head(boxes) {
  return boxes.reduce((edge, { high, px }) => Math.max(edge, high + APART_PX) + px, 0);
}

/** How far the middle of a name stands from a line across the panel. @param {Box} box */
function roomOf({ px }) {
  return (px + APART_PX) / 2;
}

/**
 * Push a label that lies on a line to the nearer side of that line.
 * @type {(box: Box, line: number) => void}
 */
function clear(box, line) {
  const room = roomOf(box), above = box.middle - line;
  if (Math.abs(above) < room) box.middle = line + (above < 0 ? -room : room);
}

/**
 * Push labels that would cover one another upwards in the order of their ends, and down again where they would leave the
 * panel.
 * @type {(boxes: Box[], top: number) => Box[]}
 */
function apart(boxes, top) {
  const placed = boxes.toSorted((a, b) => a.at[1] - b.at[1] || a.middle - b.middle);
  const meet = (/** @type {Box} */ a, /** @type {Box} */ b) => a.from < b.from + b.wide && b.from < a.from + a.wide;
  placed.forEach((box, index) => {
    for (const other of placed.slice(0, index)) if (meet(box, other)) box.middle = Math.max(box.middle, other.middle + (box.px + other.px) / 2);
  });
  placed.toReversed().forEach((box, index, down) => {
    box.middle = Math.min(box.middle, top - box.px / 2);
    for (const other of down.slice(0, index)) if (meet(box, other)) box.middle = Math.min(box.middle, other.middle - (box.px + other.px) / 2);
  });
  return placed;
}

/**
 * Move names inside the panel off the lines of other curves, and off lines across the panel where their neighbours have
 * pushed them, where there is room near by: not over another name, nor over their own curve, nor over a line across the panel.
 * @type {(boxes: Box[], all: Box[], top: number, levels: number[]) => Box[]} all: with those of the column; levels: of the lines across the panel, in pixels
 */
function offLines(boxes, all, top, levels) {
  for (const box of boxes.filter((one) => !one.beside)) {
    const { px, from, wide, middle, low, high } = box, others = boxes.filter((other) => other !== box);
    const lines = linesAt(box, all);
    const names = others.filter((other) => from < other.from + other.wide && other.from < from + wide);
    const isStruck = (/** @type {number} */ at) => lines.some((line) => strikes(line, box, at));
    const isOff = (/** @type {number} */ at, /** @type {number} */ room) => levels.every((line) => Math.abs(at - line) >= room);
    if (!isStruck(middle) && isOff(middle, px / 2)) continue;
    const isFree = (/** @type {number} */ at) => at - px / 2 >= 0 && at + px / 2 <= top && !isStruck(at) && isOff(at, roomOf(box))
      && (middle > (low + high) / 2 ? at - px / 2 >= high : at + px / 2 <= low)
      && names.every((other) => Math.abs(other.middle - at) >= (px + other.px) / 2 && (other.middle > middle) === (other.middle > at));
    const steps = Array.from({ length: Math.round(OFF / STEP) }, (_, index) => (index + 1) * STEP * px);
    box.middle = steps.flatMap((step) => [middle + step, middle - step]).find(isFree) ?? middle;
  }
  return boxes;
}

/**
 * A name without the layers that stand beside its blocks: labels lie over curves, and the chips have the whole name.
 * @param {string} name
 */
function brief(name) {
  return name.replace(/ \(\d+ layers\)/g, "");
}

/** @type {(end: LineEnd, letters?: number) => string[]} */
function words({ name, note, value, kind }, letters) {
  const lines = nameLines(brief(name), letters);
  const told = [kind, value !== null && `<b>${value}</b>`].filter(Boolean).join(" ");
  if (told) lines[lines.length - 1] += ` ${told}`;
  return note ? [...lines, note] : lines;
}

/**
 * The words in lines of a column: a name that is too long breaks at its hyphens, a value that finds no room stands below.
 * @type {(end: LineEnd, letters: number) => string[]}
 */
function narrow({ name, note, value, kind }, letters) {
  const told = [kind, value].filter(Boolean).join(" ");
  const spelled = nameLines(brief(name), letters).flatMap((line) => (line.length > letters ? atHyphens(line, letters) : [line]));
  const fits = `${spelled.at(-1)} ${told}`.length <= letters, bold = told.replace(String(value), `<b>${value}</b>`);
  const lines = !told ? spelled : fits ? [...spelled.slice(0, -1), `${spelled.at(-1)} ${bold}`] : [...spelled, bold];
  return note ? [...lines, note] : lines;
}

/** @type {(line: string, letters: number) => string[]} */
function atHyphens(line, letters) {
  return line.split(/(?<=-)/).reduce((lines, part) => {
    const longer = `${lines.at(-1)}${part}`;
    return lines.length && longer.length <= letters ? [...lines.slice(0, -1), longer] : [...lines, part];
  }, /** @type {string[]} */ ([]));
}

/**
 * A value in a label: an error with one decimal, a loss with three digits.
 * @param {number} value
 * @param {Metric} metric
 */
export function written(value, metric) {
  return metric === "error" ? fixed(value, 1) : spoken(value, 3, 3);
}

/**
 * `+6.1`, `−0.4`, `0.0`.
 * @param {number} value
 * @param {Metric} metric
 */
export function signed(value, metric) {
  const size = fixed(Math.abs(value), metric === "error" ? 1 : 3);
  return `${Number(size) === 0 ? "" : value < 0 ? "−" : "+"}${size}`;
}
