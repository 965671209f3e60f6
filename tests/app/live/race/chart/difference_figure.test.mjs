/** The gap chart: differences at equal steps, seed by seed, and what it says where there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { signed } from "../../../../../app/live/race/chart/difference_figure.js";
import { assertClose, colorOf, figure, race, range, run, traces, words } from "../runs.mjs";

test("gaps are differences at equal steps, seed by seed", () => {
  const built = figure(race(), { layout: "gap", curves: ["running", "test"] });
  // Seeds differ by their place in the race: plain-56 − plain-20 is 10 and 11, A-56 − A-20 is −2 and −1, and so on.
  const expected = { "plain: 56 − 20": [10, 11], "A: 56 − 20": [-2, -1], "20: plain − A": [10, 8], "56: plain − A": [22, 20] };
  for (const [name, each] of Object.entries(expected)) {
    const [mean] = traces(built, "running", name);
    assert.ok(mean.y.length > 90, name);
    assertClose(mean.y, mean.y.map(() => (each[0] + each[1]) / 2), name);
    assertClose(mean.customdata, mean.y.map(() => [Math.min(...each), Math.max(...each)]), name);
    assert.equal(traces(built, "seed", name).length, 2);
  }
  const [tested] = traces(built, "test", "56: plain − A");
  assert.deepEqual([tested.x, tested.y], [[50], [22]]);
  for (const word of ["plain: 56 − 20 <b>+10.5</b>", "A: 56 − 20 <b>−1.5</b>", "level", "<b>deeper minus shallower</b>", "<b>plain minus residual</b>"]) assert.ok(words(built).includes(word), word);
  const [low, high] = built.layout.yaxis.range;
  assert.ok(low <= -2 && high >= 22 && low % 10 === 0 && high % 10 === 0, `${low} to ${high}`);
  assert.ok(built.layout.yaxis.zeroline);
  const colors = Object.fromEntries(traces(built, "running").map(({ name, line }) => [name, line.color]));
  assert.equal(colors["A: 56 − 20"], colorOf("A-56"));
  assert.equal(colors["56: plain − A"], colorOf("A-56"));
  assert.equal(colors["plain: 56 − 20"], colorOf("plain-56"));
});

test("every seed is a dot: in training where it stands now, in test wherever it was measured", () => {
  const built = figure(race(), { layout: "gap", curves: ["running", "test"] });
  const name = "56: plain − A";
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

test("the cure stands beside the gaps of depth, unless the curves are hidden", () => {
  const cure = "cure 34.3 points (28.1 to 40.5)";
  const noted = figure(race(), { layout: "gap", cure }).layout.annotations.filter(({ text }) => text === cure);
  assert.deepEqual(noted.map(({ xref }) => xref), ["x domain"]);
  assert.ok(!words(figure(race(), { layout: "gap", cure, hidden: true })).join().includes("cure"));
  assert.ok(!words(figure(race(), { layout: "gap", cure: "" })).includes(""));
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
  assert.deepEqual(words(waiting).slice(1), ["level"]);
  const clock = figure(race(), { layout: "gap", x: "seconds" }).layout;
  assert.equal(clock.xaxis.title.text, "seconds of the deeper net, at equal steps");
});

test("a difference is written with its sign, and zero without one", () => {
  assert.deepEqual([signed(6.12, "error"), signed(-0.4, "error"), signed(-0.04, "error"), signed(0.0123, "loss")], ["+6.1", "−0.4", "0.0", "+0.012"]);
});
