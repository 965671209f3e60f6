/** The cells { column, row, kind, setting, value, text } of heat maps. The names of a cell's curves begin with `text`. */
import { valued } from "../curves.js";

/** The rows { curve, cells } of a heat map by value, then by kind. `cells` has every column's y: undefined unmeasured, null not finite. */
export function rowsOf(panel, curves) {
  const kinds = curves.kinds();
  return curves.of(panel.name).filter((curve) => !curve.part)
    .toSorted((a, b) => (a.value ?? -Infinity) - (b.value ?? -Infinity) || kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
    .map((curve) => ({ curve, cells: panel.columns.map((_, column) => curve.y[curve.x.indexOf(column)]) }));
}

/** The cell of the first valid `wanted` text, else the first cell, or null. */
export function settledCell(panels, curves, wanted) {
  const cells = cellsOf(panels, curves);
  return wanted.map((text) => cells.find((cell) => cell.text === text)).find(Boolean) ?? cells[0] ?? null;
}

/** All cells of the heat maps in reading order; without a heat map the cells with curves. */
function cellsOf(panels, curves) {
  const maps = panels.filter((panel) => panel.kind === "heat");
  if (maps.length) return maps.flatMap((panel) => rowsOf(panel, curves).flatMap((row) => panel.columns.map((column, index) => row.cells[index] !== undefined && cellOf(column, row.curve)).filter(Boolean)));
  return [...Map.groupBy(curves.all().filter((curve) => curve.cell), (curve) => `${curve.cell}: ${curve.row}`).values()].map(([curve]) => cellOf(curve.cell, curve));
}

export function cellOf(column, { row, kind, setting, value }) {
  return { column, row, kind, setting, value, text: `${column}: ${row}` };
}

/** A cell in words: `identity, plain, 6 blocks`. */
export function cellWords({ column, kind, setting, value }) {
  return [column, kind, value !== null && valued(setting, value)].filter(Boolean).join(", ");
}

/** The next measured cell in the direction of an arrow key, or at an end of the row; or null. */
export function stepped(panel, curves, picked, key) {
  const rows = rowsOf(panel, curves);
  const at = { row: rows.findIndex(({ curve }) => curve.row === picked?.row), column: panel.columns.indexOf(picked?.column) };
  const by = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0], Home: [0, 1], End: [0, -1] }[key];
  if (!by || at.row < 0 || at.column < 0) return null;
  if (key === "Home") at.column = -1;
  if (key === "End") at.column = panel.columns.length;
  for (let row = at.row + by[0], column = at.column + by[1]; rows[row] && column >= 0 && column < panel.columns.length; row += by[0], column += by[1]) {
    if (rows[row].cells[column] !== undefined) return cellOf(panel.columns[column], rows[row].curve);
  }
  return null;
}
