/** Names of runs, and which of them are compared. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { comparable, isComparable, nameRuns } from "../../../../app/live/shared/arm_names.js";

const named = (run, usual, difference_name = "") => ({ card: { run, difference: difference_name, difference_name }, usual, label: "" });
const labels = (runs) => {
  nameRuns(runs);
  return runs.map(({ label }) => label);
};

test("a run is called by its difference, from the card that brings it on", () => {
  const runs = [named(4, "A-56"), named(20, "A-56", "shortcuts cut at 60")];
  assert.deepEqual(labels(runs), ["A-56", "A-56, shortcuts cut at 60"]);
  runs[0].card = { ...runs[0].card, difference: "learning rate 0.02 from step 80", difference_name: "learning rate 0.02 from 80" };
  assert.deepEqual(labels(runs), ["A-56, learning rate 0.02 from 80", "A-56, shortcuts cut at 60"]);
  runs[0].card = { ...runs[0].card, difference: "", difference_name: "" };
  assert.deepEqual(labels(runs), ["A-56", "A-56, shortcuts cut at 60"]);
});

test("runs that would have one name have their numbers behind it, the others do not", () => {
  const runs = [named(4, "A-56"), named(20, "A-56", "fork at 60"), named(21, "A-56", "fork at 60"), named(5, "A-56 (race 2)", "fork at 60")];
  const expected = ["A-56", "A-56, fork at 60 (run 20)", "A-56, fork at 60 (run 21)", "A-56 (race 2), fork at 60"];
  assert.deepEqual(labels(runs), expected);
  assert.deepEqual(labels(runs), expected, "named again they are called the same");
  assert.deepEqual(labels(runs.slice(0, 2)), ["A-56", "A-56, fork at 60"], "once the other is gone");
});

test("comparable are the runs without a difference, all where each has one", () => {
  const runs = [named(1, "A-20"), named(2, "A-20", "fork at 60")];
  assert.deepEqual(runs.map(isComparable), [true, false]);
  assert.deepEqual(comparable(runs), runs.slice(0, 1));
  assert.deepEqual(comparable(runs.slice(1)), runs.slice(1));
});
