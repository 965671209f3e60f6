/** Where points stand: units of the x axis, its end, ranges of the y axis. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { labelPx, nameLines, onAxis, positive, sizes, xEnd, xs, yAxis } from "../../../../../app/live/race/chart/axes.js";
import { run } from "../runs.mjs";

test("the x axis counts steps, epochs or seconds", () => {
  const points = { step: [10, 20], seconds: [1.5, 3] }, card = { batch_size: 50, train_images: 500 };
  assert.deepEqual([xs(points, card, "step"), xs(points, card, "epoch"), xs(points, card, "seconds")], [[10, 20], [1, 2], [1.5, 3]]);
});

test("the x axis ends at the planned steps, by the clock at a round number", () => {
  const runs = [run(1, "A-20", [1, 40], [9, 8], { total_steps: 300 }), run(2, "A-20", [1, 40], [9, 8], { total_steps: 200 })];
  assert.equal(xEnd({ x: "step" }, runs), 300);
  assert.equal(xEnd({ x: "epoch" }, runs), 30);
  assert.equal(xEnd({ x: "seconds" }, runs), 4);
});

test("the error's axis is fixed, the loss's follows its curves in steps", () => {
  const runs = [run(1, "A-20", [1, 2], [132, 1])]; // losses of 3.3 and 0.025
  assert.deepEqual(yAxis({ metric: "error", scale: "linear" }, runs), [0, 100]);
  assert.deepEqual(yAxis({ metric: "error", scale: "log" }, runs), [0, 2]);
  assert.deepEqual(yAxis({ metric: "loss", scale: "linear" }, runs), [0, 3.5]);
  assert.deepEqual(yAxis({ metric: "loss", scale: "log" }, runs), [-1.75, 0.75]);
  assert.deepEqual(yAxis({ metric: "loss", scale: "linear", hidden: true }, runs), [0, 2.5]);
});

test("a log axis has the logarithm, and no place for what is not above zero", () => {
  assert.deepEqual(positive([1, 0, -1], "log"), [1, null, null]);
  assert.deepEqual(positive([1, 0], "linear"), [1, 0]);
  assert.deepEqual([onAxis(100, { scale: "log" }), onAxis(100, { scale: "linear" })], [2, 100]);
});

test("a long name is broken, and its label has room", () => {
  assert.deepEqual(nameLines("A-20"), ["A-20"]);
  assert.deepEqual(nameLines("gated-20 bias -2.0"), ["gated-20", "bias -2.0"]);
  assert.deepEqual(nameLines("A-56 s0, shortcuts cut at 60, weight decay 0.001 from 80"), ["A-56", "s0, shortcuts cut at 60,", "weight decay 0.001 from", "80"]);
  assert.ok(labelPx([{ name: "a name of many letters" }], {}) > labelPx([{ name: "A-20" }], {}));
  assert.ok(sizes({ big: true }).label > sizes({}).label);
});
