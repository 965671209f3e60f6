/** The table of what a chart shows, read back as RFC 4180 says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exportCsv } from "../../../../../app/live/race/panel/csv.js";
import { VIEW, ownArms, race, run } from "../runs.mjs";
import { parsed } from "../../shared/table.mjs";

const COLUMNS = ["run", "arm", "depth", "shortcut", "seed", "split", "step", "epoch", "seconds", "loss", "error", "running_loss", "running_error", "difference"];
const table = (runs, view) => parsed(exportCsv(runs, { ...VIEW, ...view }));

test("the table has what is drawn, one point in a row", () => {
  const odd = run(5, 'gated "x", bias-20', [1, 2], [50, null], { seed: 3, tests: [[2, 44.5]] });
  const rows = table([odd], { curves: ["running", "test"] });
  assert.deepEqual(Object.keys(rows[0]), COLUMNS);
  assert.deepEqual(rows.map((row) => [row.split, row.step, row.error, row.running_error]), [["train", "1", "50", "50"], ["train", "2", "", ""], ["test_subset", "2", "44.5", ""]]);
  assert.equal(rows[0].arm, 'gated "x", bias-20');
  assert.equal(Number(rows[1].epoch), 0.2);
  assert.deepEqual(table([odd], { curves: ["test"] }).map(({ split }) => split), ["test_subset"]);
  const gaps = table(race(), { layout: "gap", curves: ["running"] });
  assert.deepEqual(Object.keys(gaps[0]), ["series", "step", "mean", "low", "high", "seeds"]);
  const deep = gaps.filter(({ series }) => series === "plain: 56 minus 20, training error, mean of up to 50 steps");
  assert.deepEqual(["mean", "low", "high", "seeds"].map((key) => deep[0][key]), ["10.5", "10", "11", "2"]);
  assert.equal(deep.length, 100);
});

test("the table names what is not comparable, and has the verdict's gaps", () => {
  const arms = (run_) => [...new Set(table([run_]).map(({ arm, difference }) => `${arm} | ${difference}`))];
  assert.deepEqual(ownArms().flatMap(arms), ["A-56, shortcuts cut at 40 | shortcuts cut at step 40", "A-20, shortcuts cut at 60 | shortcuts cut at step 60", "plain-56, weight decay 0.001 | weight decay 0.001"]);
  const gaps = { step: 100, end: false, cure: "", of: [["A", 56, 20, 2, -1.5, -2, -1]] };
  const [stated] = table(race(), { layout: "gap", gaps });
  assert.deepEqual(Object.values(stated), ["A: 56 minus 20, mean and 95 % interval, running training error at step 100", "100", "-1.5", "-2", "-1", "2"]);
});

test("hidden curves leave no row", () => {
  assert.deepEqual([table(race(), { hidden: true }), table(race(), { hidden: true, layout: "gap" })], [[], []]);
});

test("over depth there is one row for each seed", () => {
  const depths = { running: { none: [8, 20, 56].map((depth, index) => [depth, true, 10 * index, null, null, [index], 1, []]) } };
  const rows = table(["plain-8", "plain-20", "plain-56"].map((arm, index) => run(index, arm, [300], [10 * index], { state: "finished" })), { layout: "depth", depths });
  assert.deepEqual(rows.map(({ curve, shortcut, depth, error, mean, provisional }) => [curve, shortcut, depth, error, mean, provisional]), [
    ["running", "none", "8", "0", "0", "false"], ["running", "none", "20", "10", "10", "false"], ["running", "none", "56", "20", "20", "false"],
  ]);
});
