/** Error against depth: which runs stand where, what is provisional, what is not compared. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { depthLegend, depthLines, depthRows, depthShown, hasDepths } from "../../../../../app/live/race/chart/depth_figure.js";
import { captionOf, legendOf } from "../../../../../app/live/race/chart/legend.js";
import { trainingShown } from "../../../../../app/live/race/chart/coverage.js";
import { THEME, VIEW, assertClose, colorOf, figure, range, run, traces, words } from "../runs.mjs";

const DEPTHS = [8, 20, 56, 110];
const DEPTH = { ...VIEW, layout: "depth" };

/** Plain and A with three seeds at every depth; errors are known by arm and seed. */
function race({ depths = DEPTHS, seeds = 3, state = "finished", ...card } = {}) {
  const at = range(1, 300);
  return ["plain", "A"].flatMap((variant, family) => depths.flatMap((depth, place) => range(0, seeds - 1).map((seed) => {
    const error = 10 + (family ? place : 10 * place) + seed;
    return run(100 * family + 10 * place + seed, `${variant}-${depth}`, at, at.map(() => error), { seed, state, tests: [[300, error + 5]], ...card });
  })));
}

/** What the server says once all runs of an arm have ended. */
const FACTS = {
  running: { none: DEPTHS.map((depth, place) => [depth, 11 + 10 * place, 8.5, 13.5 + 10 * place]), A: DEPTHS.map((depth, place) => [depth, 11 + place, 8.5 + place, 13.5 + place]) },
};

test("a race has errors over depth from three comparable depths on", () => {
  assert.ok(hasDepths(race()));
  assert.ok(!hasDepths(race({ depths: [20, 56] })));
  assert.ok(!hasDepths([]));
  const aside = race({ depths: [20, 56] });
  for (const other of [{ parent: 3 }, { difference: "learning rate 0.01" }]) assert.ok(!hasDepths([...aside, run(90, "plain-8", [1], [50], other)]), "a run that is not compared brings no depth");
  assert.ok(!hasDepths([...aside, run(90, "plain-8", [1], [50], { race: 2 })]), "runs of several races");
});

test("every arm has its mean with the server's interval, and every seed is a dot", () => {
  const built = figure(race(), { ...DEPTH, depths: FACTS });
  const [plain] = traces(built, "depth", "plain"), [residual] = traces(built, "depth", "A");
  assertClose(plain.y, [11, 21, 31, 41]);
  assertClose(residual.y, [11, 12, 13, 14]);
  assertClose(residual.error_y.array, [2.5, 2.5, 2.5, 2.5]);
  assertClose(plain.error_y.arrayminus, [2.5, 12.5, 22.5, 32.5]);
  assert.equal(plain.line.color, colorOf("plain-20"), "a depth in the middle has the clearest hue");
  assert.deepEqual(plain.marker.opacity, [1, 1, 1, 1]);
  const [dots] = traces(built, "dot", "A");
  assert.deepEqual([dots.x.length, dots.y.slice(0, 3)], [12, [10, 11, 12]]);
  assert.ok(words(built).includes("plain <b>41.0</b>") && words(built).includes("A <b>14.0</b>"));
  assert.ok(!words(built).join().includes("provisional"));
  assert.ok(plain.text[1].includes("95 % interval 8.5 to 23.5") && plain.text[1].includes("mean of 3 seeds"), plain.text[1]);
  assert.deepEqual([built.layout.yaxis.range, built.layout.yaxis.title.text], [[0, 50], "training error (%)"]);
});

test("depths stand at their logarithm, lines beside each other in the same order at each", () => {
  const { layout, data } = figure(race(), { ...DEPTH, depths: FACTS });
  assert.deepEqual(layout.xaxis.ticktext, ["8", "20", "56", "110"]);
  assertClose(layout.xaxis.tickvals, DEPTHS.map((depth) => Math.log(depth / 8) / Math.log(110 / 8)));
  const [plain, residual] = data.filter(({ meta }) => meta === "depth");
  const apart = plain.x.map((x, index) => residual.x[index] - x);
  assert.ok(apart.every((px) => px > 0 && Math.abs(px - apart[0]) < 1e-9));
  const narrow = figure(race({ depths: [20, 32, 44, 56, 110, 1202] }), DEPTH, 360).layout.xaxis.ticktext;
  assert.deepEqual([narrow[0], narrow.at(-1), narrow.length < 6], ["20", "1202", true], "ticks that would cover each other are left out");
});

