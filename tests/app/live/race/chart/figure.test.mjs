/** The race's chart as a whole: scales, hidden curves, sizes for a room, names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { figure, race, range, run, traces, words } from "../runs.mjs";

test("a log scale has no place for zero", () => {
  const at = range(1, 60);
  const falling = (from) => at.map((step) => Math.max(0, from - step));
  const built = figure([run(1, "A-20", at, falling(30)), run(2, "A-20", at, falling(60), { seed: 1 })], { scale: "log", curves: ["running", "test", "clean"] });
  const drawn = built.data.flatMap(({ y }) => y).filter((value) => value !== null);
  assert.ok(drawn.length > 0 && Math.min(...drawn) > 0);
  assert.equal(traces(built, "running")[0].y.at(-1), null, "a mean of zero");
  assert.deepEqual(words(built), [], "and no name at a place that is not there");
});

test("hidden curves leave axes and titles and tell nothing", () => {
  for (const layout of ["side", "gap"]) {
    const built = figure(race(), { layout, hidden: true, curves: ["running", "raw", "test", "clean"] });
    assert.deepEqual(built.data.flatMap(({ y }) => y), [null, null]);
    assert.ok(words(built).length > 0 && words(built).every((text) => text.startsWith("<b>")), "titles only");
    assert.ok(built.layout.xaxis2.range[1] > 300);
  }
  const high = figure([run(1, "A-20", [1, 2], [400, 400])], { metric: "loss", hidden: true });
  assert.deepEqual(high.layout.yaxis.range, [0, 2.5], "the axis does not tell either");
});

test("for a room type is larger and lines are thicker", () => {
  const [usual, big] = [false, true].map((large) => figure(race(), { big: large, zoom: { x: [10, 20], y: [0, 50] } }));
  assert.ok(big.layout.font.size >= 1.5 * usual.layout.font.size);
  assert.ok(traces(big, "running")[0].line.width >= 1.4 * traces(usual, "running")[0].line.width);
  assert.ok(big.layout.margin.l > usual.layout.margin.l);
  for (const { layout } of [usual, big]) assert.deepEqual([layout.xaxis.range, layout.yaxis2.range], [[10, 20], [0, 50]]);
});

test("plain and residual nets have panels of their own, beside or above each other", () => {
  const titles = (built) => words(built).filter((text) => text.startsWith("<b>"));
  assert.deepEqual(titles(figure(race())), ["<b>plain</b>", "<b>residual (A)</b>"]);
  assert.deepEqual(titles(figure(race(), { layout: "overlaid" })), []);
  const narrow = figure(race(), {}, 400).layout;
  assert.deepEqual([narrow.xaxis2.separatethousands, narrow.xaxis2.exponentformat], [true, "none"], "steps as in the text: 12,000");
  assert.ok(narrow.yaxis.domain[0] > narrow.yaxis2.domain[1]);
  assert.deepEqual([narrow.xaxis.domain, narrow.xaxis2.domain], [[0, 1], [0, 1]]);
});

test("a name has no tags for Plotly", () => {
  const built = figure([run(1, "A-20", [1, 2], [50, 40], { label: "<i>a&b" })]);
  assert.deepEqual(words(built), ["&lt;i&gt;a&amp;b <b>40.0</b>"]);
});

test("above eight lines only the arms are named, at the mean of their seeds' ends", () => {
  const at = range(1, 20);
  const many = [0, 1, 2].flatMap((arm) => [0, 1, 2].map((seed) => run(10 * arm + seed, `A-${20 + arm}`, at, at.map(() => 10 * arm + seed), { seed })));
  assert.deepEqual(words(figure(many, { seeds: "lines" })).toSorted(), ["A-20 <b>1.0</b>", "A-21 <b>11.0</b>", "A-22 <b>21.0</b>"]);
});

test("a name has the headline's error: the running one, after the end of a race the clean one", () => {
  const at = range(1, 100);
  const one = (state, measured) => {
    const made = run(1, "A-20", at, at.map(() => 30), { state, label: "A-20" });
    made.series.train_clean = { step: [measured], error: [20], loss: [1], seconds: [10] };
    return made;
  };
  const marked = (state) => traces(figure([one(state, 100)], { curves: ["running", "clean"] }), "told").map(({ x, y, marker }) => [x, y, marker.size > 10]);
  assert.deepEqual([marked("finished"), marked("running")], [[[[100], [20], true]], []], "the mark that is told is larger");
  const linked = (state) => traces(figure([one(state, 100)], { curves: ["running", "clean"] }), "link").map(({ x, y }) => [x, y]);
  assert.deepEqual([linked("finished"), linked("running")], [[[[100, 100], [30, 20]]], []], "and a thin line leads to it");
  const told = (made, view) => words(figure([made], { curves: ["running", "clean"], ...view }));
  assert.deepEqual(told(one("finished", 100)), ["A-20 at the end ○ <b>20.0</b>"]);
  for (const [made, view] of [[one("running", 100)], [one("stopped", 60)], [one("finished", 100), { curves: ["running"] }], [one("finished", 100), { gaps: { end: false, step: 100 } }]]) {
    assert.deepEqual(told(made, view), ["A-20 <b>30.0</b>"]);
  }
});

test("peaks beyond the loss's axis are triangles at its edge, of a stretch the highest", () => {
  const at = range(1, 300), errors = at.map((step) => ({ 100: 400, 101: 440, 200: 480 })[step] ?? 40);
  const built = figure([run(1, "A-20", at, errors, { label: "A-20" })], { metric: "loss" });
  const [peaks] = traces(built, "beyond");
  assert.deepEqual([peaks.x, peaks.y, peaks.steps], [[101, 200], [2.5, 2.5], [101, 200]]);
  assert.ok(peaks.text[0].includes("11.0 nats, beyond the axis"), peaks.text[0]);
  const middle = traces(figure([run(1, "A-20", at, errors.map((value) => (value > 40 ? 410 : value)))], { metric: "loss" }), "beyond");
  assert.ok(middle[0].text[0].includes("10.2 nats"), "10.25 is rounded as in a sentence");
  assert.equal(traces(figure([run(1, "A-20", at, errors)], { metric: "loss", zoom: { x: [0, 300], y: [0, 1] } }), "beyond").length, 0, "a zoom is chosen");
});

test("what Plotly writes into the ranges of a chart reaches no other chart, and no zoom", () => {
  const zoom = { x: [10, 20], y: [30, 50] };
  for (const options of [{}, { layout: "gap" }, { layout: "overlaid", metric: "loss" }, { zoom }]) {
    const before = JSON.stringify(figure(race(), options).layout);
    const { layout } = figure(race(), options);
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) layout[name].range.fill(7);
    assert.equal(JSON.stringify(figure(race(), options).layout), before);
  }
  assert.deepEqual(zoom, { x: [10, 20], y: [30, 50] });
});
