/**
 * Pictures and tables to take away: a chart becomes a PNG or SVG with title, legend and caption, entirely in the
 * browser. Works on any Plotly element; title, legend and caption come from the feature that drew it.
 */
/** @import { Layout, Theme, Plot, LegendEntry } from "../../types.js" */
import { escaped, fitted } from "../format.js";
import { PLOT_CONFIG, PICTURE_FONT as FONT } from "../plot_style.js";

const TITLE_PX = 20, LEGEND_PX = 13, CAPTION_PX = 12, PAD_PX = 14;
/** A legend's first line begins this far within it. */
const SWATCH_PX = 5;
/** Pixels of a PNG for one of the page: sharp on a poster. */
const PNG_SCALE = 3;
/** A saved address may be needed for a moment after the click. */
const KEPT_MS = 10_000;

/**
 * Save what a Plotly element shows, at the size and the zoom it has. format: "png" | "svg"; legend: entries of legendOf,
 * none keeps the chart's own; theme: { page, text, muted }. title and caption are plain words. Resolves to the
 * picture's address (a data: address) once it was given to the browser to save; without a filename nothing is saved.
 * @param {any} Plotly
 * @param {Plot} plot
 * @param {{ format?: string, title?: string, legend?: LegendEntry[], caption?: string, filename?: string, theme: Theme }} options
 * @returns {Promise<string>}
 */
export async function exportImage(Plotly, plot, { format = "png", title = "", legend = [], caption = "", filename = "", theme }) {
  const { width, height } = plot._fullLayout;
  const stage = /** @type {Plot} */ (/** @type {unknown} */ (document.createElement("div")));
  stage.setAttribute("aria-hidden", "true");
  Object.assign(stage.style, { position: "fixed", left: "-20000px", top: "0", width: `${width}px` });
  document.body.append(stage);
  try {
    const { data, layout } = copyOf(plot, legend, theme);
    await Plotly.newPlot(stage, data, { ...layout, width, height }, { staticPlot: true, ...PLOT_CONFIG });
    const size = await Plotly.relayout(stage, framed(stage, { title, caption, legend, theme })).then(() => stage._fullLayout);
    const address = await Plotly.toImage(stage, { format, width: size.width, height: size.height, scale: format === "png" ? PNG_SCALE : 1 });
    if (filename) download(address, `${filename}.${format}`);
    return address;
  } finally {
    Plotly.purge(stage);
    stage.remove();
  }
}

/**
 * The chart on a ground of its own, with lines that stand only in the legend.
 * @type {(plot: Plot, legend: LegendEntry[], theme: Theme) => { data: Layout[], layout: Layout }}
 */
function copyOf(plot, legend, theme) {
  const entries = legend.map(({ name, color, width, dash, symbol, fill, opacity, meaning }) => ({
    type: "scatter", x: [null], y: [null], name: escaped(name), showlegend: true, legend: meaning ? "legend2" : "legend", hoverinfo: "skip",
    mode: [width && "lines", symbol && "markers"].filter(Boolean).join("+") || "lines",
    ...(fill ? { fill: "toself", fillcolor: color, line: { width: 0 }, opacity: 0.25 } : { opacity: opacity ?? 1, line: { color, width: width ?? 0, ...(dash ? { dash } : {}) } }),
    ...(symbol ? { marker: { symbol, color, size: 8, line: { color, width: symbol.endsWith("-open") ? 1.5 : 0 } } } : {}),
  }));
  const data = plot.data.map((trace) => (legend.length ? { ...trace, showlegend: false } : { ...trace }));
  const layout = structuredClone(plot.layout);
  // What is seen now, where the axis follows its data too.
  for (const key of Object.keys(plot._fullLayout)) {
    if (/^[xy]axis\d*$/.test(key)) layout[key] = { ...layout[key], range: [...plot._fullLayout[key].range], autorange: false };
  }
  return {
    data: [...data, ...entries],
    layout: { ...layout, paper_bgcolor: theme.page, plot_bgcolor: theme.page, font: { ...layout.font, color: layout.font?.color ?? theme.text, family: FONT }, ...(legend.length ? { showlegend: true, legend: legendPlace(theme), legend2: legendPlace(theme) } : {}) },
  };
}

