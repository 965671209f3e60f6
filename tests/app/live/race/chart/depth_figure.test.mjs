/** Error against depth: which runs stand where, what is provisional, what is not compared. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { depthLegend, depthLines, depthRows, depthShown } from "../../../../../app/live/race/chart/depth_figure.js";
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

const IDS = { none: 0, A: 100 };
/** What the server says of an arm of race(), whose three runs count where nothing else is said. */
function fact(shortcut, place, { final = true, mean = null, low = null, high = null, counted = range(0, 2), missing = [] } = {}) {
  const id = (seed) => IDS[shortcut] + 10 * place + seed;
  return [DEPTHS[place], final, mean, low, high, counted.map(id), 3, missing.map(([seed, why]) => [id(seed), why])];
}

const ended = (shortcut, slope, more = 0) => DEPTHS.map((_, place) => fact(shortcut, place, { mean: 11 + more + slope * place, low: 8.5 + more + (slope === 1 ? place : 0), high: 13.5 + more + slope * place }));
/** What the server says once all runs of an arm have ended. */
const FACTS = { running: { none: ended("none", 10), A: ended("A", 1) }, test: { none: ended("none", 10, 7), A: ended("A", 1, 7) }, clean: {} };
/** The same with another word about one plain arm. */
const with110 = (more, place = 3) => ({ ...FACTS, running: { ...FACTS.running, none: FACTS.running.none.with(place, fact("none", place, more)) } });

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

test("depths that are named by blocks have their names below the axis and under the pointer", () => {
  const runs = race();
  for (const { card } of runs) Object.assign(card, { depth_name: `${card.depth / 2 - 1} blocks (${card.depth} layers)`, arm: `${card.variant} of ${card.depth}` });
  const built = figure(runs, { ...DEPTH, depths: FACTS });
  assert.deepEqual(built.layout.xaxis.ticktext.slice(0, 2), ["3 blocks<br>(8 layers)", "9 blocks<br>(20 layers)"]);
  assert.ok(traces(built, "depth", "plain")[0].text[0].startsWith("plain of 8<br>"));
  assert.ok(figure(runs, DEPTH, 360).layout.xaxis.ticktext.length < 4, "names are wider than numbers");
});

test("while an arm trains its newest errors are faint, have no interval, and are said to be provisional", () => {
  const runs = race(), of110 = runs.filter(({ card }) => card.arm === "plain-110");
  for (const { card } of of110) card.state = "running";
  const view = { ...DEPTH, depths: with110({ final: false }) };
  const built = figure(runs, view);
  const [plain] = traces(built, "depth", "plain");
  assertClose(plain.y, [11, 21, 31, 41]);
  assert.deepEqual(plain.marker.opacity, [1, 1, 1, 0.4]);
  assert.equal(plain.error_y.array[3], null);
  assert.ok(words(built).some((text) => text.startsWith("provisional: 1 of 8 arms have not ended")));
  assert.ok(depthShown(runs, view).startsWith("provisional: 1 of 8 arms"));
  const told = words(figure(runs, { ...view, room: true })).join();
  assert.ok(told.includes("still training") && !/arm|provisional/.test(told), "a room knows no arms");
  of110[0].card.state = "finished";
  const [early] = traces(figure(runs, { ...DEPTH, depths: with110({ final: false, counted: [0] }) }), "depth", "plain");
  assertClose(early.y.slice(3), [40], "the mean is of the seeds that count");
  assert.ok(early.text[3].includes("1 of 3 seeds, provisional"), early.text[3]);
  const waiting = depthLines(runs, { ...DEPTH, depths: with110({ final: false, counted: [] }) });
  assert.deepEqual(waiting[0].points.map(({ depth }) => depth), [8, 20, 56], "no run counts");
});

