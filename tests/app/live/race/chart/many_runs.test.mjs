/** Above 16 runs: what is left out, what is drawn as one trace. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { leftOut, lighter } from "../../../../../app/live/race/chart/many_runs.js";
import { range } from "../runs.mjs";

test("above 16 runs what looks alike is one trace that still knows its points", () => {
  const runs = range(0, 16);
  const curves = { raw: [1, 2, 3], running: [1, null, 3], test: [4, 5, 6] };
  const curve = (run, meta, y) => ({
    run, meta, name: `run ${run}`, x: [1, 2, 3], y, steps: [10, 20, 30], connectgaps: meta === "running",
    line: { color: run < 9 ? "red" : "blue" }, marker: {}, hovertemplate: `run ${run}`,
  });
  const data = runs.flatMap((run) => Object.entries(curves).map(([meta, y]) => curve(run, meta, y)));
  const made = lighter(data, runs);
  assert.deepEqual(made.map(({ meta }) => meta), ["running", "test", "running", "test"]);
  const [running] = made;
  assert.deepEqual(running.x.slice(0, 6), [1, 3, null, 1, 3, null], "a mean that was not told is no gap, another run is one");
  assert.deepEqual([running.runs[3], running.steps[4], running.hovertemplate[4]], [1, 30, "run 1"]);
  assert.equal(lighter(data, runs.slice(1)).length, 51);
  const told = { meta: "told", x: [3], y: [4] };
  assert.ok(lighter([...data, told], runs).includes(told), "a label is about it");
  const all = ["running", "raw", "test", "clean"];
  assert.deepEqual([leftOut(runs, ["raw"]), leftOut([], ["raw"]), leftOut(runs, all, true)], [
    "not drawn of more than 16 runs: single steps",
    "",
    "not drawn of more than 16 runs: the seeds' own lines, marks and whiskers of test curves, clean marks",
  ]);
});
