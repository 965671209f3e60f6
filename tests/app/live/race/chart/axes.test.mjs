/** Where points stand: units of the x axis, its end, ranges of the y axis. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fittingHeight, nameLines, onAxis, positive, sizes, xEnd, xs, yAxis } from "../../../../../app/live/race/chart/axes.js";
import { range, run } from "../runs.mjs";

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

test("the error's linear axis is fixed, other axes follow their curves in steps", () => {
  const runs = [run(1, "A-20", [1, 2], [132, 1])]; // losses of 3.3 and 0.025
  const ends = (view) => yAxis(view, runs).map((end) => Number((10 ** end).toPrecision(6)));
  assert.deepEqual(yAxis({ metric: "error", scale: "linear" }, runs), [0, 100]);
  assert.deepEqual(yAxis({ metric: "loss", scale: "linear" }, runs), [0, 3.5]);
  assert.deepEqual(ends({ metric: "error", scale: "log" }), [1, 200]);
  assert.deepEqual(ends({ metric: "loss", scale: "log" }), [0.02, 5]);
  for (const scale of ["linear", "log"]) {
    const told = ["error", "loss"].map((metric) => yAxis({ metric, scale, hidden: true }, runs));
    assert.deepEqual(told, scale === "log" ? [[0, 2], [-1, 0.5]] : [[0, 100], [0, 2.5]], "hidden curves tell no range");
  }
});

test("one peak does not flatten the loss, many points above do move the axis", () => {
  const at = range(1, 300), loss = (high) => [run(1, "A-20", at, at.map((step) => (step > 300 - high ? 440 : 40)))];
  const top = (high) => yAxis({ metric: "loss", scale: "linear" }, loss(high))[1];
  assert.deepEqual([top(0), top(1), top(30)], [2.5, 2.5, 12.5]);
});

test("a chart has the height that the window leaves, and no more than it needs", () => {
  assert.deepEqual([fittingHeight(900, 280), fittingHeight(720, 380), fittingHeight(720, 420), fittingHeight(720, 2000), fittingHeight(400, 350)], [495, 340, 300, 396, 300]);
});

test("a log axis has the logarithm, and no place for what is not above zero", () => {
  assert.deepEqual(positive([1, 0, -1], "log"), [1, null, null]);
  assert.deepEqual(positive([1, 0], "linear"), [1, 0]);
  assert.deepEqual([onAxis(100, { scale: "log" }), onAxis(100, { scale: "linear" })], [2, 100]);
});

test("a long name is broken", () => {
  assert.deepEqual(nameLines("A-20"), ["A-20"]);
  assert.deepEqual(nameLines("A-56, shortcuts cut at 169"), ["A-56, shortcuts cut at 169"]);
  assert.deepEqual(nameLines("A-56 s0, shortcuts cut at 60, weight decay 0.001 from 80"), ["A-56 s0, shortcuts cut at", "60, weight decay 0.001 from", "80"]);
  assert.ok(sizes({ big: true }).label > sizes({}).label);
});
