/** Forks on their parents' lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { forkNote } from "../../../../../app/live/race/chart/fork_lineage.js";
import { short } from "../../../../../app/live/race/chart/edit_marks.js";
import { figure, range, run, traces, words } from "../runs.mjs";

test("a fork begins on its parent's line and forks of one step share a ring", () => {
  const at = range(1, 100), later = range(41, 100);
  const parent = run(2, "A-56", at, at.map((step) => 100 - step), { label: "A-56" });
  const remark = [40, "fork of run 2 at step 40"];
  const begin = { parent: 2, parent_step: 40 };
  const slower = [remark, [41, "learning rate 0.1 to 0.02"]];
  const forks = [
    run(7, "A-56", later, later, { ...begin, changes: slower, label: "A-56 fork 7" }),
    run(8, "A-56", later, later.map((step) => step + 9), { ...begin, changes: [remark], label: "A-56 fork 8" }),
  ];
  const built = figure([parent, ...forks]);
  for (const fork of ["A-56 fork 7", "A-56 fork 8"]) {
    const [line] = traces(built, "running", fork);
    assert.deepEqual([line.x[0], line.y[0], line.steps[0], line.x[1]], [40, 60, 40, 41]);
  }
  assert.equal(traces(built, "change").length, 1);
  const [ring] = traces(built, "change");
  assert.deepEqual([ring.x, ring.y], [[40], [60]]);
  assert.ok(ring.hovertemplate.includes("fork 7") && ring.hovertemplate.includes("fork 8"));
  assert.ok(words(built).includes("A-56 fork 7 <b>100.0</b><br>rate 0.1 → 0.02"));
  const alone = figure(forks);
  assert.equal(traces(alone, "running", "A-56 fork 7")[0].x[0], 41, "a parent that is not drawn breaks nothing");
});

test("a note tells what a fork does differently from its first step on, in few letters", () => {
  const card = { parent: 1, parent_step: 40, changes: [[40, "fork of run 1 at step 40"], [41, "learning rate 0.1 to 0.02"], [41, "weight decay 0 to 1"], [60, "momentum 0 to 1"]] };
  assert.equal(forkNote({ card }), "rate 0.1 → 0.02, +1");
  assert.equal(forkNote({ card: { ...card, changes: [[41, "a".repeat(40)]] } }), `${"a".repeat(25)}…`);
  assert.equal(forkNote({ card: { ...card, parent: null } }), "");
  assert.equal(short("shortcut strength 1 to 0.5"), "strength 1 → 0.5");
});
