/** The line under the chart: what is drawn of what was measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { footerText } from "../../../../../app/live/race/panel/footer.js";
import { VIEW, range, run } from "../runs.mjs";

const footer = (runs, view = {}, more = {}) => footerText(runs, { ...VIEW, ...view }, more);
const shown = (runs, view) => footer(runs, view).toLowerCase().split(" · ").find((part) => part.includes("shown"));
const at = range(1, 300), long = range(1, 1000);

test("the footer counts what is drawn", () => {
  const pair = [run(1, "plain-20", at, at), run(2, "plain-56", at, at)];
  const fork = run(3, "plain-56", at, at, { parent: 2, parent_step: 0 });
  assert.equal(shown(pair), "all 600 steps of 2 runs shown");
  assert.equal(shown(pair, { curves: ["test"] }), "no training steps shown");
  assert.equal(shown(pair, { curves: ["raw"], layout: "gap" }), "no training steps shown");
  assert.equal(shown([...pair, fork]), "all 900 steps of 3 runs shown");
  assert.equal(shown([...pair, fork], { layout: "gap" }), "all 600 steps of 2 paired runs shown");
  const seeds = ["A-20", "A-56"].flatMap((arm) => [0, 1].map((seed) => run(seed, arm, long, long, { seed })));
  assert.equal(shown(seeds), "all 4,000 steps of 4 runs shown, means thinned, extremes kept");
  assert.equal(shown(seeds, { seeds: "lines" }), "all 4,000 steps of 4 runs shown");
  assert.equal(shown(seeds, { layout: "gap" }), "all 4,000 steps of 4 paired runs shown, differences thinned, extremes kept");
});

test("what the server or the chart left out is said, and what a click does", () => {
  const one = run(1, "A-20", at, at, { threads: 1, tests: [[100, 30], [300, 20]] });
  one.series.total = 5000;
  one.series.unseen.test_subset = 7;
  const both = { curves: ["running", "test"] };
  assert.equal(footer([one], both, { age: 12, mayFork: true }),
    "Thick: mean of up to 50 steps · 300 of 5,000 steps of 1 run shown, extremes kept · 2 of 9 evaluations shown, extremes kept · 1 seed · fp32, cpu, 1 thread per run · newest datum 12 s old · click a curve to fork there");
  assert.ok(!footer([one], both, { age: 1 }).includes("newest"), "a stream that comes is not worth a word");
  assert.ok(!footer([one], { ...both, layout: "gap" }, { mayFork: true }).includes("fork"));
});

test("zeros that a log axis cannot show and peaks beyond the axis are counted", () => {
  const falling = run(1, "A-20", at, at.map((step) => Math.max(0, 270 - step)));
  assert.ok(footer([falling], { scale: "log" }).includes("31 zeros not shown on the log axis"));
  assert.ok(!footer([falling]).includes("zero"));
  const peaks = at.map((step) => ([100, 101, 200].includes(step) ? 440 : 40));
  assert.ok(footer([run(1, "A-20", at, peaks)], { metric: "loss" }).includes("2 peaks beyond the axis (▲)"), "two stretches");
});

test("hidden curves are not counted", () => {
  assert.ok(footer([run(1, "A-20", at, at)], { hidden: true }).startsWith("Thick: mean of up to 50 steps · curves hidden until the reveal"));
});
