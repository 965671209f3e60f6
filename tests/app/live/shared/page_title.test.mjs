import assert from "node:assert/strict";
import { test } from "node:test";
import { withProgress } from "../../../../app/live/shared/page_title.js";

const run = (state, step, lastStep) => ({ card: { state, step, total_steps: 200 }, series: lastStep && { lastStep } });

test("the title of the window begins with the share of all steps while a run goes on", () => {
  assert.equal(withProgress("Race 3: talk - Skipscope", [run("finished", 200), run("running", 20, 53)]), "63 % - Race 3: talk - Skipscope");
  assert.equal(withProgress("12 % - Race 3", [run("running", 60)]), "30 % - Race 3", "the old progress goes");
  assert.equal(withProgress("99 % - Race 3", [run("finished", 200), run("diverged", 80)]), "Race 3");
  assert.equal(withProgress("50 % - Lab: Lesions", [{ card: { state: "running", step: 3, total: 4 } }]), "75 % - Lab: Lesions");
  assert.equal(withProgress("7 % - Runs", []), "Runs");
  assert.equal(withProgress("7 % - Race 3", [run("running", 60)], true), "REPLAY - Race 3");
  assert.equal(withProgress("REPLAY - Race 3", [run("running", 60)]), "30 % - Race 3", "and back");
});
