/** The gap chart: differences at equal steps, seed by seed, and what it says where there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { signed } from "../../../../../app/live/race/chart/labels.js";
import { assertClose, colorOf, figure, history, ownArms, race, range, run, traces, words } from "../runs.mjs";

test("gaps are differences at equal steps, seed by seed", () => {
  const built = figure(race(), { layout: "gap", curves: ["running", "test"] });
  // Seeds differ by their place in the race: plain-56 − plain-20 is 10 and 11, A-56 − A-20 is −2 and −1, and so on.
  const expected = { "plain: 56 minus 20": [10, 11], "A: 56 minus 20": [-2, -1], "plain minus A at depth 20": [10, 8], "plain minus A at depth 56": [22, 20] };
  for (const [name, each] of Object.entries(expected)) {
    const [mean] = traces(built, "running", name);
    assert.ok(mean.y.length > 90, name);
    assertClose(mean.y, mean.y.map(() => (each[0] + each[1]) / 2), name);
    assertClose(mean.customdata, mean.y.map(() => [Math.min(...each), Math.max(...each)]), name);
    assert.equal(traces(built, "seed", name).length, 2);
  }
  const [tested] = traces(built, "test", "plain minus A at depth 56");
  assert.deepEqual([tested.x, tested.y], [[50], [22]]);
  for (const word of ["plain: 56 minus 20 <b>+10.5</b>", "A: 56 minus 20 <b>−1.5</b>", "no gap", "<b>deeper minus shallower</b>", "<b>plain minus residual</b>"]) assert.ok(words(built).includes(word), word);
  const [low, high] = built.layout.yaxis.range;
  assert.ok(low <= -2 && high >= 22 && low % 10 === 0 && high % 10 === 0, `${low} to ${high}`);
  assert.ok(built.layout.yaxis.zeroline);
  const colors = Object.fromEntries(traces(built, "running").map(({ name, line }) => [name, line.color]));
  assert.equal(colors["A: 56 minus 20"], colorOf("A-56"));
  assert.equal(colors["plain minus A at depth 56"], colorOf("A-56"));
  assert.equal(colors["plain: 56 minus 20"], colorOf("plain-56"));
});

test("every seed is a dot: in training where it stands now, in test wherever it was measured", () => {
  const built = figure(race(), { layout: "gap", curves: ["running", "test"] });
  const name = "plain minus A at depth 56";
  const [training, tested] = traces(built, "dot", name);
  const ends = traces(built, "seed", name);
  assert.deepEqual(training.x, ends.map(({ x }) => x.at(-1)));
  assertClose(training.y, [22, 20], name);
  assert.deepEqual(training.customdata.length, 2);
  assert.deepEqual([tested.x, tested.y], [[50, 50], [22, 22]]);
  assert.equal(training.marker.color, colorOf("A-56"));
  const order = built.data.filter(({ xaxis }) => xaxis === training.xaxis).map(({ meta }) => meta);
  assert.ok(order.lastIndexOf("running") < order.indexOf("dot"), "dots lie above the lines");
  assert.equal(traces(figure(race(), { layout: "gap", curves: ["running"], seeds: "lines" }), "dot").length, 0);
});

test("a fork, a changed run and a second recipe change no gap", () => {
  for (const curves of [["running"], ["running", "test"]]) {
    const [without, beside] = [race(), [...race(), ...ownArms()]].map((runs) => figure(runs, { layout: "gap", curves }));
    assert.deepEqual(beside.data, without.data);
    assert.deepEqual(words(beside), words(without));
  }
});

const FACTS = { step: 100, end: true, cure: "cure 12.0 points (8.1 to 15.9)", of: [["none", 56, 20, 2, 10.5, 4.2, 16.8], ["A", 56, 20, 2, -1.5, -7.9, 4.9]] };

test("the verdict's gaps have their intervals, in the errors that the verdict goes by", () => {
  const runs = race();
  // At the end: the clean errors, of which the server has the mean and the interval.
  for (const { card, series } of runs) series.train_clean = history([100], [card.depth === 56 && card.plain ? 60 + card.seed : 50]).train;
  const built = figure(runs, { layout: "gap", curves: ["running", "test"], gaps: FACTS }, 1400);
  const [mean] = traces(built, "stated", "plain: 56 minus 20");
  assert.deepEqual([mean.x, mean.y, mean.xaxis], [[100], [10.5], "x"]);
  assertClose([...mean.error_y.array, ...mean.error_y.arrayminus], [6.3, 6.3]);
  assert.ok(mean.hovertemplate.startsWith("plain: 56 minus 20<br>mean of 2 seeds +10.5 points<br>95 % interval 4.2 to 16.8<br>training error at the end (clean), step 100"), mean.hovertemplate);
  assert.equal(traces(built, "stated").length, 2, "of the depths; plain against residual has none");
  assert.ok(words(built).includes("plain: 56 minus 20 at the end ◇ <b>+10.5</b>"), "the name has the number of the verdict");
  const [family] = traces(built, "told", "plain minus A at depth 20");
  assert.deepEqual([family.x, family.y], [[100], [0]], "an own mark where none is stated");
  assert.ok(words(built).includes("plain minus A at depth 20 at the end ○ <b>0.0</b>"));
  const [dots] = traces(built, "dot", "plain: 56 minus 20");
  assert.deepEqual([dots.x, dots.y], [[100, 100], [10, 11]], "the seeds of that mean");
  assert.ok(dots.hovertemplate.includes("clean training error"));
  const going = figure(runs, { layout: "gap", gaps: { ...FACTS, end: false, step: 40 } });
  assert.deepEqual(traces(going, "stated", "plain: 56 minus 20")[0].x, [40]);
  assertClose(traces(going, "dot", "plain: 56 minus 20")[0].y, [10, 11]);
  assert.ok(traces(going, "stated")[0].hovertemplate.includes("running training error at step 40"));
});

test("gaps and cure stand in numbers beside the gaps of depth, unless the curves are hidden", () => {
  const note = (view, width) => figure(race(), { layout: "gap", ...view }, width).layout.annotations.filter(({ text, yanchor }) => yanchor === "top" && !text.startsWith("<b>") && text !== "no gap");
  const [noted] = note({ gaps: FACTS }, 2000);
  assert.equal(noted.xref, "x domain");
  assert.deepEqual(noted.text.split("<br>"), [
    "training error at the end (clean), step 100", "plain +10.5 (95 %: 4.2 to 16.8)", "A −1.5 (95 %: −7.9 to 4.9)", "cure 12.0 points (8.1 to 15.9)",
  ]);
  const one = { ...FACTS, of: [["none", 56, 20, 1, 10.5, null, null]], cure: "" };
  assert.deepEqual(note({ gaps: one }, 2000)[0].text.split("<br>"), ["training error at the end (clean), step 100", "plain +10.5 (one seed)"]);
  assert.equal(traces(figure(race(), { layout: "gap", gaps: one }), "stated")[0].error_y, undefined);
  for (const view of [{ gaps: FACTS, hidden: true }, { gaps: FACTS, metric: "loss" }, { gaps: FACTS, curves: ["test"] }, { gaps: null }]) {
    assert.deepEqual(note(view), [], JSON.stringify(view));
    assert.equal(traces(figure(race(), { layout: "gap", ...view }), "stated").length, 0);
  }
});

test("the gap chart leaves out what has no pair and says what it needs", () => {
  const at = range(1, 50), higher = at.map((step) => step + 3);
  const [shallow, deep] = [run(1, "plain-20", at, at), run(2, "plain-56", at, higher)];
  const one = figure([shallow, deep], { layout: "gap", scale: "log" });
  assert.equal(one.layout.yaxis.type, "linear");
  assert.ok(!("yaxis2" in one.layout) && !words(one).includes("<b>plain minus residual</b>"));
  const none = figure([shallow], { layout: "gap" });
  assert.deepEqual(words(none).map((text) => text.includes("A gap needs")), [true]);
  const otherSeed = figure([shallow, run(2, "plain-56", at, at, { seed: 4 })], { layout: "gap" });
  assert.deepEqual(words(otherSeed).map((text) => text.includes("A gap needs")), [true]);
  const waiting = figure([shallow, run(2, "plain-56", [], [])], { layout: "gap" });
  assert.deepEqual(words(waiting).slice(1), ["no gap"]);
  const clock = figure(race(), { layout: "gap", x: "seconds" }).layout;
  assert.equal(clock.xaxis.title.text, "seconds of the deeper net, at equal steps");
});

test("a difference is written with its sign, and zero without one", () => {
  assert.deepEqual([signed(6.12, "error"), signed(-0.4, "error"), signed(-0.04, "error"), signed(0.0123, "loss")], ["+6.1", "−0.4", "0.0", "+0.012"]);
});

test("differences of nets whose depth is named by blocks say the blocks", () => {
  const runs = race().map((one) => ({ ...one, card: { ...one.card, depth_name: `${one.card.depth / 4} blocks (${one.card.depth} layers)` } }));
  const names = figure(runs, { layout: "gap" }).data.map(({ name }) => name);
  assert.ok(names.includes("plain: 14 blocks (56 layers) minus 5 blocks (20 layers)") && names.includes("plain minus A at 14 blocks (56 layers)"), names.join());
});
