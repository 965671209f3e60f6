/** The line of runs on the stage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RunLine } from "../../../../../app/live/race/presentation/run_line.js";
import { Node, page } from "../../dom.mjs";
import { THEME, ownArms, race } from "../runs.mjs";

function names(runs) {
  page();
  const list = new Node("ul");
  new RunLine(list, { running: ["▶", "green"] }).draw(runs, THEME, false);
  return list.querySelectorAll(".ss-stage-name").map(({ textContent }) => textContent);
}

test("runs that are no seeds of their arms stand alone, by their differences", () => {
  const own = ["A-56, shortcuts cut at 40", "A-20, shortcuts cut at 60", "plain-56, weight decay 0.001"];
  assert.deepEqual(names([...race(1), ...ownArms()]).slice(4), own);
  assert.deepEqual(names([...race(2), ...ownArms()]), ["plain-20 × 2", "plain-56 × 2", "A-20 × 2", "A-56 × 2", ...own]);
});