test("while an arm trains its newest errors are faint, have no interval, and are said to be provisional", () => {
  const runs = race();
  for (const one of runs.filter(({ card }) => card.arm === "plain-110")) one.card.state = "running";
  const built = figure(runs, { ...DEPTH, depths: { running: { ...FACTS.running, none: FACTS.running.none.slice(0, 3) } } });
  const [plain] = traces(built, "depth", "plain");
  assertClose(plain.y, [11, 21, 31, 41]);
  assert.deepEqual(plain.marker.opacity, [1, 1, 1, 0.4]);
  assert.equal(plain.error_y.array[3], null);
  assert.ok(words(built).some((text) => text.startsWith("provisional: 1 of 8 arms have not ended")));
  assert.ok(depthShown(runs, DEPTH).startsWith("provisional: 1 of 8 arms"));
  const [last] = runs.filter(({ card }) => card.arm === "plain-110");
  last.card.state = "finished";
  const [early] = traces(figure(runs, DEPTH), "depth", "plain");
  assertClose(early.y.slice(3), [40], "once a seed has ended, the mean is of such seeds alone");
  assert.ok(early.text[3].includes("mean of 1 of 3 seeds, provisional"), early.text[3]);
  const young = [...race({ depths: [8, 20], seeds: 1 }), run(50, "plain-56", range(1, 30), range(1, 30)), run(51, "A-56", [], [], { state: "queued" })];
  assert.deepEqual(depthLines(young, DEPTH).map(({ points }) => points.map(({ depth }) => depth)), [[8, 20], [8, 20]], "a mean of fewer than 50 steps is none");
});

test("forks, changed runs and runs that ended early are hollow dots with their name, in no mean", () => {
  const at = range(1, 300), runs = race();
  runs[0].card.state = "stopped";
  const fork = run(70, "A-56", at, at.map(() => 60), { label: "A-56, shortcuts cut at 60", parent: 121, parent_step: 0, difference: "shortcuts cut at step 60", state: "finished" });
  const built = figure([...runs, fork], DEPTH);
  const [others] = traces(built, "other");
  const named = ["plain-8 s0, stopped at 300", "A-56, shortcuts cut at 60"];
  assert.deepEqual(words(built).filter((text) => named.includes(text)), named);
  assert.deepEqual([others.y, others.marker.symbol], [[10, 60], "circle-open"]);
  const many = range(80, 84).map((number) => run(number, "A-56", at, at.map(() => 60), { label: `A-56 ${number}`, difference: "width 4", state: "finished" }));
  assert.ok(!words(figure([...race(), ...many], DEPTH)).join().includes("A-56 8"), "five names are left to the pointer");
  assertClose(traces(built, "depth", "plain")[0].y.slice(0, 1), [11.5], "two seeds are left");
  assertClose(traces(built, "depth", "A")[0].y, [11, 12, 13, 14], "as without the fork");
  assert.ok(depthShown([...runs, fork], DEPTH).endsWith("hollow: not compared (plain-8 s0, stopped at 300, A-56, shortcuts cut at 60)"));
});

test("the switches choose which errors are drawn, each in the style of its curve", () => {
  const built = figure(race(), { ...DEPTH, curves: ["running", "raw", "test"] });
  const [running, , test_] = traces(built, "depth", "plain").toSorted((a, b) => a.y[0] - b.y[0]).flatMap((one) => [one, one]);
  assert.ok(running.line.dash && !test_.line.dash);
  assertClose(test_.y, [16, 26, 36, 46]);
  assert.equal(built.layout.yaxis.title.text, "error (%)");
  assert.equal(words(built).filter((text) => text.startsWith("A <b>")).length, 1, "a name stands beside the first of them");
  assert.equal(traces(figure(race(), { ...DEPTH, curves: ["raw"] }), "depth").length, 0);
  assert.deepEqual(figure(race(), { ...DEPTH, curves: [] }).data, []);
});

test("a hidden picture tells nothing", () => {
  const built = figure(race(), { ...DEPTH, hidden: true });
  assert.deepEqual([built.data.map(({ meta }) => meta), built.layout.yaxis.range], [["unseen"], [0, 100]]);
  assert.ok(!/\d\d\.\d|provisional/.test(words(built).join()));
});

test("what is exported says what is drawn", () => {
  const view = { ...DEPTH, depths: FACTS };
  const rows = depthRows(race(), view);
  assert.equal(rows.length, 24);
  assert.deepEqual(rows[0], ["running", "none", 8, 0, 0, 300, 10, 11, 8.5, 13.5, false, undefined]);
  assert.deepEqual(depthRows(race(), { ...view, hidden: true }), []);
  assert.deepEqual(legendOf(race(), view, THEME), depthLegend(race(), view, THEME));
  assert.deepEqual(depthLegend(race(), view, THEME).map(({ name }) => name), ["plain", "A", "training error, mean of 50 steps", "each seed"]);
  assert.equal(trainingShown(race(), view), "last errors of 24 runs; mean of the seeds with its 95 % t interval");
  assert.equal(trainingShown(race(), { ...view, curves: ["running", "test"] }), "last errors of 24 runs; test error of a finished run: the whole test set; mean of the seeds with its 95 % t interval");
  assert.ok(captionOf(race(), view, "mini").endsWith("training error: mean of 50 steps; last errors of 24 runs; mean of the seeds with its 95 % t interval"));
});
