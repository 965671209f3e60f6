/** Where words stand along an axis. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { multiples, pushedApart, roundStep } from "../../../../app/live/shared/axis_labels.js";

test("a step is the next round number", () => {
  assert.deepEqual([0.2, 0.21, 1, 3, 5.5, 0.011].map(roundStep), [0.2, 0.5, 1, 5, 10, 0.02]);
});

test("multiples of a step lie within the ends, both included, without noise", () => {
  assert.deepEqual(multiples(0, 1, 0.2), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(multiples(-0.25, 0.31, 0.1), [-0.2, -0.1, 0, 0.1, 0.2, 0.3]);
});

test("labels stay at their lines where there is room, and cover neither one another nor the ends", () => {
  const placed = (naturals, room) => pushedApart(naturals.map((natural) => ({ natural, px: 10 })), room).map(({ at }) => at);
  assert.deepEqual(placed([50, 20], { top: 100 }), [20, 50]);
  assert.deepEqual(placed([20, 22, 0], { top: 100 }), [5, 20, 30]);
  assert.deepEqual(placed([96, 99], { top: 100 }), [85, 95]);
  assert.deepEqual(placed([-5], { bottom: -Infinity, top: 100 }), [-5]);
});
