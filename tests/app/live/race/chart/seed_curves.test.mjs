/** Several seeds of an arm as a mean, a band and thin lines, against an independent calculation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertClose, figure, interpolated, range, run, seeds, spreadOf, traces, words } from "../runs.mjs";

test("mean and band of seeds are those of an independent calculation", () => {
  const { runs, curves } = seeds();
  const built = figure(runs, { curves: ["running", "raw"] });
  const [[mean], [band]] = [traces(built, "running"), traces(built, "band")];
  const { grid, values } = interpolated(curves);
  const expected = spreadOf(values);
  assert.deepEqual(mean.x, grid);
  assertClose(mean.y, expected.mean, "mean");
  assertClose(mean.customdata, expected.low.map((low, index) => [low, expected.high[index]]), "range");
  assertClose(band.y, [...expected.high, ...expected.low.toReversed()], "band");
  assert.deepEqual(band.x, [...grid, ...grid.toReversed()]);
  assert.ok(mean.hovertemplate.includes("mean of 3 seeds, %{customdata[0]:.1f} to %{customdata[1]:.1f}"));
  assert.deepEqual(words(built), [`plain-20 <b>${expected.mean.at(-1).toFixed(1)}</b>`]);
  assert.deepEqual(traces(built, "seed").map(({ x }) => x.length), curves.map(({ at }) => at.length));
  assert.equal(traces(built, "raw").length, 0, "single steps would cover the bands");
});

test("every seed by itself is drawn as a run", () => {
  const { runs, curves } = seeds();
  const built = figure(runs, { seeds: "lines", curves: ["running", "raw"] });
  assert.deepEqual(traces(built, "running").map(({ y }) => y.length), curves.map(({ at }) => at.length));
  assert.equal(traces(built, "raw").length, 3);
  assert.equal(traces(built, "band").length, 0);
  assert.deepEqual(words(built).map((text) => text.split(" <b>")[0]).toSorted(), ["plain-20 s0", "plain-20 s1", "plain-20 s2"]);
});

test("a long mean is decimated and its extremes stay", () => {
  const steps = range(1, 64_000, 32);
  const [low, high] = [steps.map(() => 40), steps.map(() => 50)];
  [low[777], high[1234]] = [3, 97];
  const built = figure([run(1, "A-20", steps, low), run(2, "A-20", steps.map((step) => step + 1), high, { seed: 1 })]);
  const [mean] = traces(built, "running");
  assert.ok(mean.x.length > 200 && mean.x.length <= 600, String(mean.x.length));
  assert.equal(Math.min(...mean.customdata.flat()), 3);
  assert.equal(Math.max(...mean.customdata.flat()), 97);
  assert.deepEqual(mean.x, [...new Set(mean.x)].toSorted((a, b) => a - b));
});

test("a mean ends where a seed ends and says so", () => {
  const at = range(1, 300);
  const early = at.slice(0, 150);
  const stopped = run(3, "A-20", early, early.map((step) => 30 + step), { seed: 2, state: "stopped" });
  const built = figure([run(1, "A-20", at, at), run(2, "A-20", at, at.map((step) => 10 + step), { seed: 1 }), stopped]);
  const [mean] = traces(built, "running");
  assert.deepEqual([mean.x.at(-1), mean.y.at(-1)], [150, 150 + 40 / 3]);
  assert.ok(mean.hovertemplate.includes("the mean ends where seed 2 was stopped, at step 150"));
  assert.deepEqual(words(built), ["A-20 <b>163.3</b><br>until step 150"]);
  assert.equal(Math.max(...traces(built, "seed").map(({ x }) => x.length)), 300, "the others go on as thin lines");
});

test("a mean waits for the slowest seed; until it comes near the name stays with the seed that is furthest", () => {
  const at = range(1, 300), short = range(1, 80), near = range(1, 280);
  const begun = (second) => [run(1, "A-20", at, at), run(2, "A-20", second, second, { seed: 1 }), run(3, "A-20", [], [], { seed: 2 })];
  const built = figure(begun(short));
  const [mean] = traces(built, "running");
  assert.equal(mean.x.at(-1), 80);
  assert.ok(mean.hovertemplate.includes("mean of 2 of 3 seeds"));
  assert.ok(mean.hovertemplate.includes("1 without a value yet"));
  assert.deepEqual(words(built), ["A-20 <b>300.0</b><br>1 of 3 seeds"]);
  assert.equal(built.layout.annotations[0].x, 300);
  const [label] = figure(begun(near)).layout.annotations;
  assert.deepEqual([label.text, label.x], ["A-20 <b>280.0</b><br>2 of 3 seeds", 280]);
});

test("where the seeds' own lines are left out, the name stands at the mean", () => {
  const many = range(0, 16).map((seed) => run(seed + 1, "A-20", ...Array(2).fill(range(1, seed ? 80 : 300)), { seed }));
  const built = figure(many);
  assert.equal(traces(built, "running")[0].x.at(-1), 80);
  assert.deepEqual([words(built), built.layout.annotations[0].x], [["A-20 <b>80.0</b>"], 80]);
});

test("a diverged seed drops out of the whole mean", () => {
  const at = range(1, 100);
  const broken = at.map((step) => (step <= 40 ? 70 : null));
  const diverged = run(3, "A-20", at, broken, { seed: 2, state: "diverged" });
  const built = figure([run(1, "A-20", at, at), run(2, "A-20", at, at.map((step) => step + 2), { seed: 1 }), diverged]);
  assert.deepEqual(traces(built, "running")[0].y, at.map((step) => step + 1), "no jump where it diverged");
  assert.deepEqual(words(built), ["A-20 <b>101.0</b><br>2 of 3 seeds"]);
  const gone = figure([0, 1].map((seed) => run(seed, "A-20", at, broken, { seed, state: "diverged" })));
  assert.deepEqual(words(gone), ["A-20<br>all 2 diverged"]);
  assert.deepEqual(traces(gone, "running")[0].y, []);
});

test("test errors are averaged where all seeds were tested", () => {
  const at = range(1, 100);
  const tests = [[[50, 40], [100, 30]], [[50, 44], [90, 1], [100, 36]]];
  const built = figure([0, 1].map((seed) => run(seed, "A-20", at, at, { seed, tests: tests[seed] })), { curves: ["test"] });
  const [mean] = traces(built, "test");
  assert.deepEqual([mean.x, mean.y], [[50, 100], [42, 33]]);
  assert.deepEqual([mean.error_y.array, mean.error_y.arrayminus], [[2, 3], [2, 3]]);
  assert.deepEqual(words(built), ["A-20 <b>33.0</b>"], "the bold curve carries the name where it is alone");
});

test("runs with other rates are no seeds of each other", () => {
  const at = range(1, 50);
  const rates = [0, 1, 2, 3].map((number) => run(number, "A-20", at, at.map((step) => step + number), { seed: number % 2, lr: number < 2 ? 0.1 : 0.5 }));
  assert.deepEqual(words(figure(rates)).toSorted(), ["A-20 <b>50.5</b><br>rate 0.1", "A-20 <b>52.5</b><br>rate 0.5"]);
});

test("runs of other races are no seeds of each other and make no gap", () => {
  const at = range(1, 50), heights = { "A-20": 10, "plain-20": 0 };
  const both = [1, 2].flatMap((race) => Object.entries(heights).flatMap(([arm, height]) => [0, 1].map((seed) =>
    run(100 * race + height + seed, arm, at, at.map((step) => step + height + 100 * race), { seed, race, label: `${arm} s${seed} (race ${race})` }))));
  const built = figure(both, { layout: "overlaid" });
  const expected = Object.entries(heights).flatMap(([arm, height]) => [1, 2].map((race) => `${arm} <b>${(50 + height + 100 * race).toFixed(1)}</b><br>race ${race}`));
  assert.deepEqual(words(built).toSorted(), expected.toSorted());
  const gaps = figure(both, { layout: "gap" });
  assert.deepEqual(traces(gaps, "running").map(({ name, y }) => [name, y.at(-1)]).toSorted(), [["plain minus A at depth 20 (race 1)", -10], ["plain minus A at depth 20 (race 2)", -10]]);
  const apart = both.filter(({ card }) => card.run === 100 || card.run === 210);
  assert.equal(apart.length, 2);
  assert.deepEqual(words(figure(apart, { layout: "gap" })).map((text) => text.startsWith("A gap needs")), [true]);
});
