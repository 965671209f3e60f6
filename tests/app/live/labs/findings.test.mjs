/** Which of a job's findings the page shows for a pick. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sentencesOf } from "../../../../app/live/labs/curves.js";

const norm = (kind, value) => ({ name: "norm", text: `${kind} at ${value}`, kind, setting: "gain", value });
const FINDINGS = [norm("with BN", 0.5), norm("with BN", 2), norm("without BN", 1), { name: "deleted", text: "all blocks", kind: "A-20" }];

test("findings about no setting are shown whatever is picked", () => {
  assert.deepEqual(sentencesOf(FINDINGS, { kind: null, value: null }, undefined), ["all blocks"]);
});

test("of the picked kind the finding at the picked value is shown, else at the nearest one by ratio", () => {
  const shown = (kind, value) => sentencesOf(FINDINGS, { kind, value }, "gain");
  assert.deepEqual(shown("with BN", 2), ["all blocks", "with BN at 2"]);
  assert.deepEqual(shown("with BN", 0.9), ["all blocks", "with BN at 0.5"]);
  assert.deepEqual(shown("without BN", 2), ["all blocks", "without BN at 1"]);
  assert.deepEqual(shown("unheard of", 2), ["all blocks"]);
});
