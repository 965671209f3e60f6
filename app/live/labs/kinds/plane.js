/** A panel of planes as a Plotly figure: contours or a surface for each net, with common axes, colours and heights. */
import { axisSuffix } from "../../shared/plot_style.js";
import { colorAxis, rangeOf } from "./colors.js";
import { spoken } from "../../shared/format.js";
import { extent, yWords } from "../curves.js";
import { base } from "./curves.js";
import { gridsOf, heightAt } from "./heights.js";
import { NARROW } from "./labels.js";

const TITLE_PX = 26, AXIS_PX = 46, BAR_PX = 66, GAP_PX = 14, LEFT_PX = 46, SIDE_PX = 16;
/** Bounds of a picture's width. */
const MAX_PX = 430, MIN_PX = { narrow: 130, wide: 215 };
/** Contour lines. */
const LEVELS = 14;
const FONT_PX = 13;
/** The name of the upright axis; the other one has the panel's. */
const SECOND = "second direction";
/** Distance of the path over the surface, as a share of all heights. */
const RAISED = 0.015;
/** The first view of surfaces. */
export const CAMERA = { eye: { x: 1.25, y: -1.25, z: 0.95 }, center: { x: 0, y: 0, z: -0.12 }, up: { x: 0, y: 0, z: 1 } };

/** As buildCurves, with look.surface for surfaces, seen from look.camera. */
export function buildPlane(panel, curves, pick, { styles, surface, camera, width }, theme) {
  const grids = gridsOf(panel, curves);
  const range = rangeOf(curves.of(panel.name).flatMap(({ y }) => y), panel.y_scale, "low") ?? { low: 0, high: 1, ticks: [] };
  const places = arranged(grids.length, width, surface);
  const spans = { x: extent(grids.flatMap(({ x }) => x)), y: extent(grids.flatMap(({ y }) => y)) };
  const { height } = places;
  const layout = {
    ...base(theme, width, height, { l: places.left, r: SIDE_PX, t: 0, b: 0, autoexpand: false }, FONT_PX), dragmode: surface ? "turntable" : "zoom",
    coloraxis: colorAxis(range, yWords(panel), theme, { y: (BAR_PX - 10) / height, len: Math.min(1, 420 / (width - places.left - SIDE_PX)) }),
    annotations: grids.map(({ kind }, index) => ({
      text: `<b>${kind}</b>`, showarrow: false, xref: "paper", yref: "paper", x: places.boxes[index].x[0], y: places.boxes[index].y[1], xanchor: "left", yanchor: "bottom",
      font: { size: 14, color: styles[kind].textColor[theme.scheme] },
    })),
  };
  const data = grids.flatMap((grid, index) => {
    const nth = axisSuffix(index);
    if (surface) {
      layout[`scene${nth}`] = { ...scene(spans, range, panel, camera, theme), domain: places.boxes[index] };
      return surfaces(grid, `scene${nth}`, range, panel);
    }
    const [xaxis, yaxis] = axes(spans, panel, index % places.columns === 0, theme);
    layout[`xaxis${nth}`] = { ...xaxis, domain: places.boxes[index].x, anchor: `y${nth}`, ...(nth ? { matches: "x" } : {}) };
    layout[`yaxis${nth}`] = { ...yaxis, domain: places.boxes[index].y, anchor: `x${nth}`, ...(nth ? { matches: "y" } : {}) };
    return contours(grid, nth, range, panel);
  });
  return { data, layout, height, side: "right" };
}

/** Boxes of the pictures in shares of the room between the margins. */
function arranged(count, width, surface) {
  const left = surface ? SIDE_PX : LEFT_PX;
  const room = width - left - SIDE_PX;
  const columns = Math.max(1, Math.min(count, Math.floor((room + GAP_PX) / ((width < NARROW ? MIN_PX.narrow : MIN_PX.wide) + GAP_PX))));
  const wide = Math.min(MAX_PX, (room - GAP_PX * (columns - 1)) / columns);
  const each = TITLE_PX + wide + (surface ? 0 : AXIS_PX);
  const height = Math.round(Math.ceil(count / columns) * each + BAR_PX);
  const boxes = Array.from({ length: count }, (_, index) => {
    const from = (index % columns) * (wide + GAP_PX), top = Math.floor(index / columns) * each + TITLE_PX;
    return { x: [from / room, Math.min(1, (from + wide) / room)], y: [1 - (top + wide) / height, 1 - top / height] };
  });
  return { boxes, height, columns, left };
}

