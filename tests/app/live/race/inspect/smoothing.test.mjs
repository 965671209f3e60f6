/** Smoothing by choice: the curve changes, what is said of it changes, and no number of the result does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { means, smoothedRuns } from "../../../../../app/live/race/inspect/smoothing.js";
import { captionOf } from "../../../../../app/live/race/chart/legend.js";
import { footerText } from "../../../../../app/live/race/panel/footer.js";
import { VIEW, assertClose, figure, race, random, range, run, traces, words } from "../runs.mjs";

/** A run whose single steps are noise, and whose stored means are another number. */
function noisy(number, arm = "plain-20", more = {}) {
  const next = random(number), steps = range(1, 120), made = run(number, arm, steps, steps.map(() => 33), more);
  made.series.train.error = steps.map(() => 100 * next());
  return made;
}

/** The mean of the last steps by its definition. */
const direct = (values, window) => values.map((_, index) => {
  const last = values.slice(Math.max(0, index - window + 1), index + 1);
  return last.reduce((sum, value) => sum + value, 0) / last.length;
});

test("a mean is that of the last steps, over the steps and not over the points", () => {
  const { series } = noisy(1);
  for (const window of [1, 20, 100]) assertClose(means(series.train.step, series.train.error, window), direct(series.train.error, window));
  assert.deepEqual(means([1, 2, 30, 31], [4, null, 8, 10], 20), [4, null, 8, 9]);
});

test("the thick curve is smoothed as chosen, with new steps too, and the run's own series stays", () => {
  const usual = noisy(1), [smoothed] = smoothedRuns([usual], 20);
  const line = () => traces(figure([smoothed], { layout: "overlaid", smoothing: 20 }), "running")[0];
  assertClose(line().y, direct(usual.series.train.error, 20));
  usual.series.append(12.1, 33, 1, [121, 1, 50]);
  assertClose(line().y, direct(usual.series.train.error, 20));
  assert.equal(line().x.at(-1), 121);
  assert.deepEqual(usual.series.drawn().running_error.slice(0, 120), Array(120).fill(33));
  assert.equal(smoothedRuns([usual], 50)[0], usual, "the stored means are as they are");
});

test("labels keep the stored means and say so, of runs, seeds and differences", () => {
  const list = [0, 1].flatMap((seed) => [noisy(seed + 1, "plain-20", { seed }), noisy(seed + 11, "plain-56", { seed })]);
  const told = (view, runs) => words(figure(smoothedRuns(runs, 20), { ...view, smoothing: 20 })).join(" ");
  assert.match(told({ layout: "overlaid" }, [list[0]]), /plain-20 s0 50-step mean <b>33.0<\/b>/);
  assert.match(told({ layout: "overlaid" }, list), /plain-20 50-step mean <b>33.0<\/b>/);
  assert.match(told({ layout: "gap" }, list), /50-step mean <b>0.0<\/b>/);
  assert.ok(!told({ layout: "overlaid", curves: ["test"] }, race(1)).includes("50-step"));
});

test("the smoothing stands under the chart and in a picture's caption, and what it leaves out", () => {
  const list = smoothedRuns([noisy(1)], 20), view = { ...VIEW, smoothing: 20 };
  for (const text of [footerText(list, view), captionOf(list, view)]) assert.ok(/thick: mean of up to 20 steps \(labels: mean of 50\)/i.test(text), text);
  assert.ok(footerText(list, { ...view, smoothing: 1 }).startsWith("Thick: single steps (labels"));
  assert.ok(footerText(list, VIEW).startsWith("Thick: mean of up to 50 steps ·"));
  list[0].stored.total = 4000;
  assert.ok(footerText(list, view).includes("(of the steps shown only; labels: mean of 50)"));
});

test("a fork begins with the mean of its own steps: a cut is a jump, later means are the stored ones", () => {
  const steps = range(151, 300), fork = run(9, "A-56", steps, steps.map((step) => Math.min(90, 30 + 60 * ((step - 150) / 50))), { parent: 4, parent_step: 150 });
  fork.series.train.error = steps.map(() => 90);
  const [drawn] = smoothedRuns([fork], null);
  assert.deepEqual(new Set(drawn.series.drawn().running_error), new Set([90]), "no slope after the cut");
  assert.equal(drawn.stored, fork.series, "labels and tables keep the stored means");
  assert.equal(fork.series.drawn().running_error[0], 31.2);
  const young = run(12, "A-56", range(151, 165), range(151, 165).map(() => 47.3), { parent: 4, parent_step: 150 });
  young.series.train.error = range(151, 165).map(() => 90);
  assert.match(words(figure(smoothedRuns([young]), { layout: "overlaid" })).join(" "), /<b>90.0<\/b>/, "its name stands at its curve");
  assert.equal(young.series.latest("train", "running_error"), 90, "in cards and on the stage as well");
  assert.ok(Math.abs(young.series.latest("train", "running_loss") - 47.3 / 40) < 1e-9);
  const late = run(10, "A-56", steps, steps.map(() => 33), { parent: 4, parent_step: 150 });
  late.series.train.error = steps.map(() => 90);
  assert.deepEqual(smoothedRuns([late])[0].series.drawn().running_error.slice(48, 51), [90, 33, 33]);
  const thinned = run(11, "A-56", [151, 160, 400], [31, 50, 90], { parent: 4, parent_step: 150 });
  assert.deepEqual(smoothedRuns([thinned])[0].series.drawn().running_error, [31, 50, 90]);
  assert.equal(smoothedRuns([noisy(3)])[0].stored, undefined);
});
