/** The line of runs on the stage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RunLine } from "../../../../../app/live/race/presentation/run_line.js";
import { Node, page } from "../../dom.mjs";
import { THEME, ownArms, race, range, run } from "../runs.mjs";

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

test("its errors are those of the headline: clean where that is, also of a cut, with their name", () => {
  page();
  const errors = (runs, gaps) => {
    const list = new Node("ul");
    new RunLine(list, {}).draw(runs, THEME, false, gaps);
    return list.querySelectorAll(".ss-stage-error").map(({ textContent, title }) => [textContent, title]);
  };
  const net = (number, running, clean, card) => {
    const one = run(number, "A-56", range(1, 300), range(1, 300).map(() => running), { state: "finished", label: `net-${number}`, ...card });
    if (clean) Object.assign(one.series.train_clean, { step: [300], error: [clean], loss: [1], seconds: [30] });
    return one;
  };
  const parent = net(1, 20.9, 17.3), fork = net(2, 89.2, 90);
  const [running, end] = ["running training error", "training error at the end (clean)"];
  assert.deepEqual(errors([parent, fork], null), [["17.3 %", end], ["90.0 %", end]]);
  assert.deepEqual(errors([parent, net(2, 89.2, 0, { state: "running" })], null), [["20.9 %", running], ["89.2 %", running]], "one quantity for all");
  assert.deepEqual(errors([parent, fork, net(3, 95, 0, { state: "diverged" })], null), [["17.3 %", end], ["90.0 %", end], ["", end]]);
  assert.deepEqual(errors([parent, fork], { end: false }).map(([, name]) => name), [running, running]);
  assert.deepEqual(errors([parent, fork], { end: true }).map(([, name]) => name), [end, end]);
});