test("an arm that has ended and of which the server knows no error is not drawn", () => {
  const runs = race();
  const lost = [0, 1, 2].map((seed) => [seed, "not measured"]);
  const depths = with110({ counted: [], missing: lost });
  const [plain] = traces(figure(runs, { ...DEPTH, depths }), "depth", "plain");
  assert.deepEqual([plain.y.length, plain.text.join().includes("provisional")], [3, false]);
  assert.ok(depthShown(runs, { ...DEPTH, depths }).includes("plain-110: 0 of 3 seeds (3 not measured)"));
  assert.deepEqual(figure(runs, DEPTH).data.filter(({ meta, x }) => meta === "depth" && x.length), [], "without a word of the server");
});

test("the test error of a finished run is that of the whole test set alone", () => {
  const runs = race(), view = { ...DEPTH, curves: ["test"], depths: FACTS };
  assert.deepEqual(traces(figure(runs, view), "dot", "A")[0].y, [], "the live subset is another quantity");
  for (const { series } of runs) series.evaluate("test", 300, 1, 50 + series.latest("test_subset", "error"), 9);
  runs.at(-1).card.state = "running";
  const [dots] = traces(figure(runs, view), "dot", "A");
  assert.deepEqual(dots.y.slice(-3), [68, 69, 20]);
});

test("seeds that broke are counted, and every one is named, also without an error", () => {
  const runs = race(), of110 = runs.filter(({ card }) => card.arm === "plain-110");
  Object.assign(of110[1].card, { state: "diverged", step: 30 });
  of110[1].series.train = { step: [30], seconds: [3], loss: [1], error: [90], running_loss: [1], running_error: [90] };
  Object.assign(of110[2].card, { state: "stopped" });
  const missing = [[1, "diverged"], [2, "stopped"]];
  const view = { ...DEPTH, depths: with110({ mean: 40, counted: [0], missing }) };
  const built = figure(runs, view);
  assert.ok(traces(built, "depth", "plain")[0].text[3].includes("1 of 3 seeds (1 diverged, 1 stopped)"));
  assert.ok(words(built).includes("plain-110 s2, stopped at 300") && words(built).includes("without an error: plain-110 s1, diverged at 30"), words(built).join());
  assert.equal(depthShown(runs, view), "last errors of 22 runs; mean of the seeds with its 95 % t interval; plain-110: 1 of 3 seeds (1 diverged, 1 stopped); hollow: not compared (plain-110 s2, stopped at 300); without an error: plain-110 s1, diverged at 30");
  of110[0].series.evaluate("test", 300, 1, 47, 9);
  const tests = { none: [...FACTS.test.none.slice(0, 2), fact("none", 2, { counted: [], missing: [[0, "not measured"]] }), fact("none", 3, { mean: 47, counted: [0], missing })] };
  const both = depthShown(runs, { ...view, curves: ["running", "test"], depths: { ...view.depths, test: tests } });
  assert.ok(both.includes("; plain-110: 1 of 3 seeds (1 diverged, 1 stopped), test error of plain-56: 0 of 3 seeds (1 not measured); hollow"), both);
  const rows = depthRows(runs, view);
  assert.equal(rows.find((row) => row[2] === 110 && row[3] === 0).at(-1), "1 of 3 seeds (1 diverged, 1 stopped)");
  assert.deepEqual(rows.slice(-2).map((row) => row.slice(0, 8)), [["running", "none", 110, 2, 32, 300, 42, null], ["running", "none", 110, 1, 31, 30, null, null]]);
  const alone = depthShown(runs.filter((run_) => run_ !== of110[0] && run_ !== of110[2]), { ...DEPTH, depths: with110({ counted: [], missing: [[1, "diverged"]] }) });
  assert.ok(alone.includes("plain-110: 0 of 3 seeds (1 diverged)") && alone.endsWith("without an error: plain-110 s1, diverged at 30"), alone);
});