function axes(spans, panel, first, theme) {
  const axis = { showgrid: false, zeroline: false, linecolor: theme.muted, tickfont: { color: theme.muted, size: 12 }, nticks: 5, automargin: false };
  const title = (text) => ({ text, standoff: 4, font: { size: FONT_PX, color: theme.muted } });
  return [{ ...axis, range: spans.x, title: title(panel.x) }, { ...axis, range: spans.y, showticklabels: first, title: title(first ? SECOND : "") }];
}

/** The common part of contours and surfaces. */
function heightsOf({ kind, x, y, z }, panel) {
  const text = z.map((row) => row.map((height) => (height === null ? "" : spoken(panel.y_scale === "log" ? 10 ** height : height))));
  return { x, y, z, name: kind, meta: "heights", coloraxis: "coloraxis", connectgaps: false, text, hovertemplate: `${kind}<br>${panel.x} %{x:.3~g}, ${SECOND} %{y:.3~g}<br><b>%{text}</b><extra></extra>` };
}

function contours(grid, nth, range, panel) {
  const { kind, way } = grid;
  const on = { xaxis: `x${nth}`, yaxis: `y${nth}` };
  const traces = [{
    type: "contour", ...on, ...heightsOf(grid, panel), autocontour: false, hoverongaps: false,
    contours: { start: range.low, end: range.high, size: (range.high - range.low) / LEVELS, coloring: "heatmap" }, line: { width: 0.6, color: "rgba(255,255,255,0.55)" },
  }];
  const marks = { type: "scatter", ...on, hoverinfo: "skip" };
  // Two tones for contrast to every colour.
  if (way) {
    for (const line of [{ color: "#000000", width: 5 }, { color: "#ffffff", width: 2.5 }]) traces.push({ ...marks, mode: "lines", x: way.x, y: way.y, line, connectgaps: false, name: kind, meta: "way" });
    traces.push({ ...marks, mode: "markers", x: [way.x[0], way.x.at(-1)], y: [way.y[0], way.y.at(-1)], meta: "ends", marker: { size: 11, color: ["#ffffff", "#000000"], line: { color: ["#000000", "#ffffff"], width: 2 } }, cliponaxis: true });
  }
  const centre = (size, line) => ({ ...marks, mode: "markers", x: [0], y: [0], meta: "centre", marker: { symbol: "cross-thin", size, line } });
  return [...traces, centre(12, { color: "#000000", width: 5 }), centre(11, { color: "#ffffff", width: 2 })];
}

function scene(spans, { low, high, ticks }, panel, camera, theme) {
  const axis = (title, range) => ({ title: { text: title }, range, gridcolor: theme.grid, linecolor: theme.muted, color: theme.muted, showbackground: false, zeroline: false, tickfont: { size: 11 }, nticks: 4, showspikes: false });
  return {
    camera: camera ?? CAMERA, aspectmode: "manual", aspectratio: { x: 1, y: 1, z: 0.75 }, dragmode: "turntable",
    xaxis: axis(panel.x, spans.x), yaxis: axis(SECOND, spans.y),
    zaxis: { ...axis("", [low, high]), tickmode: "array", tickvals: ticks.map(({ at }) => at), ticktext: ticks.map(({ text }) => text) },
  };
}

function surfaces(grid, on, range, panel) {
  const { kind, x, y, z, way } = grid;
  const cut = z.map((row) => row.map((height) => (height === null ? null : Math.min(range.high, height))));
  const traces = [{
    type: "surface", scene: on, ...heightsOf(grid, panel), z: cut, lighting: { ambient: 0.75, diffuse: 0.5, specular: 0.05 },
    contours: { x: { highlight: false }, y: { highlight: false }, z: { highlight: false } },
  }];
  const raised = RAISED * (range.high - range.low);
  const over = (a, b) => {
    const height = heightAt({ x, y, z: cut }, a, b);
    return height === null ? null : height + raised;
  };
  const marks = { type: "scatter3d", scene: on, hoverinfo: "skip" };
  if (way) {
    const heights = way.x.map((a, index) => over(a, way.y[index]));
    traces.push({ ...marks, mode: "lines", x: way.x, y: way.y, z: heights, connectgaps: false, line: { color: "#ffffff", width: 6 }, name: kind, meta: "way" });
    traces.push({ ...marks, mode: "markers", x: [way.x[0], way.x.at(-1)], y: [way.y[0], way.y.at(-1)], z: [heights[0], heights.at(-1)], meta: "ends", marker: { size: 4, color: ["#ffffff", "#000000"], line: { color: "#777777", width: 1 } } });
  }
  traces.push({ ...marks, mode: "markers", x: [0], y: [0], z: [over(0, 0)], meta: "centre", marker: { symbol: "cross", size: 3, color: "#ffffff" } });
  return traces;
}
