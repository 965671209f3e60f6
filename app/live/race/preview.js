/**
 * The picture of a figure without plotly.js, which takes longer to read than everything else: its curves, bands and marks
 * as an SVG, at the places where the chart has them, with axes and names. On the page of a race Plotly then takes its place.
 */
/** @import { Theme, Trace, Layout, Figure, Range } from "../types.js" */
import { multiples } from "../shared/axis_labels.js";
import { svgElement } from "../shared/dom.js";

/** @typedef {(value: number) => number | null} Place a place in pixels, null where the axis has none */
/** @typedef {{ x: number, y: number, width: number, height: number }} Box a panel in pixels */

/** Plotly's: pixels of an axis for each number on it, how many numbers there are, and the digits of their steps. */
const PX_PER_TICK = { x: 80, y: 40 }, TICKS = { least: 4, most: 9 }, STEPS = [2, 5, 10];
const APART_PX = { x: 6.6, y: 4, xTitle: 10.8, yTitle: 5.6 }, LINE = 1.3;
/** Around words that stand on a line Plotly has a frame; below their letters a share of their height. */
const FRAME_PX = 2, BELOW = 0.3;
/**
 * Outlines of marks around the middle, in halves of their size.
 * @type {Record<string, string>}
 */
const MARKS = {
  circle: "M1 0A1 1 0 1 1 -1 0A1 1 0 1 1 1 0Z", square: "M1 1H-1V-1H1Z", diamond: "M1.3 0L0 1.3L-1.3 0L0 -1.3Z",
  "triangle-up": "M-1.15 .66H1.15L0 -1.3Z", "triangle-down": "M-1.15 -.66H1.15L0 1.3Z", cross: "M1.2 .4H.4V1.2H-.4V.4H-1.2V-.4H-.4V-1.2H.4V-.4H1.2Z",
  x: "M0 .57L.57 1.13L1.13 .57L.57 0L1.13 -.57L.57 -1.13L0 -.57L-.57 -1.13L-1.13 -.57L-.57 0L-1.13 .57L-.57 1.13Z",
  star: "M.31 -.43H1.33L.51 .17L.82 1.13L0 .53L-.82 1.13L-.51 .17L-1.33 -.43H-.31L0 -1.4Z",
};

/**
 * figure: what buildFigure made; width in pixels. Returns an <svg>.
 * @type {(figure: Figure, theme: Theme, width: number) => Element}
 */
export function preview({ data, layout }, theme, width) {
  const { height, margin, font } = layout;
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", "font-family": font.family, "font-size": font.size });
  const inner = { width: width - margin.l - margin.r, height: height - margin.t - margin.b };
  const words = [];
  for (const suffix of Object.keys(layout).flatMap((name) => name.match(/^xaxis(\d*)$/)?.[1] ?? [])) {
    const [x, y] = [layout[`xaxis${suffix}`], layout[`yaxis${suffix}`]];
    const box = {
      x: margin.l + x.domain[0] * inner.width, width: (x.domain[1] - x.domain[0]) * inner.width,
      y: margin.t + (1 - y.domain[1]) * inner.height, height: (y.domain[1] - y.domain[0]) * inner.height,
    };
    const place = { x: scale(x, box.x, box.width), y: scale(y, box.y + box.height, -box.height) };
    svg.append(axes(x, y, box, place), svgElement("path", { d: `M${box.x} ${box.y}V${box.y + box.height}h${box.width}`, fill: "none", stroke: theme.muted }));
    for (const trace of data.filter(({ xaxis = "x" }) => xaxis === `x${suffix}`)) svg.append(...drawn(trace, place));
    words.push(...layout.annotations.filter((/** @type {Layout} */ { xref }) => xref.split(" ")[0] === `x${suffix}`).flatMap((/** @type {Layout} */ one) => named(one, box, { x, y }) ?? []));
  }
  svg.append(...words);
  return svg;
}

