/** The tables behind the charts of the layers: one row per value, in the order of the net. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mapTable, tableOf } from "../../../../app/live/layers/export.js";
import { probed, scale } from "./probes.mjs";

const runs = [probed(1, "A-20", [0, 10], { response_std: [[1, 1, 1], [0.5, null, Infinity]] })];
const now = { runs, step: 12, quantity: "response_std", scale: () => scale(), data: { sides: [], edges: [-1, 0, 1] } };

test("a profile's table has the step that is looked at, and the first probe that stays as a ghost", () => {
  const { columns, rows } = tableOf("profile", now);
  assert.deepEqual(columns, ["run", "net", "seed", "step", "quantity", "unit", "place", "name", "stage", "value"]);
  assert.deepEqual(rows.map((row) => [row[3], row[6], row[7]]), [0, 10].flatMap((step) => [1, 2, 3].map((place) => [step, place, `conv${place}`])));
  const values = rows.map((row) => row[9]);
  assert.deepEqual(values.slice(4), [null, "inf"], "nothing is an empty field, too much a word");
  values.slice(0, 4).forEach((value, index) => assert.ok(Math.abs(value - [1, 1, 1, 0.5][index]) < 1e-4, String(values)));
});

test("a map's table has every column of its nets", () => {
  assert.equal(mapTable({ ...now, nets: [{ run: runs[0] }] }).rows.length, 6);
});

test("a distribution's table has its bins, those beyond the edges too", () => {
  const found = { over: false, document: { runs: { 1: { layer: "conv2", step: 10, histogram: [0.1, 0.2, 0.3, 0.4], channels: [2, 1] } } } };
  assert.deepEqual(tableOf("hist", { ...now, layer: { found } }).rows, [
    [1, "A-20", "conv2", 10, "-inf", -1, 0.1], [1, "A-20", "conv2", 10, -1, 0, 0.2], [1, "A-20", "conv2", 10, 0, 1, 0.3], [1, "A-20", "conv2", 10, 1, "inf", 0.4],
  ]);
  assert.deepEqual(tableOf("channels", { ...now, layer: { found } }).rows, [[1, "A-20", "conv2", 10, 1, 2], [1, "A-20", "conv2", 10, 2, 1]]);
  assert.deepEqual(tableOf("hist", { ...now, layer: { found: null } }).rows, []);
});
