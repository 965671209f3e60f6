/**
 * The curves before plotly.js has been read, which takes longer than everything else: the same figure as plain lines
 * in an SVG, at the places where the chart will have them. Plotly then takes its place.
 */
/** @import { Theme, Trace, Layout, Figure, Range } from "../../types.js" */
import { svgElement } from "../../shared/dom.js";

/** @typedef {(value: number) => number | null} Place a place in pixels, null where the axis has none */

/**
 * figure: what buildFigure made; width in pixels. Returns an <svg>.
 * @type {(figure: Figure, theme: Theme, width: number) => Element}
 */
export function preview({ data, layout }, theme, width) {
  const { height, margin } = layout;
  const svg = svgElement("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const inner = { width: width - margin.l - margin.r, height: height - margin.t - margin.b };
  for (const suffix of Object.keys(layout).flatMap((name) => name.match(/^xaxis(\d*)$/)?.[1] ?? [])) {
    const [x, y] = [layout[`xaxis${suffix}`], layout[`yaxis${suffix}`]];
    const place = { x: scale(x, margin.l, inner.width), y: scale(y, margin.t + inner.height, -inner.height) };
    svg.append(frame(x.domain, y.domain, margin, inner, theme));
    for (const trace of data.filter(({ xaxis = "x", mode, fill }) => xaxis === `x${suffix}` && mode?.includes("lines") && !fill)) {
      const d = path(trace, place);
      if (d) svg.append(svgElement("path", { d, fill: "none", stroke: trace.line.color, "stroke-width": trace.line.width, "stroke-dasharray": trace.line.dash?.replaceAll("px", "") ?? "none", opacity: trace.opacity ?? 1 }));
    }
  }
  return svg;
}

/**
 * From a value to pixels; null where the axis has no place for it.
 * @type {(layout: Layout, from: number, length: number) => Place}
 */
function scale({ domain, range, type }, from, length) {
  const [first, last] = [from + domain[0] * length, from + domain[1] * length];
  const [low, high] = range;
  return (/** @type {number} */ value) => {
    const at = type === "log" ? (value > 0 ? Math.log10(value) : null) : value;
    return at === null || !Number.isFinite(at) || at < low || at > high ? null : first + ((at - low) / (high - low)) * (last - first);
  };
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
 * @param {Range} range
 * @param {Range} range
 * @param {Layout} margin
 * @param {{ width: number, height: number }} inner
 * @param {Theme} theme
 * @returns {Element}
 */
function frame([left, right], [bottom, top], margin, inner, theme) {
  const x = (/** @type {number} */ share) => margin.l + share * inner.width, y = (/** @type {number} */ share) => margin.t + (1 - share) * inner.height;
  return svgElement("path", { d: `M${x(left)} ${y(top)}V${y(bottom)}H${x(right)}`, fill: "none", stroke: theme.muted });
}
