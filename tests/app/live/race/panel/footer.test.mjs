/** The line under the chart: what is drawn of what was measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { footerText } from "../../../../../app/live/race/panel/footer.js";
import { VIEW, range, run } from "../runs.mjs";

const footer = (runs, view = {}, age = null) => footerText(runs, { ...VIEW, ...view }, age);
const shown = (runs, view) => footer(runs, view).split(" · ")[0];
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

test("what the server or the chart left out is said, and what it costs", () => {
  const one = run(1, "A-20", at, at, { threads: 1, evaluation_share: 0.034, probe_share: 0.02, tests: [[100, 30], [300, 20]] });
  one.series.total = 5000;
  one.series.unseen.test_subset = 7;
  assert.equal(footer([one], { curves: ["running", "test"] }, 12),
    "300 of 5,000 steps of 1 run shown, extremes kept · 2 of 9 evaluations shown, extremes kept · dashed: mean of up to 50 steps · 1 seed · fp32 · cpu · 1 thread per run · evaluation 3 % of the time · probes 2 % · newest datum 12 s old");
});

test("hidden curves are not counted", () => {
  assert.ok(footer([run(1, "A-20", at, at)], { hidden: true }).startsWith("curves hidden until the reveal · dashed"));
});
