/** The picture of a figure without Plotly: everything stands where the figure has it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { preview, ticks } from "../../../../app/live/race/preview.js";
import { page } from "../dom.mjs";
import { THEME, figure, race, range, run } from "./runs.mjs";

page();
const WIDTH = 1100;
const all = (node, tag) => node.children.flatMap((child) => (typeof child === "string" ? [] : [...(child.tagName.toLowerCase() === tag ? [child] : []), ...all(child, tag)]));
const numbers = (d) => [...d.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);

test("curves stand at their places, one panel for each family", () => {
  const built = figure(race(1, 100), { curves: ["running"] }, WIDTH), { layout } = built;
  const drawn = preview(built, THEME, WIDTH);
  const curves = all(drawn, "path").filter(({ attributes }) => attributes["stroke-width"] === "2.6").map(({ attributes }) => numbers(attributes.d));
  assert.equal(curves.length, 4);
  const { margin: { l, r, t, b }, height, xaxis2, yaxis } = layout, inner = { width: WIDTH - l - r, height: height - t - b };
  const x = (step) => l + xaxis2.domain[0] * inner.width + (step / xaxis2.range[1]) * (xaxis2.domain[1] - xaxis2.domain[0]) * inner.width;
  const y = (error) => t + inner.height * (1 - error / yaxis.range[1]);
  const [first, last] = [curves.at(-1)[0], curves.at(-1).at(-1)];
  for (const [found, expected] of [[first, [x(1), y(28)]], [last, [x(99), y(28)]]]) found.forEach((px, index) => assert.ok(Math.abs(px - expected[index]) < 0.06, `${found}: ${expected}`));
});

test("bands, open marks, names and the numbers of the axes are there", () => {
  const steps = range(1, 300), seeds = [0, 1, 2].map((seed) => run(seed, "plain-20", steps, steps.map(() => 40 + seed), { seed, state: "finished", tests: [[300, 50]] }));
  for (const { series } of seeds) Object.assign(series.train_clean, { step: [300], error: [44], loss: [1], seconds: [30] });
  const drawn = preview(figure(seeds, { layout: "overlaid", curves: ["running", "test", "clean"] }, WIDTH), THEME, WIDTH);
  assert.ok(all(drawn, "path").some(({ attributes: { d, fill } }) => d.endsWith("Z") && fill?.startsWith("rgba")));
  assert.ok(all(drawn, "path").some(({ attributes: { fill, transform } }) => fill === "none" && transform?.includes("scale(")));
  const words = all(drawn, "text").map(({ textContent }) => textContent);
  assert.ok(words.includes("step") && words.includes("error (%)") && words.includes("100") && words.includes("300"), words.join());
  assert.ok(words.some((text) => text.startsWith("plain-20 at the end") && text.endsWith("44.0")), words.join());
  assert.ok(all(drawn, "tspan").some(({ attributes, textContent }) => attributes["font-weight"] === "700" && textContent === "44.0"));
});

test("what a name has of a page's signs is text again, and a value beyond the axis is not drawn", () => {
  const steps = range(1, 50), built = figure([run(1, "a<b>-20", steps, steps.map((step) => (step === 20 ? 500 : 50)))], { layout: "overlaid" }, WIDTH);
  const drawn = preview(built, THEME, WIDTH);
  assert.ok(all(drawn, "text").some(({ textContent }) => textContent.startsWith("a<b>-20")), all(drawn, "text").map(({ textContent }) => textContent).join());
  const { height } = built.layout;
  for (const [, y] of all(drawn, "path").flatMap(({ attributes }) => numbers(attributes.d))) assert.ok(y >= 0 && y <= height);
});

test("numbers on an axis are round, few enough to be read, and a log axis has its own", () => {
  assert.deepEqual(ticks({ range: [0, 304] }, "x", 555).map(([value]) => value), [0, 50, 100, 150, 200, 250, 300]);
  assert.deepEqual(ticks({ range: [0, 100] }, "y", 410).map(([value]) => value), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticks({ range: [0, 64_000] }, "x", 500).map(([, text]) => text).slice(0, 2), ["0", "10k"]);
  assert.deepEqual(ticks({ range: [0, 1], tickvals: [0, 0.5], ticktext: ["8", "20"] }, "x", 500), [[0, "8"], [0.5, "20"]]);
  assert.deepEqual(ticks({ range: [3, 3] }, "x", 500), []);
});

test("words and titles stand where Plotly has them, measured in Chromium", () => {
  const built = figure(race(1, 100), { curves: ["running"] }, WIDTH), { layout } = built, { margin: { l, t, b }, height, xaxis, yaxis } = layout;
  const texts = all(preview(built, THEME, WIDTH), "text"), bottom = height - b;
  const placeOf = (words) => texts.find(({ textContent }) => textContent === words).attributes;
  const plain = layout.annotations.find(({ text }) => text === "<b>plain</b>");
  assert.ok(Math.abs(Number(placeOf("plain").x) - (l + 2)) < 0.1 && Math.abs(Number(placeOf("plain").y) - (t - plain.yshift - 2 - 0.3 * plain.font.size)) < 0.1, JSON.stringify(placeOf("plain")));
  assert.equal(Number(placeOf("step").y), bottom + 10.8 + 2 * xaxis.title.font.size);
  assert.equal(Number(placeOf("100").y), bottom + 6.6);
  assert.match(placeOf("error (%)").transform, new RegExp(`^translate\\(${yaxis.title.font.size + 5.6} `));
});