test("forks, changed runs and runs that ended early are hollow dots with their name, in no mean", () => {
  const at = range(1, 300), runs = race();
  runs[0].card.state = "stopped";
  const fork = run(70, "A-56", at, at.map(() => 60), { label: "A-56, shortcuts cut at 60", parent: 121, parent_step: 0, difference: "shortcuts cut at step 60", state: "finished" });
  const view = { ...DEPTH, depths: with110({ mean: 11.5, counted: [1, 2], missing: [[0, "stopped"]] }, 0) };
  const built = figure([...runs, fork], view);
  const [others] = traces(built, "other");
  const named = ["plain-8 s0, stopped at 300", "A-56, shortcuts cut at 60"];
  assert.deepEqual(words(built).filter((text) => named.includes(text)), named);
  assert.deepEqual([others.y, others.marker.symbol], [[10, 60], "circle-open"]);
  const many = range(80, 84).map((number) => run(number, "A-56", at, at.map(() => 60), { label: `A-56 ${number}`, difference: "width 4", state: "finished" }));
  assert.ok(!words(figure([...race(), ...many], view)).join().includes("A-56 8"), "five names are left to the pointer");
  assert.deepEqual(traces(built, "dot", "plain")[0].y.slice(0, 3), [11, 12, 20], "two seeds are left");
  assertClose(traces(built, "depth", "A")[0].y, [11, 12, 13, 14], "as without the fork");
  assert.ok(depthShown([...runs, fork], view).endsWith("hollow: not compared (plain-8 s0, stopped at 300, A-56, shortcuts cut at 60)"));
});

test("the switches choose which errors are drawn, each in the style of its curve", () => {
  const runs = race();
  for (const { series } of runs) series.evaluate("test", 300, 1, 7 + series.latest("train", "running_error"), 9);
  const built = figure(runs, { ...DEPTH, depths: FACTS, curves: ["running", "raw", "test"] });
  const [running, , test_] = traces(built, "depth", "plain").toSorted((a, b) => a.y[0] - b.y[0]).flatMap((one) => [one, one]);
  assert.ok(!running.line.dash && test_.line.dash);
  assertClose(test_.y, [18, 28, 38, 48]);
  assert.equal(built.layout.yaxis.title.text, "error (%)");
  assert.equal(words(built).filter((text) => text.startsWith("A <b>")).length, 1, "a name stands beside the first of them");
  assert.equal(traces(figure(race(), { ...DEPTH, depths: FACTS, curves: ["raw"] }), "depth").length, 0);
  assert.deepEqual(figure(race(), { ...DEPTH, depths: FACTS, curves: [] }).data, []);
});

test("a hidden picture tells nothing", () => {
  const built = figure(race(), { ...DEPTH, depths: with110({ final: false }), hidden: true });
  assert.deepEqual([built.data.map(({ meta }) => meta), built.layout.yaxis.range], [["unseen"], [0, 100]]);
  assert.ok(!/\d\d\.\d|provisional/.test(words(built).join()));
});

test("what is exported says what is drawn", () => {
  const view = { ...DEPTH, depths: FACTS };
  const rows = depthRows(race(), view);
  assert.equal(rows.length, 24);
  assert.deepEqual(rows[0], ["running", "none", 8, 0, 0, 300, 10, 11, 8.5, 13.5, false, "", "3 seeds"]);
  assert.deepEqual(depthRows(race(), { ...view, hidden: true }), []);
  assert.deepEqual(legendOf(race(), view, THEME), depthLegend(race(), view, THEME));
  assert.deepEqual(depthLegend(race(), view, THEME).map(({ name }) => name), ["plain", "A", "training error, mean of up to 50 steps", "each seed"]);
  assert.equal(trainingShown(race(), view), "last errors of 24 runs; mean of the seeds with its 95 % t interval");
  const told = { ...view, gaps: { step: 300, end: true, cure: "", of: [] } }, other = "the headline is of the errors at the end (clean), not drawn";
  assert.deepEqual([told, { ...told, curves: ["running", "clean"] }, { ...told, gaps: { ...told.gaps, end: false } }].map((each) => trainingShown(race(), each).includes(other)), [true, false, false]);
  assert.equal(trainingShown(race(), { ...view, curves: ["running", "test"] }), "last errors of 24 runs; test error of a finished run: the whole test set; mean of the seeds with its 95 % t interval");
  assert.ok(captionOf(race(), view, "mini").endsWith("training error: mean of up to 50 steps; last errors of 24 runs; mean of the seeds with its 95 % t interval"));
});
