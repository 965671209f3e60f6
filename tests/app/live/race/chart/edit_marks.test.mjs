/** Marks of what was changed while a run trained. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { short } from "../../../../../app/live/race/chart/edit_marks.js";
import { figure, ownArms, race, range, run, traces, words } from "../runs.mjs";

const at = range(1, 100);
const changed = (number, arm, step, text, more = {}) => run(number, arm, at, at.map((step_) => 100 - step_), { changes: [[step, text]], ...more });

test("a change is a ring on the thick line, a dotted line at its step and a few words", () => {
  const built = figure([changed(1, "A-20", 40, "learning rate 0.1 to 0.02", { label: "A-20" }), run(2, "A-56", at, at, { label: "A-56" })]);
  const [ring] = traces(built, "change");
  assert.deepEqual([ring.x, ring.y, ring.name], [[40], [60], "A-20"]);
  assert.deepEqual(built.layout.shapes.map(({ x0, x1, line }) => [x0, x1, line.dash]), [[40, 40, "dot"]]);
  assert.ok(words(built).includes("A-20: rate 0.1 → 0.02"));
});

test("one change of every run of a panel is one mark without names", () => {
  const both = [changed(1, "A-20", 40, "weight decay 0 to 1"), changed(2, "A-56", 42, "weight decay 0 to 1")];
  const built = figure(both);
  assert.equal(built.layout.shapes.length, 1);
  assert.ok(words(built).includes("decay 0 → 1"));
});

test("a change that has not come yet has its line and no ring; by the clock it has no place", () => {
  const later = () => [changed(1, "A-20", 200, "momentum 0.9 to 0.5")];
  const built = figure(later());
  assert.equal(traces(built, "change").length, 0);
  assert.deepEqual(built.layout.shapes.map(({ x0 }) => x0), [200]);
  assert.deepEqual(figure(later(), { x: "seconds" }).layout.shapes, []);
});

test("marks name the runs by what is different, once", () => {
  const built = words(figure([...race(1), ...ownArms()]));
  assert.ok(built.includes("A-56, shortcuts cut at 40"), "a fork, at its begin");
  assert.equal(built.filter((text) => text.includes("strength 1 → 0")).length, 1, "of the fork the name says it");
  const one = { ...ownArms()[1], usual: "A-20" };
  assert.ok(words(figure([...race(1), one])).includes("A-20: strength 1 → 0"), "of a run that was another before, the mark is the difference");
  assert.equal(short("shortcut strength 1 to 0.5"), "strength 1 → 0.5");
});
test("where marks have no names the rings and lines stay", () => {
  const one = () => [changed(1, "A-20", 40, "learning rate 0.1 to 0.02", { label: "A-20" })];
  const [named, bare] = [figure(one()), figure(one(), { unnamed: true })];
  assert.ok(words(named).includes("rate 0.1 → 0.02") || words(named).includes("A-20: rate 0.1 → 0.02"));
  assert.ok(!words(bare).some((text) => text.includes("rate 0.1")));
  assert.deepEqual([traces(bare, "change").length, bare.layout.shapes.length], [traces(named, "change").length, named.layout.shapes.length]);
});

test("a fork begins on its parent's line and forks of one step share a ring", () => {
  const later = range(41, 100);
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
  assert.ok(words(built).includes("A-56, learning rate 0.02<br>from 40 <b>100.0</b>"));
  assert.ok(words(built).includes("2 forks"), "the mark of their begin");
  const alone = figure(forks);
  assert.equal(traces(alone, "running", "A-56, learning rate 0.02 from 40")[0].x[0], 41, "a parent that is not drawn breaks nothing");
});

test("while nets are at different steps a line marks where they are compared", () => {
  const slow = run(1, "plain-56", range(1, 40), range(1, 40)), fast = run(2, "plain-20", at, at), gaps = { step: 40, end: false, cure: "", of: [] };
  const built = figure([slow, fast], { layout: "overlaid", gaps });
  assert.deepEqual(built.layout.shapes.map(({ x0, x1, line }) => [x0, x1, line.dash]), [[40, 40, "dash"]]);
  assert.ok(words(built).includes("compared at step 40"));
  for (const more of [{ gaps: { ...gaps, end: true } }, { gaps: null }, { gaps: { ...gaps, step: 98 } }, { gaps, metric: "loss" }, { gaps, x: "seconds" }]) {
    assert.deepEqual(figure([slow, fast], { layout: "overlaid", ...more }).layout.shapes, [], JSON.stringify(more));
  }
});
