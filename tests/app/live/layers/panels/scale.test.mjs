/** A quantity as numbers, ranges and colours. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { INFINITE, NOTHING } from "../../../../../app/live/layers/panels/scale.js";
import { codeOf, scale } from "../probes.mjs";

const LOG = { name: "gradient", scale: "log", low: 1e-3, high: 10, neutral: null };

test("codes become values on both scales", () => {
  const linear = scale();
  for (const value of [0, 0.5, 1.234, 2]) assert.ok(Math.abs(linear.value(codeOf(value)) - value) < 2 / 65533);
  assert.ok(Number.isNaN(linear.value(NOTHING)));
  assert.equal(linear.value(INFINITE), Infinity);
  const log = scale(LOG); // codes reach four decades beyond either end
  assert.ok(Math.abs(log.value(1) / 1e-7 - 1) < 1e-9 && Math.abs(log.value(65534) / 1e5 - 1) < 1e-9);
  assert.ok(Math.abs(Math.log10(log.value(32767.5)) - (-7 + 5) / 2) < 1e-9, "equal steps are equal factors");
  assert.equal(log.onAxis(100), 2);
});

test("the range is on round numbers, holds all values, and seldom changes", () => {
  const learned = scale();
  learned.learn([0.41, 0.52, 0.98, null].map((value) => codeOf(value)));
  const { all } = learned.ranges();
  assert.ok(all[0] <= 0.41 && all[1] >= 0.98 && all[0] >= 0.2 && all[1] <= 1.2, String(all));
  assert.ok(all.every((end) => Math.abs(end / 0.1 - Math.round(end / 0.1)) < 1e-6));
  learned.learn([codeOf(0.7)]);
  assert.deepEqual(learned.ranges().all, all);
});

test("colours leave out the rarest values, the axis does not", () => {
  const learned = scale();
  learned.learn([...Array.from({ length: 1000 }, (_, index) => codeOf(0.5 + index / 10_000)), codeOf(1.9)]);
  const { all, most } = learned.ranges();
  assert.ok(all[1] >= 1.9 && most[1] < 1);
});

test("every code has a pixel: nothing is transparent, too much has a colour of its own", () => {
  const learned = scale();
  learned.learn([codeOf(0.2), codeOf(1.8)]);
  const table = learned.pixels("light");
  assert.equal(table.length, 65536);
  assert.equal(table[NOTHING], 0);
  assert.equal(table[INFINITE], ((255 << 24) | (0x9d << 16) | (0x11 << 8) | 0xe0) >>> 0);
  assert.equal(table[codeOf(0)], ((255 << 24) | (0x54 << 16) | (0x01 << 8) | 0x44) >>> 0, "below the range: its darkest color");
  assert.equal(table, learned.pixels("light"), "made once for a range");
});

test("what is neutral has the middle colour", () => {
  const correlation = scale({ name: "correlation", low: -1, high: 1, neutral: 0 });
  assert.ok(correlation.diverging);
  correlation.learn([-0.2, 0.9].map((value) => codeOf(value, { low: -1, high: 1 })));
  const [low, high] = correlation.ranges().most;
  assert.ok(Math.abs(low + high) < 1e-9);
  const stops = correlation.stops("light");
  assert.ok(stops[20].match(/\d+/g).every((channel) => Number(channel) > 235), stops[20]);
});

test("ticks are round values within the range, at most so many", () => {
  const linear = scale();
  assert.deepEqual(linear.ticks([0, 1], 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  const log = scale(LOG);
  assert.deepEqual(log.ticks([-2, 2], 6), [0.01, 0.1, 1, 10, 100]);
  for (const [low, high, most] of [[-0.3, 0.4, 5], [-7, 5, 4]]) {
    const ticks = log.ticks([low, high], most);
    assert.ok(ticks.length >= 2 && ticks.length <= most + 1 && ticks.every((value) => Math.log10(value) >= low - 0.01 && Math.log10(value) <= high + 0.01), String(ticks));
  }
});
