/** Cells of heat maps: their order, the picked one, the arrow keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellWords, rowsOf, settledCell, stepped } from "../../../../../app/live/labs/kinds/cells.js";
import { curvesOf, panel, trace } from "../curves.mjs";

const MAP = panel("map", "heat", { columns: ["zero", "identity", "smooth"] });
const row = (kind, value, x) => trace("map", kind, x, x.map((at) => (at === 1 && kind === "residual" ? null : at + value)), { setting: "blocks", value });
const curves = curvesOf(row("plain", 6, [0, 1, 2]), row("plain", 2, [0, 2]), row("residual", 2, [0, 1, 2]));

test("rows stand by value, then by kind; a cell is a number, not finite, or was not measured", () => {
  assert.deepEqual(rowsOf(MAP, curves).map(({ curve, cells }) => [curve.row, cells]), [
    ["plain, blocks 2", [2, undefined, 4]], ["residual, blocks 2", [2, null, 4]], ["plain, blocks 6", [6, 7, 8]],
  ]);
});

test("a cell that is asked for is picked where it is there, else the first", () => {
  assert.equal(settledCell([MAP], curves, [null, "smooth: plain, blocks 6"]).text, "smooth: plain, blocks 6");
  assert.equal(settledCell([MAP], curves, ["identity: plain, blocks 2"]).text, "zero: plain, blocks 2", "that one was not measured");
  assert.equal(settledCell([MAP], curvesOf(), [null]), null);
  const alone = curvesOf(trace("training", "plain", [1], [1], { cell: "zero", setting: "blocks", value: 2 }));
  assert.equal(settledCell([panel("training", "curves")], alone, []).text, "zero: plain, blocks 2", "without a map those that have curves");
});

test("arrow keys go over what was not measured and stop at the edge", () => {
  const from = settledCell([MAP], curves, []);
  const to = (cell, ...keys) => keys.reduce((at, key) => stepped(MAP, curves, at, key) ?? at, cell).text;
  assert.equal(to(from, "ArrowRight"), "smooth: plain, blocks 2");
  assert.equal(to(from, "ArrowLeft"), "zero: plain, blocks 2");
  assert.equal(to(from, "ArrowDown", "ArrowRight", "ArrowUp"), "identity: residual, blocks 2");
  assert.equal(to(from, "ArrowDown", "ArrowDown", "ArrowDown"), "zero: plain, blocks 6");
  assert.equal(to(from, "End"), "smooth: plain, blocks 2");
  assert.equal(stepped(MAP, curves, from, "x"), null);
  assert.equal(cellWords(from), "zero, plain, 2 blocks");
});