/** @param {Theme} theme */
function legendPlace(theme) {
  return { orientation: "h", x: 0, xanchor: "left", xref: "container", y: 1, yanchor: "top", yref: "container", bgcolor: "rgba(0,0,0,0)", font: { family: FONT, size: LEGEND_PX, color: theme.text }, itemwidth: 34 };
}

/**
 * Room for the words above and below, measured on the chart as it is drawn; the plot itself keeps its size.
 * @type {(stage: Plot, options: { title: string, caption: string, legend: LegendEntry[], theme: Theme }) => Layout}
 */
function framed(stage, { title, caption, legend, theme }) {
  const { width, height, margin } = stage._fullLayout;
  const own = stage.layout.margin ?? margin;
  const [left, right] = [own.l ?? margin.l, own.r ?? margin.r];
  const titleLines = title ? fitted(title, width - 2 * PAD_PX, TITLE_PX) : [];
  const captionLines = caption ? fitted(caption, width - 2 * PAD_PX, CAPTION_PX) : [];
  const titlePx = titleLines.length ? PAD_PX + titleLines.length * TITLE_PX * 1.3 : PAD_PX / 2;
  const heights = ["legend", "legend2"].map((name) => (legend.length ? stage._fullLayout[name]?._height ?? 0 : 0));
  const legendPx = legend.length ? heights[0] + heights[1] + 4 : 0;
  const captionPx = captionLines.length ? captionLines.length * CAPTION_PX * 1.35 + PAD_PX : 0;
  const above = Math.ceil(titlePx + legendPx), below = Math.ceil(captionPx);
  const total = height + above + below;
  const top = (own.t ?? margin.t) + above, bottom = (own.b ?? margin.b) + below;
  const plotPx = total - top - bottom;
  const at = (PAD_PX - SWATCH_PX) / width;
  const words = (/** @type {string[]} */ lines, /** @type {number} */ y, /** @type {string} */ anchor, /** @type {number} */ size, /** @type {string} */ color, /** @type {boolean} */ bold) => ({
    text: lines.map((line) => (bold ? `<b>${escaped(line)}</b>` : escaped(line))).join("<br>"), showarrow: false, align: "left",
    xref: "paper", yref: "paper", x: (PAD_PX - left) / (width - left - right), xanchor: "left", y, yanchor: anchor, font: { family: FONT, size, color },
  });
  return {
    height: total,
    margin: { ...own, l: left, r: right, t: top, b: bottom, autoexpand: !legend.length },
    ...(legend.length ? { "legend.y": 1 - titlePx / total, "legend2.y": 1 - (titlePx + heights[0]) / total, "legend.x": at, "legend2.x": at } : {}),
    annotations: [
      ...(stage.layout.annotations ?? []),
      ...(titleLines.length ? [words(titleLines, 1 + (top - PAD_PX) / plotPx, "top", TITLE_PX, theme.text, true)] : []),
      ...(captionLines.length ? [words(captionLines, -(bottom - PAD_PX / 2) / plotPx, "bottom", CAPTION_PX, theme.muted, false)] : []),
    ],
  };
}

/**
 * Give the browser a file to save: text (a table), or a data: address (a picture).
 * @param {string} content
 * @param {string} filename
 */
export function download(content, filename) {
  const picture = content.startsWith("data:image/");
  const address = URL.createObjectURL(picture ? pictureOf(content) : new Blob([content], { type: "text/csv;charset=utf-8" }));
  const link = document.createElement("a");
  Object.assign(link, { href: address, download: filename });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), KEPT_MS);
}

/**
 * Browsers refuse long data: addresses as files; what they stand for has no such limit.
 * @param {string} address
 */
function pictureOf(address) {
  const comma = address.indexOf(",");
  const [type, coded] = address.slice("data:".length, comma).split(";");
  const text = address.slice(comma + 1);
  return new Blob([coded === "base64" ? Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)) : decodeURIComponent(text)], { type });
}
