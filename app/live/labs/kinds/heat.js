/** A heat map as a Plotly figure: rows are curves, grouped by their setting. */
import { cellWords, cellOf, rowsOf } from "./cells.js";
import { colorAxis, inkOn, placed, rangeOf } from "./colors.js";
import { base } from "./curves.js";
import { valued, yWords } from "../curves.js";
import { spoken, wrapped } from "../../shared/format.js";
import { NARROW } from "./labels.js";

const ROW_PX = { few: 34, many: 26 };
const MANY = 12;
/** The words above a group, as a share of a row. */
const HEADER = 0.85;
const BAR_PX = 62, RIGHT_PX = 16;
const FONT_PX = 13;
/** Turned names of narrower columns have one line. */
const TWO_LINES_PX = 38;
/** Mean width of a letter as a share of its height. */
const LETTER = 0.54;

/** As buildCurves, with a ring on pick.cell and the `places` of columns and rows. */
export function buildHeat(whole, curves, pick, { width }, theme) {
  const { panel, measured } = narrowed(whole, rowsOf(whole, curves));
  const rows = placedRows(measured);
  const range = rangeOf(rows.flatMap(({ cells }) => cells), panel.y_scale) ?? { low: 0, high: 1, ticks: [] };
  const narrow = width < NARROW;
  const names = rows.map(({ curve }) => wrapped(curve.kind, narrow ? 15 : 28));
  const left = Math.min(0.42 * width, 16 + Math.max(panel.x.length, ...names.flat().map((line) => line.length)) * FONT_PX * LETTER);
  const columnPx = (width - left - RIGHT_PX) / panel.columns.length;
  const heads = headings(panel.columns, columnPx);
  const rowPx = rows.length > MANY ? ROW_PX.many : ROW_PX.few;
  const [top, bottom] = [rows[0].at - 0.5 - (rows[0].header ? HEADER : 0), rows.at(-1).at + 0.5];
  const height = Math.round(heads.px + (bottom - top) * rowPx + BAR_PX);
  const axis = { showgrid: false, zeroline: false, showline: false, ticks: "", tickmode: "array" };
  const layout = {
    ...base(theme, width, height, { l: left, r: RIGHT_PX, t: heads.px, b: BAR_PX, autoexpand: false }, FONT_PX),
    xaxis: { ...axis, side: "top", range: [-0.5, panel.columns.length - 0.5], tickvals: panel.columns.map((_, index) => index), ticktext: heads.texts, tickangle: heads.angle, tickfont: { color: theme.text, size: FONT_PX } },
    yaxis: { ...axis, range: [bottom, top], tickvals: rows.map(({ at }) => at), ticktext: names.map((lines) => lines.join("<br>")), tickfont: { color: theme.text, size: narrow ? 12 : FONT_PX } },
    coloraxis: colorAxis(range, yWords(panel), theme, { y: -8 / (height - heads.px - BAR_PX), len: Math.min(1, 420 / (width - left - RIGHT_PX)) }),
    shapes: [...frames(rows, theme), ...ring(rows, panel, pick.cell, theme)],
    annotations: [...rows.filter(({ header }) => header).map(({ at, header }) => ({
      text: `<b>${header}</b>`, showarrow: false, xref: "paper", x: 0, xanchor: "left", y: at - 0.5, yref: "y", yanchor: "bottom", font: { size: FONT_PX, color: theme.muted },
    })), { // what the columns are
      text: panel.x, showarrow: false, xref: "paper", x: 0, xanchor: "right", xshift: -6, yref: "paper", y: 1, yanchor: "bottom", yshift: 4, font: { size: FONT_PX, color: theme.muted },
    }],
  };
  return { data: [...tables(rows, panel, range), ...numbers(rows, panel, range, columnPx)], layout, height, places: { columns: panel.columns, rows: rows.map(({ at, curve }) => ({ at, curve })) } };
}

/** The panel and its rows without unmeasured columns. */
function narrowed(panel, rows) {
  const there = panel.columns.map((_, column) => rows.some(({ cells }) => cells[column] !== undefined));
  const kept = (list) => list.filter((_, column) => there[column]);
  return { panel: { ...panel, columns: kept(panel.columns) }, measured: rows.map((row) => ({ ...row, cells: kept(row.cells) })) };
}

/** Rows with `at`, their place from the top, and `header`, the words of a new group. */
function placedRows(rows) {
  const groups = new Set(rows.map(({ curve }) => curve.value)).size;
  let at = -1, before;
  return rows.map((row) => {
    const { setting, value } = row.curve;
    const begins = groups > 1 && value !== before;
    at += 1 + (begins && at >= 0 ? HEADER : 0);
    before = value;
    return { ...row, at, header: begins && value !== null ? valued(setting, value) : "" };
  });
}

