/** What a picture needs beside its curves: legend, smoothing, caption. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { captionOf, legendOf, smoothingOf } from "../../../../../app/live/race/chart/legend.js";
import { THEME, VIEW, colorOf, ownArms, race, range, run } from "../runs.mjs";

const names = (runs, view) => legendOf(runs, { ...VIEW, ...view }, THEME).map(({ name }) => name);

test("a legend has the arms in the order of the race, then what lines mean", () => {
  assert.deepEqual(names(race(), { curves: ["running", "test"] }), [
    "plain-20", "plain-56", "A-20", "A-56", "training error, mean of up to 50 steps", "smallest to largest seed, of the test as whiskers", "each seed", "test error (1,000 images)",
  ]);
  assert.deepEqual(names(race(1), { curves: ["running", "raw", "clean"] }).slice(4), ["training error, mean of up to 50 steps", "single steps", "clean training error (1,000 images)"]);
  const closing = race(1).map((one) => ({ ...one, card: { ...one.card, closing_images: 5000 } }));
  assert.deepEqual(names(closing, { curves: ["clean"] }).slice(4), ["clean training error (1,000 images, 5,000 at the end)"]);
  assert.deepEqual(names(race(1), { layout: "gap" }), [
    "plain: 56 minus 20", "A: 56 minus 20", "plain minus A at depth 20", "plain minus A at depth 56", "difference in training error, mean of up to 50 steps",
  ]);
  const gaps = { step: 100, end: true, cure: "", of: [["none", 56, 20, 1, 10, null, null]] };
  assert.deepEqual(names(race(1), { layout: "gap", gaps }).at(-1), "mean of the seeds with its 95 % interval, training error at the end (clean), step 100");
  const [first] = legendOf(race(), VIEW, THEME);
  assert.equal(first.color, colorOf("plain-20"));
});

test("a caption says where the curves come from and how they were made", () => {
  const at = range(1, 300);
  assert.equal(captionOf([run(1, "A-20", at, at)], { ...VIEW, curves: ["running", "raw"] }, "fashion-mnist-mini"),
    "fashion-mnist-mini, 300 of 300 steps, 1 seed, SGD, rate 0.1, batch 100, fp32, cpu; thick: mean of up to 50 steps over faint single steps; all 300 training points of 1 run shown");
  assert.ok(captionOf([run(1, "A-20", at, at), run(2, "A-56", at, at, { total_steps: 500 })], VIEW).startsWith("300 of 500 steps"), "the longest plan");
  assert.ok(captionOf(race(), VIEW).startsWith("99 to 100 of 300 steps, 2 seeds, SGD, rate 0.1"));
  const adamw = [run(1, "A-20", at, at, { optimizer: "AdamW", lr: 0.001, warmup_steps: 100 })];
  assert.ok(captionOf(adamw, VIEW).startsWith("300 of 300 steps, 1 seed, AdamW, rate 0.001, warm-up 100 steps, batch 100"));
});

test("a caption names what is not comparable, where it is drawn", () => {
  const runs = [...race(1), ...ownArms()];
  assert.ok(captionOf(runs, VIEW).endsWith("; A-56, shortcuts cut at 40: a fork of run 30; A-20, shortcuts cut at 60: no seed of A-20; plain-56, weight decay 0.001: no seed of plain-56"));
  assert.ok(names(runs).includes("A-56, shortcuts cut at 40"));
  assert.equal(captionOf(runs, { ...VIEW, layout: "gap" }).split("shortcuts cut").length, 1, "no gap has them");
  assert.ok(captionOf([...runs, ...ownArms()], VIEW).endsWith("; 2 more that are no seeds of their arms"));
});

test("smoothing is said as it was done", () => {
  assert.equal(smoothingOf(race(), { ...VIEW, curves: ["test"] }), "");
  assert.equal(smoothingOf(race(), VIEW), "thick: mean of up to 50 steps, then of the seeds, in a band from the smallest to the largest");
  assert.equal(smoothingOf(race(1), { ...VIEW, layout: "gap" }), "thick: differences of means of up to 50 steps");
});
