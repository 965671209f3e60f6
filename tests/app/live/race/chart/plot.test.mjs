/** The chart before Plotly and with it: one picture at a time, and no more of many runs than the chart draws. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RacePlot } from "../../../../../app/live/race/chart/plot.js";
import { Node, page, tab } from "../../dom.mjs";
import { THEME, VIEW, range, run } from "../runs.mjs";

const WIDTH = 1100;
const view = { ...VIEW, layout: "overlaid", curves: ["running", "test"], seeds: "lines" };
const count = (node) => 1 + node.children.reduce((sum, child) => sum + (typeof child === "string" ? 0 : count(child)), 0);
const runs = (many) => Array.from({ length: many }, (_, seed) => run(seed + 1, "plain-20", range(1, 300), range(1, 300).map(() => 40 + seed), { seed, tests: range(5, 300, 5).map((step) => [step, 50]) }));

/** A chart whose Plotly is not there yet. arrive(Plotly): it is. */
function chartOf() {
  page();
  tab();
  globalThis.requestAnimationFrame = (call) => setTimeout(call);
  let arrive = () => {};
  window.skipscopePlotly = new Promise((resolve) => (arrive = resolve));
  const [plot, skeleton, stage] = ["plot", "skeleton", "stage"].map(() => new Node("div"));
  Object.assign(plot, { isConnected: true, clientWidth: WIDTH, _fullLayout: { width: WIDTH }, on() {} });
  const chart = new RacePlot({ plot, skeleton, stage }, { zoomed() {}, later() {} });
  return { chart, skeleton, arrive: (Plotly) => arrive(Plotly) };
}

async function previewed(many) {
  const { chart, skeleton } = chartOf();
  chart.draw(runs(many), view, THEME, "/plotly.js", WIDTH);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return count(skeleton);
}

test("the picture before the chart goes in the frame in which the chart is drawn", async () => {
  const { chart, skeleton, arrive } = chartOf();
  let finish = () => {};
  const drawing = chart.draw(runs(2), view, THEME, "/plotly.js", WIDTH);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([skeleton.hidden, skeleton.children[0].tagName], [false, "SVG"]);
  const hidden = [];
  arrive({ react: () => {
    hidden.push(skeleton.hidden);
    return new Promise((resolve) => (finish = resolve));
  } });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([hidden, skeleton.hidden, chart.drawn], [[false], true, false], "Plotly has drawn, and still promises");
  finish();
  await drawing;
  assert.equal(chart.drawn, true);
});

test("of many runs the picture has as much as the chart, not an element for each mark", async () => {
  const [few, many] = [await previewed(2), await previewed(40)];
  assert.ok(few > 2 * 60, `marks of few runs are there: ${few}`);
  assert.ok(many < 400, `${many} elements of 40 runs`);
});
