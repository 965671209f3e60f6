/** Which points of a curve stay: the server's rule, by what the server says itself. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decimate } from "../../../../app/live/shared/decimate.js";

test("the browser decimates by the same rule as the server", { skip: !process.env.SKIPSCOPE_TEST_FACTS && "pytest brings what the server keeps" }, () => {
  const { decimations } = JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8"));
  assert.equal(decimations.length, 3);
  for (const { points, atMost, kept } of decimations) assert.deepEqual(decimate(points, atMost).step, kept, `at most ${atMost}`);
});

test("a spike stays however few points there is room for, and so do the ends", () => {
  const step = Array.from({ length: 5000 }, (_, index) => index + 1);
  const error = step.map((at) => (at === 2345 ? 99 : 50)), loss = step.map((at) => (at === 77 ? null : 1));
  const kept = decimate({ step, error, loss, seconds: step.map((at) => at / 10) }, 20);
  assert.ok(kept.step.length <= 20);
  assert.deepEqual([kept.step[0], kept.step.at(-1)], [1, 5000]);
  assert.ok(kept.step.includes(2345) && kept.step.includes(77), "not finite is an extreme too");
  assert.deepEqual(kept.seconds, kept.step.map((at) => at / 10), "columns stay together");
});

test("points that fit are given back as they are", () => {
  const points = { step: [1, 2], error: [1, 2], loss: [1, 2] };
  assert.equal(decimate(points, 2), points);
});
