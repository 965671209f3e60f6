/** What the copied command lacks of what is drawn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { notRepeated } from "../../../../../app/live/race/panel/tools.js";
import { range, run } from "../runs.mjs";

test("what the copied command lacks is said", () => {
  const at = range(1, 50), changes = [[40, "learning rate 0.1 to 0.02"]];
  const [plain, changed, fork] = [run(1, "A-20", at, at), run(2, "A-20", at, at, { changes }), run(3, "A-20", at, at, { parent: 1 })];
  assert.deepEqual([[plain], [plain, changed], [plain, fork], [changed, fork]].map(notRepeated), ["", "live changes", "forks", "live changes and forks"]);
});
