/** The groups of states and the running mean, as the engine tells them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AT_WORK, BROKEN, ENDED, FINAL, HALTED, PAUSABLE, RESUMABLE, isLive, runningMean, stateOf } from "../../../../app/live/shared/run_states.js";

const runs = (...states) => states.map((state) => ({ card: { state } }));

test("the states are those of the engine", { skip: !process.env.SKIPSCOPE_TEST_FACTS && "pytest brings the engine's states" }, () => {
  const { states, runFacts: { groups, runningWindow } } = JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8"));
  const here = { AT_WORK, BROKEN, ENDED, FINAL, HALTED, PAUSABLE, RESUMABLE };
  assert.deepEqual(Object.fromEntries(Object.entries(here).map(([name, group]) => [name, [...group]])), groups);
  assert.deepEqual([...AT_WORK, ...ENDED, "paused"].toSorted(), states.toSorted(), "every state is in one of these");
  assert.equal(runningMean(), `mean of up to ${runningWindow} steps`);
});

test("a page is live while a run of it may change by itself", () => {
  assert.deepEqual([runs("finished", "running"), runs("queued"), runs("paused", "lost"), runs("diverged"), []].map(stateOf), ["live", "live", "paused", "ended", "ended"]);
  assert.deepEqual([runs("stopping"), runs("paused")].map(isLive), [true, false]);
});
