/** The points of a run: what the stream adds, what a zoom brings, how many there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Series } from "../../../../app/live/race/series.js";
import { RaceStream } from "../../../../app/live/race/stream.js";
import { history, range, run } from "./runs.mjs";

test("a look at the past holds and draws no more while the run goes on", () => {
  const at = range(1, 1000);
  const runs = [run(1, "A-20", at, at.map((step) => 90 - step / 100))], [{ series }] = runs;
  const stream = { loaded: 0 }, full = [], drawn = [];
  RaceStream.prototype.filled.call(stream, runs);
  series.refine(Object.fromEntries(Object.entries(series.train).map(([key, all]) => [key, all.slice(99, 200)])), 100, 200, 200);
  for (let step = 1001; step <= 6000; step += 50) {
    series.append(step + 49, 1, 7, range(step, step + 49).flatMap((now) => [now, now === 1500 ? 9 : 1, 50]));
    drawn.push(series.drawn().step);
    full.push(RaceStream.prototype.isFull.call(stream, runs));
  }
  assert.deepEqual([full[0], full.at(-1)], [false, true], "the history is asked for again");
  drawn.forEach((steps, index) => {
    assert.deepEqual(steps, [...new Set(steps)].toSorted((a, b) => a - b));
    assert.equal(steps.at(-1), 1050 + 50 * index);
    assert.ok(range(100, 200).every((step) => steps.includes(step)), "every step of what is looked at");
    assert.ok(steps.length <= 101 + 3 * 20);
  });
  assert.ok(drawn.slice(9).every((steps) => steps.includes(1500)), "a spike outside stays");
});

test("a streamed step is drawn once, and its running mean may come later", () => {
  const series = new Series(history([1, 2], [50, 40]));
  series.append(1.2, null, null, [2, 0.1, 11, 3, 0.2, 12, 4, 0.3, 13]);
  assert.deepEqual(series.train.step, [1, 2, 3, 4]);
  assert.deepEqual(series.train.error, [50, 40, 12, 13]);
  assert.deepEqual(series.train.running_error, [50, 40, null, null]);
  assert.ok(Math.abs(series.train.seconds[2] - 0.7) < 1e-9, "the clock between two messages is interpolated");
  series.append(1.2, 0.25, 12.5, [4, 0.3, 13]);
  assert.deepEqual([series.train.running_loss.at(-1), series.train.running_error.at(-1)], [0.25, 12.5]);
  assert.equal(series.total, 4);
  assert.equal(series.latest("train", "running_error"), 12.5);
});

test("a fork counts its own steps, and evaluations are kept once", () => {
  const series = new Series(history([41, 42], [50, 40]), 40);
  series.append(9, 1, 1, [43, 1, 1, 44, 1, 1]);
  assert.equal(series.total, 4);
  series.evaluate("test_subset", 44, 0.5, 20, 9);
  series.evaluate("test_subset", 44, 0.6, 30, 9);
  series.evaluate("unheard of", 44, 0.6, 30, 9);
  assert.deepEqual(series.test_subset, { step: [44], loss: [0.5], error: [20], seconds: [9] });
  assert.equal(series.latest("validation", "error"), undefined);
});

test("what a zoom brought goes with the zoom", () => {
  const series = new Series(history([10, 20, 30], [3, 2, 1]));
  series.refine({ ...history([18, 19, 20, 21], [9, 8, 7, 6]).train }, 18, 21, 100);
  assert.deepEqual(series.drawn().step, [10, 18, 19, 20, 21, 30]);
  assert.equal(series.drawn(), series.drawn(), "the same object until something is new");
  series.coarsen();
  assert.deepEqual(series.drawn().step, [10, 20, 30]);
});
