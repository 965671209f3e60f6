/** plotly.js by size: once per page, a larger one where it is needed, again after a failure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadPlotly } from "../../../../app/live/shared/page.js";

const [BASIC, CARTESIAN, WHOLE] = ["live/plotly-basic-4.1.1.js", "live/plotly-cartesian-4.1.1.js", "live/plotly-7.1.0.js"];

/** A page that loads no script by itself. Its list of scripts. */
function empty() {
  const scripts = [];
  globalThis.window = globalThis;
  globalThis.document = { createElement: () => ({}), head: { append: (script) => scripts.push(script) } };
  delete window.skipscopePlotly;
  return scripts;
}

test("charts share one, and a larger one takes the place of a smaller one", async () => {
  const scripts = empty();
  const first = loadPlotly(BASIC);
  assert.equal(loadPlotly(BASIC), first);
  const larger = loadPlotly(CARTESIAN);
  assert.notEqual(larger, first);
  assert.equal(loadPlotly(BASIC), larger, "what draws heat maps draws lines");
  const whole = loadPlotly(WHOLE);
  for (const url of [BASIC, CARTESIAN, WHOLE]) assert.equal(loadPlotly(url), whole);
  assert.deepEqual(scripts.map(({ src }) => src), [BASIC, CARTESIAN, WHOLE]);
  window.Plotly = "the whole";
  scripts[2].onload();
  assert.equal(await whole, "the whole");
});

test("after a failure the next draw asks again, and what was there before stays", async () => {
  const scripts = empty();
  const first = loadPlotly(BASIC);
  const failed = loadPlotly(WHOLE);
  scripts[1].onerror();
  await assert.rejects(failed, /cannot load live\/plotly-7/);
  assert.equal(loadPlotly(BASIC), first);
  assert.notEqual(loadPlotly(WHOLE), failed);
  assert.equal(scripts.length, 3);
});

test("what a page put there itself has to do", () => {
  empty();
  window.skipscopePlotly = Promise.resolve("mine");
  assert.equal(loadPlotly(WHOLE), window.skipscopePlotly);
});
