/** What the cross-hair reads: values at a place, the curve next to the pointer, the words of a point. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hoverLines, nearest, placeText, readCurve, readings } from "../../../../../app/live/race/inspect/readings.js";
import { hoverText } from "../../../../../app/live/race/chart/curves.js";
import { escaped } from "../../../../../app/live/shared/format.js";
import { VIEW, figure, ownArms, race, range, run } from "../runs.mjs";

/** Two panels of 10 pixels a step, and 4 a point of the error, with 0 at the lower edge. */
const PLACE = { x: (value) => 10 * value, y: (value) => 400 - 4 * value, value: (px) => px / 10 };
const PLACES = new Map([["", PLACE], ["2", PLACE]]);

test("every arm of both panels has its value at the step, the largest first", () => {
  const view = { ...VIEW, curves: ["running", "raw", "test", "clean"] };
  const list = readings(figure([...race(1), ...ownArms()], view).data, 61.4, view, PLACES);
  assert.deepEqual(list.map(({ name, value, suffix }) => [name, value, suffix]), [
    ["A-56, shortcuts cut at 40", "88.0", "2"], ["A-20, shortcuts cut at 60", "77.0", "2"], ["plain-56 s0", "50.0", ""], ["plain-20 s0", "40.0", ""],
    ["A-20 s0", "30.0", "2"], ["A-56 s0", "28.0", "2"], ["plain-56, weight decay 0.001", "11.0", ""],
  ]);
});

test("seeds are read as their mean with its range, differences with their sign", () => {
  const [first] = readings(figure(race(3)).data, 50, VIEW, PLACES);
  assert.deepEqual([first.name, first.value, first.spread], ["plain-56", "51.0", "50.0 to 52.0"]);
  const gap = { ...VIEW, layout: "gap" };
  const list = readings(figure(race(1), gap).data, 50, gap, PLACES);
  assert.deepEqual(list.map(({ value }) => value), ["+22.0", "+10.0", "+10.0", "−2.0"]);
});

test("a value is a measured one, and a curve that does not reach the place has none", () => {
  const sparse = run(1, "plain-20", [10, 11, 20, 30], [50, null, 40, 30]);
  const at = (x) => readings(figure([sparse], { layout: "overlaid" }).data, x, { ...VIEW, layout: "overlaid" }, PLACES)[0].value;
  assert.deepEqual([at(11), at(14), at(16), at(31), at(32), at(5)], ["50.0", "50.0", "40.0", "30.0", "–", "–"]);
});

test("a curve is hit within 12 pixels of its line, also between two points, and never a single step", () => {
  const view = { ...VIEW, layout: "overlaid", curves: ["running", "raw"] };
  const { data } = figure([run(1, "plain-20", [10, 20], [50, 50]), run(2, "plain-56", [10, 20], [60, 60])], view);
  const hit = (x, y) => nearest(data, "", { x, y }, PLACE);
  assert.deepEqual([hit(160, 211).trace.run, hit(160, 211).index, hit(160, 211).px], [1, 1, 11]);
  assert.equal(hit(140, 211).index, 0);
  assert.equal(hit(160, 213), null);
  assert.equal(hit(160, 172).trace.run, 2);
  assert.equal(nearest(data, "2", { x: 160, y: 200 }, PLACE), null);
});

test("a point says what its curve is called and is worth", () => {
  const view = { ...VIEW, layout: "overlaid", curves: ["test"] };
  const { data } = figure([run(1, "plain-20", range(1, 50), range(1, 50), { tests: [[50, 35.25]], label: "a<b" })], view);
  const hit = nearest(data, "", { x: 502, y: 400 - 4 * 35 }, PLACE);
  assert.deepEqual(hoverLines(hit), ["a<b", "step 50", "test error: 35.2 %"]);
});

test("a point is at the very step, however far, and in the cross-hair's words", () => {
  for (const [x, at] of [["step", 63_999], ["epoch", 163.7], ["seconds", 12_345.6]]) {
    const trace = { name: "A-20", x: [at], y: [6.1], hovertemplate: hoverText("A-20", { ...VIEW, x }, "test error") };
    assert.equal(hoverLines({ trace, index: 0 })[1], placeText(at, { ...VIEW, x }));
  }
  assert.equal(placeText(63_999, VIEW), "step 63,999");
});

test("the card says what it reads", () => {
  assert.deepEqual(readCurve({ ...VIEW, curves: ["running", "test"] }), { meta: "running", words: "training error (%), mean of up to 50 steps" });
  assert.deepEqual(readCurve({ ...VIEW, layout: "gap", curves: ["test"] }), { meta: "test", words: "difference in test error (points)" });
  assert.equal(readCurve({ ...VIEW, curves: ["raw"] }), null);
  assert.deepEqual([placeText(1200.4, VIEW), placeText(2.345, { x: "epoch" }), placeText(12.34, { x: "seconds" })], ["step 1,200", "epoch 2.35", "12.3 s of training"]);
});

test("a name with the mark of a template is read as it was given", () => {
  const trace = { name: escaped("%{x} & <b>"), meta: "running", x: [1], y: [2.25], xaxis: "x", hovertemplate: `${escaped("%{x}")} %{y:.1f}<extra></extra>` };
  const place = { x: (value) => value, y: (value) => value, value: (px) => px };
  assert.equal(readings([trace], 1, VIEW, new Map([["", place]]))[0].name, "%{x} & <b>");
  assert.deepEqual(hoverLines({ trace, index: 0 }), ["%{x} 2.2"]);
});