/**
 * From a value to pixels; null where the axis has no place for it.
 * @type {(axis: Layout, from: number, length: number) => Place}
 */
function scale({ range: [low, high], type }, from, length) {
  return (value) => {
    const at = type === "log" ? (value > 0 ? Math.log10(value) : null) : value;
    return at === null || !Number.isFinite(at) || at < low || at > high ? null : from + ((at - low) / (high - low)) * length;
  };
}

/**
 * A trace's band, line and marks.
 * @type {(trace: Trace, place: { x: Place, y: Place }) => SVGElement[]}
 */
function drawn(trace, place) {
  const { mode = "", line = {}, marker, fill, fillcolor, opacity = 1 } = trace, d = mode.includes("lines") ? path(trace, place) : "";
  /** @type {SVGElement[]} */
  const made = [];
  if (d && fill) made.push(svgElement("path", { d: `${d}Z`, fill: fillcolor }));
  else if (d) made.push(svgElement("path", { d, fill: "none", stroke: line.color, "stroke-width": line.width, "stroke-dasharray": line.dash?.replaceAll("px", "") ?? "none", opacity }));
  if (mode.includes("markers")) made.push(...marks(trace, marker, place));
  return made;
}

/** @type {(trace: Trace, marker: Layout, place: { x: Place, y: Place }) => SVGElement[]} */
function marks({ x, y }, { symbol = "circle", size, color, opacity = 1, line = {} }, place) {
  return x.flatMap((/** @type {number} */ value, /** @type {number} */ index) => {
    const [left, top] = [place.x(value), y[index] === null ? null : place.y(y[index])];
    if (left === null || top === null) return [];
    // Each mark may have a look of its own.
    const [name, px, ink, seen] = [symbol, size, color, opacity].map((look) => (Array.isArray(look) ? look[index] : look)), half = px / 2;
    const look = name.endsWith("-open") ? { fill: "none", stroke: ink, "stroke-width": (line.width ?? 1) / half } : { fill: ink };
    const d = MARKS[name.replace(/-open$/, "")] ?? MARKS.circle;
    return [svgElement("path", { d, transform: `translate(${left.toFixed(1)} ${top.toFixed(1)}) scale(${half})`, opacity: seen, ...look })];
  });
}

/** @type {(trace: Trace, place: { x: Place, y: Place }) => string} */
function path({ x, y, connectgaps }, place) {
  let d = "", pen = "M";
  for (let index = 0; index < x.length; index += 1) {
    const [left, top] = [x[index] === null ? null : place.x(x[index]), y[index] === null ? null : place.y(y[index])];
    if (left === null || top === null) {
      if (!connectgaps) pen = "M";
    } else {
      d += `${pen}${left.toFixed(1)} ${top.toFixed(1)}`;
      pen = "L";
    }
  }
  return d;
}

/**
 * The lines, numbers and titles of two axes.
 * @type {(x: Layout, y: Layout, box: Box, place: { x: Place, y: Place }) => SVGElement}
 */
function axes(x, y, box, place) {
  const group = svgElement("g", {}), [right, bottom] = [box.x + box.width, box.y + box.height];
  for (const [value, text] of ticks(x, "x", box.width)) {
    const at = place.x(value);
    if (at === null) continue;
    group.append(svgElement("line", { x1: at, x2: at, y1: box.y, y2: bottom, stroke: x.gridcolor }));
    if (x.showticklabels !== false) group.append(written(text, { x: at, y: bottom + APART_PX.x, fill: x.tickfont.color, "text-anchor": "middle", "dominant-baseline": "hanging" }));
  }
  for (const [value, text] of ticks(y, "y", box.height)) {
    const at = place.y(value);
    if (at === null) continue;
    group.append(svgElement("line", { x1: box.x, x2: right, y1: at, y2: at, stroke: y.gridcolor }));
    if (y.showticklabels !== false) group.append(written(text, { x: box.x - APART_PX.y, y: at, fill: y.tickfont.color, "text-anchor": "end", "dominant-baseline": "central" }));
  }
  if (x.title?.text) group.append(written(x.title.text, { x: (box.x + right) / 2, y: bottom + APART_PX.xTitle + 2 * x.title.font.size, fill: x.title.font.color, "font-size": x.title.font.size, "text-anchor": "middle" }));
  const [left, middle] = [y.title?.font.size + APART_PX.yTitle, (box.y + bottom) / 2];
  if (y.title?.text) group.append(written(y.title.text, { transform: `translate(${left} ${middle}) rotate(-90)`, fill: y.title.font.color, "font-size": y.title.font.size, "text-anchor": "middle" }));
  return group;
}

