/** Forks on their parents' lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { figure, range, run, traces, words } from "../runs.mjs";

test("a fork begins on its parent's line and forks of one step share a ring", () => {
  const at = range(1, 100), later = range(41, 100);
  const parent = run(2, "A-56", at, at.map((step) => 100 - step), { label: "A-56" });
  const remark = [40, "fork of run 2 at step 40"];
  const begin = { parent: 2, parent_step: 40 };
  const slower = [remark, [41, "learning rate 0.1 to 0.02"]];
  const forks = [
    run(7, "A-56", later, later, { ...begin, changes: slower, difference_name: "learning rate 0.02 from 40", label: "A-56, learning rate 0.02 from 40" }),
    run(8, "A-56", later, later.map((step) => step + 9), { ...begin, changes: [remark], label: "A-56, fork at 40" }),
  ];
  const built = figure([parent, ...forks]);
  for (const fork of ["A-56, learning rate 0.02 from 40", "A-56, fork at 40"]) {
    const [line] = traces(built, "running", fork);
    assert.deepEqual([line.x[0], line.y[0], line.steps[0], line.x[1]], [40, 60, 40, 41]);
  }
  assert.equal(traces(built, "change").length, 1);
  const [ring] = traces(built, "change");
  assert.deepEqual([ring.x, ring.y], [[40], [60]]);
  assert.ok(ring.hovertemplate.includes("A-56, learning rate 0.02 from 40<br>") && ring.hovertemplate.includes("A-56, fork at 40<br>"));
  assert.ok(words(built).includes("A-56,<br>learning rate 0.02 from<br>40 <b>100.0</b>"));
  assert.ok(words(built).includes("2 forks"), "the mark of their begin");
  const alone = figure(forks);
  assert.equal(traces(alone, "running", "A-56, learning rate 0.02 from 40")[0].x[0], 41, "a parent that is not drawn breaks nothing");
});
