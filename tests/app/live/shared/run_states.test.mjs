/** The groups of states that the page asks for, against the engine's own. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BROKEN, ENDED, PAUSABLE, RESUMABLE, WAITING, isLive, stateOf } from "../../../../app/live/shared/run_states.js";

const runs = (...states) => states.map((state) => ({ card: { state } }));

test("the states are those of the engine", { skip: !process.env.SKIPSCOPE_TEST_FACTS && "pytest brings the engine's states" }, () => {
  const { states, ended } = JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8"));
  assert.deepEqual([...ENDED].toSorted(), ended);
  assert.deepEqual([...WAITING, ...ENDED, "paused"].toSorted(), states.toSorted(), "every state is in one group");
  assert.ok([...BROKEN].every((state) => ENDED.has(state)));
  assert.ok([...PAUSABLE, ...RESUMABLE].every((state) => states.includes(state)));
});

test("a page is live while a run of it may change by itself", () => {
  assert.deepEqual([runs("finished", "running"), runs("queued"), runs("paused", "lost"), runs("diverged"), []].map(stateOf), ["live", "live", "paused", "ended", "ended"]);
  assert.deepEqual([runs("stopping"), runs("paused")].map(isLive), [true, false]);
});
