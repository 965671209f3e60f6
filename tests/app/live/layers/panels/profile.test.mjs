/** Profiles over the layers: what a line has, where its name stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProfile, spread } from "../../../../../app/live/layers/panels/profile.js";
import { THEME, columns, scale } from "../probes.mjs";

function lines(values, more = {}) {
  const learned = scale();
  return { scale: learned, lines: values.map((list, index) => ({ run: index + 1, key: `net ${index + 1}`, label: `net ${index + 1}`, color: { light: "#112233" }, textColor: { light: "#445566" }, seeds: [columns([0, 10], { response_std: list }, { layers: list[0].length, learn: (_name, codes) => learned.learn(codes), ...more })] })) };
}

const close = (actual, expected) => actual.forEach((value, index) => assert.ok(value === expected[index] || Math.abs(value - expected[index]) < 1e-4, `${actual} for ${expected}`));

test("a line has the values of the step in the order of the net, the first probe stays as a ghost", () => {
  const { data } = buildProfile({ ...lines([[[1, 1, 1], [0.5, 0.25, 0.75]]]), form: "order", step: 12, ghosts: true }, THEME, { width: 600, height: 400 });
  const [ghost, line] = data;
  close(ghost.y, [1, 1, 1]);
  close(line.y, [0.5, 0.25, 0.75]);
  assert.deepEqual([line.x, line.customdata, line.meta], [[1, 2, 3], [0, 1, 2], 1]);
  assert.deepEqual(line.text, ["1: conv1", "2: conv2", "3: conv3"].map((words, index) => `${words}<br>${scale().row.label} ${[0.5, 0.25, 0.75][index]}`));
});

test("sorted, the largest comes first and what is missing is left out", () => {
  const { data: [line] } = buildProfile({ ...lines([[[1, 1, 1], [0.5, null, 0.75]]]), form: "sorted", step: 10, ghosts: false }, THEME, { width: 600, height: 400 });
  close(line.y, [0.75, 0.5]);
  assert.deepEqual(line.customdata, [2, 0]);
});

test("the seeds of an arm are their mean, in a band from the smallest to the largest", () => {
  const { lines: [one, two], scale: learned } = lines([[[1, 1, 1], [0.5, null, 0.8]], [[1, 1, 1], [1.5, 0.4, 0.2]]]);
  const arm = { ...one, label: "A-20", seeds: [...one.seeds, ...two.seeds] };
  const drawn = (form) => buildProfile({ lines: [arm], scale: learned, form, step: 10, ghosts: false }, THEME, { width: 600, height: 400 }).data;
  const [band, mean] = drawn("order");
  close(mean.y, [1, 0.4, 0.5]);
  close(band.y, [1.5, 0.4, 0.8, 0.2, 0.4, 0.5]);
  assert.deepEqual(band.x, [1, 2, 3, 3, 2, 1]);
  assert.ok(mean.text[2].includes("mean of 2 seeds, 0.2 to 0.8<br>"), mean.text[2]);
  const sorted = drawn("sorted")[1];
  close(sorted.y, [(0.8 + 1.5) / 2, (0.5 + 0.4) / 2]);
  assert.deepEqual(sorted.customdata, [null, null], "a rank is no place in the net");
});

test("on a logarithmic scale the mean is the geometric one, and a place without a value has none", () => {
  assert.deepEqual(spread([[1, null], [100, null]], "order", true).map(({ value }) => value), [10.000000000000002, null]);
  assert.deepEqual(spread([[1], [100]], "order", false).map(({ value, low, high }) => [value, low, high]), [[50.5, 1, 100]]);
  assert.deepEqual(spread([], "order", false), []);
});

test("the layers that a sentence is about are shaded and named, in the order of the net alone", () => {
  const place = { key: "net 1", first: 0, last: 1, word: "the first layers: twice the rest" };
  const built = (form, wanted = place) => buildProfile({ ...lines([[[1, 1, 1, 1, 1], [2, 2, 1, 1, 1]]]), form, step: 10, ghosts: false, place: wanted }, THEME, { width: 600, height: 400 }).layout;
  const { shapes: [shade], annotations: [word, name] } = built("order");
  assert.deepEqual([shade.x0, shade.x1, word.text, word.x, word.xanchor], [0.5, 2.5, "the first layers:<br><b>twice the rest</b>", 2.5, "left"]);
  assert.equal(name.text, "net 1");
  const late = built("order", { ...place, first: 3, last: 4 }).annotations[0];
  assert.deepEqual([late.x, late.xanchor], [3.5, "right"], "where there is more room");
  for (const other of [built("sorted"), built("order", null), built("order", { ...place, key: "net 7" })]) assert.deepEqual([other.shapes.length, other.annotations.length], [0, 1]);
});

test("names in the margin do not cover each other", () => {
  const alike = Array.from({ length: 5 }, (_, index) => [[1, 1, 1], [0.5, 0.5, 0.5 + 0.001 * index]]);
  const { layout } = buildProfile({ ...lines(alike), form: "order", step: 10, ghosts: false }, THEME, { width: 600, height: 400 });
  const perUnit = (400 - 46) / (layout.yaxis.range[1] - layout.yaxis.range[0]);
  const heights = layout.annotations.map(({ y }) => y * perUnit).toSorted((a, b) => a - b);
  assert.equal(heights.length, 5);
  heights.slice(1).forEach((height, index) => assert.ok(height - heights[index] >= 15.9, String(heights)));
  const many = buildProfile({ ...lines([...alike, ...alike]), form: "order", step: 10, ghosts: false }, THEME, { width: 600, height: 400 });
  assert.deepEqual(many.layout.annotations, [], "with more lines the chips name them");
});

test("a run that was not probed has no line", () => {
  const { data } = buildProfile({ ...lines([[[1, 1, 1], [1, 1, 1]]]), form: "order", step: -1, ghosts: false }, THEME, { width: 600, height: 400 });
  assert.deepEqual(data, []);
});

test("what Plotly writes into the ranges of a profile reaches no other one", () => {
  const { lines: drawn, scale: learned } = lines([[[1, 1, 1], [0.5, 0.25, 0.75]]]);
  const layoutOf = () => buildProfile({ lines: drawn, scale: learned, form: "order", step: 10, ghosts: false }, THEME, { width: 600, height: 400 }).layout;
  const before = JSON.stringify(layoutOf()), layout = layoutOf();
  for (const axis of [layout.xaxis, layout.yaxis]) axis.range.fill(7);
  assert.equal(JSON.stringify(layoutOf()), before);
});
