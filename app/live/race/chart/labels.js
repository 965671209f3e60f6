/**
 * Names at the line ends. Labels that would cover one another are pushed apart, with a thin leader back to their line.
 * Pure functions.
 */
/** @import { Theme, LineEnd, Layout, Metric, Panel } from "../../types.js" */
import { labelPx, nameLines, sizes } from "./axes.js";
import { seeThrough } from "../../shared/plot_style.js";

/** A label that is pushed further than this from its line gets a leader. */
const LEADER_PX = 10;
/** A label whose line ends before this share of the panel stands on other lines. */
const WITHIN = 0.97;

/**
 * Plotly's annotations at the line ends. The ends have x and y in the axes' own units, and the value as it is written.
 * @type {(ends: LineEnd[], view: { big?: boolean }, theme: Theme, panel: Omit<Panel, "end">) => Layout[]}
 */
export function endLabels(ends, view, theme, { suffix, axis, span, widthPx, heightPx }) {
  const font = sizes(view).label;
  const [bottom, top] = axis;
  const perUnit = heightPx / Math.max(1e-9, top - bottom);
  const perX = widthPx / Math.max(1e-9, span);
  const placed = [];
  for (const label of ends.toSorted((a, b) => a.y - b.y)) {
    const x = label.x * perX;
    const natural = (label.y - bottom) * perUnit;
    const below = placed.filter((other) => Math.abs(other.x - x) < labelPx([label], view));
    const lines = [...nameLines(label.name), ...(label.note ? [label.note] : [])];
    // Between the middles of two labels lies half of the sum of their heights.
    const apart = (/** @type {{ lines: string[] }} */ other) => ((font + 4) * (lines.length + other.lines.length)) / 2;
    const y = Math.max(natural, ...below.map((other) => other.y + apart(other)));
    placed.push({ ...label, lines, x, y, shift: y - natural, at: label.x });
  }
  return placed.map((label) => ({
    text: words(label), x: label.at, y: label.y / perUnit + bottom - label.shift / perUnit, xref: `x${suffix}`, yref: `y${suffix}`,
    xanchor: "left", yanchor: "middle", align: "left", ...(label.x < WITHIN * widthPx ? { bgcolor: seeThrough(theme.page, 0.85) } : {}), font: { size: font, color: label.textColor[theme.scheme] },
    ...(label.shift > LEADER_PX
      ? { showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: label.color[theme.scheme], ax: 10, ay: -label.shift, standoff: 2 }
      : { showarrow: false, xshift: 8, yshift: label.shift }),
  }));
}

/** @param {LineEnd} options */
function words({ name, note, value }) {
  const lines = [nameLines(name).join("<br>") + (value === null ? "" : ` <b>${value}</b>`), note];
  return lines.filter(Boolean).join("<br>");
}

/**
 * A value in a label: an error with one decimal, a loss with three digits.
 * @param {number} value
 * @param {Metric} metric
 */
export function written(value, metric) {
  return metric === "error" ? value.toFixed(1) : value.toPrecision(3);
}

/**
 * `+6.1`, `−0.4`, `0.0`.
 * @param {number} value
 * @param {Metric} metric
 */
export function signed(value, metric) {
  const digits = metric === "error" ? 1 : 3;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: /** @type {const} */ ("exceptZero"), useGrouping: false };
  return value.toLocaleString("en-US", options).replace("-", "−");
}
