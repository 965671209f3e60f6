/** Learning-rate curves: which points are where, names that do not cover each other. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildRates } from "../../../../app/live/learning_rates/figure.js";
import { ratesFooter } from "../../../../app/live/learning_rates/view.js";

const THEME = { scheme: "light", text: "#111111", muted: "#777777", grid: "#dddddd", page: "#fefefe", font: "Arial" };
const trial = (lr, error, end = "finished", state = end) => ({ lr, error, end, state, run: 1, seed: 0, steps: 300, step: 300, precision: "fp32", device: "cpu", threads: 1 });
const arm = (name, trials, chosen = null) => ({ arm: name, mark: "circle", chosen, color: { light: "#aa0000" }, textColor: { light: "#bb0000" }, trials });

test("ended trials are a line, those without an error stand at the top, running ones are hollow, the chosen one is ringed", () => {
  const { data, layout } = buildRates([arm("A-20", [trial(0.1, 20), trial(0.2, 10), trial(0.4, null, "without", "diverged"), trial(0.8, 70, "", "running")], 0.2)], THEME, 700, 300);
  const points = Object.fromEntries(data.map(({ name, x, y }) => [name, [x, y]]));
  assert.deepEqual(points, { "A-20": [[0.1, 0.2], [20, 10]], "A-20, without an error": [[0.4], [100]], "A-20, so far": [[0.8], [70]], "A-20, chosen": [[0.2], [10]] });
  assert.deepEqual(layout.xaxis.tickvals, [0.1, 0.2, 0.4, 0.8]);
  assert.deepEqual(layout.annotations.map(({ text, y }) => [text, y]), [["A-20", 10]]);
  assert.ok(Math.abs(layout.annotations[0].x - Math.log10(0.2)) < 1e-12);
});

test("names at one height stand apart, within the chart, and far ones stay at their line ends", () => {
  const heights = (...errors) => {
    const { layout } = buildRates(errors.map((error, index) => arm(`A-${index}`, [trial(0.1, error)])), THEME, 700, 300);
    const perPoint = (layout.height - layout.margin.t - layout.margin.b) / 100;
    return layout.annotations.map(({ y, yshift }) => y * perPoint + yshift);
  };
  const [low, high] = heights(0, 100);
  assert.equal(low, 0);
  assert.ok(heights(10, 12, 14, 80).every((height, index, all) => !index || height - all[index - 1] >= 17 - 1e-9));
  assert.ok(heights(98, 99, 100).every((height) => height <= high + 1e-9));
});

test("the footer says what the curves rest on", () => {
  const said = ratesFooter([arm("A-20", [trial(0.1, 20), trial(0.8, 70, "", "running")])]);
  assert.equal(said, "1 of 2 trials at their end · 300 steps each · each point the mean of its last 50 steps, of all where there are fewer · seed 0 · fp32 · cpu · 1 thread per trial");
});
