/** Profiles over the layers: what a line has, where its name stands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProfile } from "../../../../../app/live/layers/panels/profile.js";
import { THEME, columns, scale } from "../probes.mjs";

function lines(values, more = {}) {
  const learned = scale();
  return { scale: learned, lines: values.map((list, index) => ({ run: index + 1, label: `net ${index + 1}`, color: { light: "#112233" }, textColor: { light: "#445566" }, columns: columns([0, 10], { response_std: list }, { layers: list[0].length, learn: (_name, codes) => learned.learn(codes), ...more }) })) };
}

const close = (actual, expected) => actual.forEach((value, index) => assert.ok(value === expected[index] || Math.abs(value - expected[index]) < 1e-4, `${actual} for ${expected}`));

test("a line has the values of the step in the order of the net, the first probe stays as a ghost", () => {
  const { data } = buildProfile({ ...lines([[[1, 1, 1], [0.5, 0.25, 0.75]]]), forms: ["order"], step: 12, ghosts: true }, THEME, { width: 600, height: 400 });
  const [ghost, line] = data;
  close(ghost.y, [1, 1, 1]);
  close(line.y, [0.5, 0.25, 0.75]);
  assert.deepEqual([line.x, line.customdata, line.meta], [[1, 2, 3], [0, 1, 2], 1]);
  assert.deepEqual(line.text, ["1: conv1", "2: conv2", "3: conv3"]);
});

test("sorted, the largest comes first and what is missing is left out", () => {
  const { data, layout } = buildProfile({ ...lines([[[1, 1, 1], [0.5, null, 0.75]]]), forms: ["order", "sorted"], step: 10, ghosts: false }, THEME, { width: 600, height: 400 });
  close(data[1].y, [0.75, 0.5]);
  assert.deepEqual([data[1].customdata, data[1].xaxis], [[2, 0], "x2"]);
  assert.equal(data[0].y[1], null);
  assert.ok(layout.yaxis2.domain[1] < layout.yaxis.domain[0], "panels stand one below the other");
});

test("names in the margin do not cover each other", () => {
  const alike = Array.from({ length: 5 }, (_, index) => [[1, 1, 1], [0.5, 0.5, 0.5 + 0.001 * index]]);
  const { layout } = buildProfile({ ...lines(alike), forms: ["order"], step: 10, ghosts: false }, THEME, { width: 600, height: 400 });
  const perUnit = (400 - 46) / (layout.yaxis.range[1] - layout.yaxis.range[0]);
  const heights = layout.annotations.map(({ y }) => y * perUnit).toSorted((a, b) => a - b);
  assert.equal(heights.length, 5);
  heights.slice(1).forEach((height, index) => assert.ok(height - heights[index] >= 15.9, String(heights)));
  const many = buildProfile({ ...lines([...alike, ...alike]), forms: ["order"], step: 10, ghosts: false }, THEME, { width: 600, height: 400 });
  assert.deepEqual(many.layout.annotations, [], "with more lines the chips name them");
});

test("a run that was not probed has no line", () => {
  const { data } = buildProfile({ ...lines([[[1, 1, 1], [1, 1, 1]]]), forms: ["order"], step: -1, ghosts: false }, THEME, { width: 600, height: 400 });
  assert.deepEqual(data, []);
});
