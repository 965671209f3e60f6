/** A heat map has every cell with its number, and marks the others. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildHeat } from "../../../../../app/live/labs/kinds/heat.js";
import { NO_PICK, STYLES, THEME, curvesOf, panel, trace } from "../curves.mjs";

const row = (kind, value, y) => trace("map", kind, y.map((_, index) => index), y, { setting: "blocks", value });
const curves = curvesOf(row("plain", 2, [1, 10, 100]), row("residual", 2, [1, null, 0.1]), row("plain", 6, [1, 1]));
const MAP = panel("map", "heat", { columns: ["zero", "identity", "smooth", "never"], y_scale: "log", y: "error" });
const built = buildHeat(MAP, curves, { ...NO_PICK, cell: { column: "identity", row: "plain, blocks 6" } }, { styles: STYLES, width: 900 }, THEME);

test("each group has a table of heights, columns that nobody measured are left out", () => {
  const tables = built.data.filter(({ type }) => type === "heatmap");
  assert.deepEqual(tables.map(({ z }) => z), [[[0, 1, 2], [0, null, -1]], [[0, 0, null]]]);
  assert.deepEqual(built.layout.xaxis.ticktext, ["zero", "identity", "smooth"]);
  assert.deepEqual(built.layout.annotations.map(({ text }) => text), ["<b>2 blocks</b>", "<b>6 blocks</b>", "step"], "and what the columns are");
});

test("numbers stand in their cells, those that are not finite are crossed", () => {
  const texts = (meta) => built.data.filter((one) => one.meta === meta).flatMap(({ text }) => text);
  assert.deepEqual(texts("numbers").toSorted(), ["0.1", "1", "1", "1", "1", "10", "100"]);
  assert.deepEqual(texts("lost"), ["not finite"]);
  assert.equal(built.layout.shapes.filter(({ line }) => line.dash === "dot").length, 1, "one cell was not measured");
  assert.equal(built.layout.shapes.filter(({ line }) => line.dash === "solid").length, 1);
});

test("the picked cell is ringed where it lies", () => {
  const rings = built.layout.shapes.filter(({ name }) => name === "picked");
  const place = built.places.rows.find(({ curve }) => curve.row === "plain, blocks 6").at;
  assert.equal(rings.length, 2);
  for (const { x0, x1, y0, y1 } of rings) assert.deepEqual([(x0 + x1) / 2, (y0 + y1) / 2], [1, place]);
});
