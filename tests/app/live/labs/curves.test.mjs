/** The curves of a lab job: names, cells, values, the picked one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ends, isSeed, same, valued } from "../../../../app/live/labs/curves.js";
import { curvesOf, trace } from "./curves.mjs";

test("a curve knows its cell, its row, its setting and its part", () => {
  const curves = curvesOf(trace("training", "plain", [1], [2], { cell: "identity", setting: "blocks", value: 6, part: "seed 0" }), trace("training", "residual", [1], [2]));
  const [first, second] = curves.all();
  assert.equal(first.name, "identity: plain, blocks 6; seed 0");
  assert.deepEqual([first.cell, first.row, first.setting, first.part, isSeed(first)], ["identity", "plain, blocks 6", "blocks", "seed 0", true]);
  assert.deepEqual([second.cell, second.row, second.setting, isSeed(second)], ["", "residual", "", false]);
});

test("a curve that comes again takes the place of the one before, and its panel has news", () => {
  const curves = curvesOf(trace("norm", "plain", [1], [2]));
  const before = curves.revision("norm");
  curves.add([trace("norm", "plain", [1, 2], [2, 3])]);
  assert.deepEqual([curves.size, curves.of("norm")[0].x], [1, [1, 2]]);
  assert.ok(curves.revision("norm") > before);
  assert.equal(curves.revision("absent"), 0);
});

test("of cells only the picked one is shown", () => {
  const inCell = (cell) => trace("training", "plain", [1], [2], { cell, setting: "blocks", value: 2 });
  const curves = curvesOf(inCell("zero"), inCell("identity"), trace("map", "plain", [0], [1]));
  assert.deepEqual(curves.shown("training", { column: "zero", row: "plain, blocks 2" }).map(({ cell }) => cell), ["zero"]);
  assert.equal(curves.shown("training", null).length, 0);
  assert.equal(curves.shown("map", null).length, 1);
});

test("a pick has the curve with its value, else the nearest in ratio; parts are no picks", () => {
  const at = (value, part) => trace("norm", "plain", [1], [2], { setting: "gain", value, ...(part ? { part } : {}) });
  const curves = curvesOf(at(0.5), at(2), at(1, "low"));
  assert.equal(curves.picked("norm", { kind: "plain", value: 0.9, cell: null }).value, 0.5);
  assert.equal(curves.picked("norm", { kind: "plain", value: 1.1, cell: null }).value, 2);
  assert.equal(curves.picked("norm", { kind: "absent", value: 1, cell: null }), undefined);
  assert.deepEqual([curves.values("plain", "gain"), curves.values("plain", "blocks"), curves.kinds()], [[0.5, 1, 2], [], ["plain"]]);
});

test("values are said with their setting, and alike where rounding alone differs", () => {
  assert.deepEqual([valued("blocks", 6), valued("blocks", 1), valued("gain", 0.8)], ["6 blocks", "1 block", "gain 0.8"]);
  assert.deepEqual([same(1, 1 + 1e-9), same(1, 1.01), same(null, null), same(null, 1)], [true, false, true, false]);
  assert.deepEqual([ends({ x: [1, 2, 3], y: [null, 5, null] }), ends({ x: [1], y: [null] })], [[[2, 5], [2, 5]], undefined]);
});
