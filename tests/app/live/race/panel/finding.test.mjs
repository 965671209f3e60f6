/** Where the finding of a race stands: a cut is the headline where nothing else is compared. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { placed, stillCut } from "../../../../../app/live/race/panel/status.js";

const NOTHING = { g: "Each shortcut type has one depth: nothing to compare.", sure: ["No conclusion", "open", "why"], alone: ["One net: a demonstration", "demonstration", "Cut once."], rows: [] };
const CUT = "Shortcuts of A-56 cut at step 150: training error at the end 89.8 %, uncut 20.9 %.";

test("a cut is the finding of a race that compares nothing", () => {
  assert.deepEqual(placed(NOTHING, CUT, false), { statement: { ...NOTHING, g: CUT, sure: NOTHING.alone }, cut: "" });
  assert.deepEqual(placed(NOTHING, CUT, true).statement.sure, ["Still training", "training", "Cut once."]);
});

test("before the cut, and in a race with a finding of its own, everything stays where it was", () => {
  assert.deepEqual(placed(NOTHING, "", true), { statement: NOTHING, cut: "" });
  const own = { g: "plain-56 learns 30 points worse.", sure: ["One seed", "demonstration", ""], alone: null };
  assert.deepEqual(placed(own, CUT, false), { statement: own, cut: CUT });
  assert.deepEqual(placed({}, "", false), { statement: {}, cut: "" });
});

test("a cut still trains as long as its own net does, whatever else is forked", () => {
  const fork = (run, state, difference_name) => ({ card: { run, state, parent: 1, difference_name } });
  const done = fork(2, "finished", "shortcuts cut at 1,500"), other = fork(3, "running", "fork at 60");
  assert.equal(stillCut([done, other]), false);
  assert.equal(stillCut([done, other, fork(4, "running", "shortcuts cut at 200")]), true, "the line is of the newest");
  assert.equal(stillCut([fork(2, "running", "shortcuts cut at 150"), fork(4, "finished", "shortcuts cut at 200")]), false);
  assert.equal(stillCut([]), false);
});