/** One table of colours for each group: Plotly spaces the rows of a table evenly. */
function tables(rows, panel, range) {
  return [...Map.groupBy(rows, ({ curve }) => curve.value).values()].map((group) => ({
    type: "heatmap", coloraxis: "coloraxis", x0: 0, dx: 1, y0: group[0].at, dy: 1, xgap: 2, ygap: 2, meta: "cells",
    z: group.map(({ cells }) => panel.columns.map((_, column) => heightOf(cells[column], panel, range))),
    text: group.map(({ curve, cells }) => panel.columns.map((column, index) => `${cellWords(cellOf(column, curve))}<br>${cells[index] === undefined ? "not measured" : `<b>${spoken(cells[index])}</b>`}`)),
    hoverinfo: "text", hoverongaps: true,
  }));
}

function heightOf(value, { y_scale }, { low }) {
  if (value === undefined || value === null) return null;
  return placed(value, y_scale) ?? low;
}

/** The numbers in the cells, as exact as the width allows; crosses in cells that are not finite. */
function numbers(rows, panel, range, columnPx) {
  const all = rows.flatMap(({ at, cells }) => cells.map((value, column) => ({ at, column, value })).filter(({ value }) => value !== undefined));
  const fits = [2, 1].find((digits) => all.every(({ value }) => value === null || number(value, digits).length * FONT_PX * LETTER < columnPx - 4));
  const lost = all.filter(({ value }) => value === null);
  const inks = Map.groupBy(fits ? all.filter(({ value }) => value !== null) : [], ({ value }) => inkOn(heightOf(value, panel, range), range));
  const texts = (cells, color, words, meta) => ({
    type: "scatter", mode: "text", meta, x: cells.map(({ column }) => column), y: cells.map(({ at }) => at), text: cells.map(words), textposition: "middle center",
    textfont: { size: FONT_PX, color }, hoverinfo: "skip",
  });
  return [
    ...[...inks].map(([textColor, cells]) => texts(cells, textColor, ({ value }) => number(value, fits), "numbers")),
    ...(lost.length ? [texts(lost, undefined, () => (columnPx > 76 ? "not finite" : "✕"), "lost")] : []),
  ];
}

/** A number of two digits, in narrow cells of one, below 0.001 a power of ten alone. */
function number(value, digits) {
  if (digits === 2 || value === 0) return spoken(value, 2);
  return Math.abs(value) >= 0.001 && Math.abs(value) < 1000 ? spoken(value, 1) : spoken(Math.sign(value) * 10 ** Math.round(Math.log10(Math.abs(value))), 1);
}

/** Frames around cells without a colour: dotted for unmeasured ones, solid for those that are not finite. */
function frames(rows, theme) {
  return rows.flatMap(({ at, cells }) => cells.map((value, column) => (value !== undefined && value !== null ? null : {
    ...box(column, at, 0.44), line: { color: theme.muted, width: 1, dash: value === null ? "solid" : "dot" },
  })).filter(Boolean));
}

/** A ring around the picked cell, in two tones for contrast to every colour. */
function ring(rows, panel, picked, theme) {
  const row = rows.find(({ curve }) => curve.row === picked?.row), column = panel.columns.indexOf(picked?.column);
  if (!row || column < 0) return [];
  return [{ color: theme.page, width: 7 }, { color: theme.text, width: 3 }].map((line) => ({ ...box(column, row.at, 0.49), name: "picked", line }));
}

function box(column, at, half) {
  return { type: "rect", x0: column - half, x1: column + half, y0: at - half, y1: at + half };
}

/** The names above the columns, in lines where words fit, else turned. */
function headings(columns, columnPx) {
  const letters = Math.floor((columnPx - 4) / (FONT_PX * LETTER));
  const turned = columns.some((name) => name.split(" ").some((word) => word.length > letters));
  const lines = columns.map((name) => wrapped(name, turned ? (columnPx < TWO_LINES_PX ? Infinity : 15) : letters));
  const longest = Math.max(...lines.flat().map((line) => line.length));
  const px = turned ? longest * FONT_PX * LETTER + 14 : Math.max(...lines.map((rows) => rows.length)) * FONT_PX * 1.35 + 12;
  return { texts: lines.map((rows) => rows.join("<br>")), angle: turned ? -90 : 0, px: Math.round(px) };
}