/**
 * The numbers on an axis with their texts, as Plotly chooses them.
 * @type {(axis: Layout, letter: "x" | "y", px: number) => [number, string][]}
 */
export function ticks({ range: [low, high], tickvals, ticktext }, letter, px) {
  if (tickvals) return tickvals.map((/** @type {number} */ value, /** @type {number} */ index) => [value, ticktext?.[index] ?? String(value)]);
  const raw = (high - low) / (Math.min(TICKS.most, Math.max(TICKS.least, px / PX_PER_TICK[letter])) + 1);
  if (!(raw > 0)) return [];
  const power = 10 ** Math.floor(Math.log10(raw)), step = power * /** @type {number} */ (STEPS.find((part) => part * power >= raw));
  return multiples(low, high, step).map((value) => [value, high < 1e4 || !value ? String(value) : `${value / 1e3}k`]);
}

/**
 * An annotation, null where the panel has no place for it or where it is no plain line of words.
 * @type {(annotation: Layout, box: Box, panel: { x: Layout, y: Layout }) => SVGElement | null}
 */
function named({ text, x, y, xref, yref, xanchor = "center", yanchor = "middle", xshift = 0, yshift = 0, textangle, font }, box, panel) {
  if (textangle || !text) return null;
  const share = (/** @type {number} */ value, /** @type {string} */ ref, /** @type {Range} */ [low, high]) => (ref.endsWith("domain") ? value : (value - low) / (high - low));
  const [left, up] = [share(x, xref, panel.x.range), share(y, yref, panel.y.range)];
  if (!(left >= 0 && left <= 1)) return null;
  const lines = String(text).split("<br>"), size = font.size, tall = LINE * size * (lines.length - 1);
  const top = box.y + (1 - up) * box.height - yshift, above = { top: 0, middle: tall / 2, bottom: tall }[/** @type {"top"} */ (yanchor)] ?? 0;
  const anchor = { left: "start", right: "end" }[/** @type {"left"} */ (xanchor)] ?? "middle", baseline = { top: "hanging", bottom: "auto" }[/** @type {"top"} */ (yanchor)] ?? "central";
  const [aside, lifted] = yanchor === "bottom" ? [FRAME_PX * ({ left: 1, right: -1 }[/** @type {"left"} */ (xanchor)] ?? 0), FRAME_PX + BELOW * size] : [0, 0];
  const group = svgElement("g", { fill: font.color, "font-size": size, "text-anchor": anchor, "dominant-baseline": baseline, class: "annotation-text" });
  lines.forEach((line, index) => group.append(written(line, { x: box.x + left * box.width + xshift + aside, y: top - above - lifted + index * LINE * size })));
  return group;
}

/**
 * A line of words, with parts in <b> as Plotly has them.
 * @type {(text: string, attributes: Record<string, unknown>) => SVGElement}
 */
function written(text, attributes) {
  const node = svgElement("text", attributes);
  for (const [index, part] of text.split(/<\/?b>/).entries()) {
    if (!part) continue;
    const span = svgElement("tspan", index % 2 ? { "font-weight": 700 } : {});
    span.textContent = part.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&amp;/g, "&");
    node.append(span);
  }
  return node;
}
