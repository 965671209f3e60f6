/** What a stored race was at a moment: everything that the page shows agrees. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Recording, placeOf } from "../../../../../app/live/shared/replay/recording.js";
import { record, points } from "./record.mjs";

const made = (changed = {}) => new Recording({ ...record(), ...changed });
const at = (by, place, recording = made()) => recording.historyAt({ by, at: place });
const steps = ({ cards }) => Object.fromEntries(cards.map(({ run, step }) => [run, step]));

test("by the clock the runs start together and each stands where its own clock says", () => {
  assert.deepEqual(steps(at("seconds", 4)), { 1: 40, 2: 20 });
  assert.deepEqual(steps(at("seconds", 4.05)), { 1: 40, 2: 20 }, "half a step is none");
  assert.deepEqual(steps(at("seconds", 0)), { 1: 0, 2: 0 });
  assert.deepEqual(steps(at("step", 40)), { 1: 40, 2: 40 });
  assert.deepEqual(made().end, { seconds: 20, step: 100 });
});

test("a fork appears with its first step, at its parent's place", () => {
  assert.deepEqual(steps(at("seconds", 5)), { 1: 50, 2: 25 });
  assert.deepEqual(steps(at("seconds", 5.2)), { 1: 52, 2: 26, 3: 52 });
  assert.deepEqual(steps(at("step", 50)), { 1: 50, 2: 50 });
  assert.deepEqual(steps(at("step", 51)), { 1: 51, 2: 51, 3: 51 });
});

test("points, evaluations and cards end at the moment, and nothing of what came later is told", () => {
  const { cards: [first, second], runs } = at("seconds", 6);
  assert.equal(runs[1].train.step.at(-1), 60);
  assert.deepEqual([runs[1].total.train, runs[1].train.step.length], [60, 60]);
  assert.deepEqual([runs[1].test_subset.step, runs[2].test_subset.step], [[50], []]);
  assert.deepEqual([first.state, first.detail, second.state, second.cause], ["running", "", "running", ""]);
  assert.deepEqual([first.seconds, second.seconds], [6, 6]);
  const early = at("step", 20).cards[0], late = at("step", 30).cards[0];
  assert.deepEqual([early.changes, early.difference, early.difference_name], [[], "", ""]);
  assert.deepEqual([late.changes.length, late.difference, late.difference_name], [1, "learning rate changed at step 30", "rate changed at 30"]);
});

test("a run has its last state from its own end on", () => {
  assert.deepEqual(at("seconds", 10).cards.map(({ run, state }) => [run, state]), [[1, "finished"], [2, "running"], [3, "finished"]]);
  assert.deepEqual(at("seconds", 20).cards.map(({ state, cause }) => [state, cause]), [["finished", ""], ["diverged", "the loss is not finite"], ["finished", ""]]);
  assert.deepEqual(at("seconds", 20).cards, record().cards, "the whole record");
});

test("a race that trains is played up to what is on record of it, and a run without a step stays as it is", () => {
  const [first] = record().cards;
  const cards = [{ ...first, state: "running", step: 40, seconds: 4 }, { ...first, run: 2, state: "queued", step: 0, seconds: 0 }];
  const recording = made({ cards, runs: { 1: { total: { train: 40 }, train: points(1, 40, 0.1) }, 2: { total: {}, train: points(1, 0, 1) } } });
  assert.deepEqual(recording.end, { seconds: 4, step: 40 });
  for (const by of ["seconds", "step"]) {
    assert.deepEqual(recording.historyAt({ by, at: recording.end[by] }).cards.map(({ state, step }) => [state, step]), [["running", 40], ["queued", 0]]);
  }
});

test("the verdict is that of the moment and names its step, the last one stands at the end though its seconds were rounded", () => {
  const said = (by, place) => at(by, place).g, [begun, half, end] = ["Training has begun.", "At step 50 A-2 is higher.", "A-2 is higher."];
  assert.deepEqual([0, 9.9, 10, 19.9, 20].map((place) => said("seconds", place)), [begun, begun, half, half, end]);
  assert.deepEqual([49, 50, 99, 100].map((place) => said("step", place)), [begun, half, half, end]);
  assert.deepEqual([at("step", 99).sure[0], at("step", 100).sure[0]], ["", "one seed"]);
  assert.deepEqual([10, 10.2, 20].map((place) => at("seconds", place).cut), ["", "Cut: higher.", "Cut: much higher at the end."]);
  assert.equal(at("step", 3, made({ moments: { parts: {}, step: [], seconds: [] } })).g, "");
});

test("what is said early of a race that ended early stands, and at the end of one that trains the words are the live page's", () => {
  const { moments } = record(), early = moments.seconds.map((row, index) => [[0, 10, 12][index], ...row.slice(1)]);
  assert.equal(at("seconds", 12, made({ moments: { ...moments, seconds: early } })).g, "A-2 is higher.");
  const trains = made({ moments: { ...moments, step: moments.step.slice(0, 2) } });
  assert.deepEqual([99, 100].map((place) => at("step", place, trains).g), ["At step 50 A-2 is higher.", "So far A-2 is higher."]);
});

test("a run that was extended had finished at its old end, and was to have so many steps", () => {
  const extended = made({ ends: { 1: [60, 80] } });
  const [first] = at("step", 59, extended).cards;
  assert.deepEqual([first.state, first.total_steps], ["running", 60]);
  const found = [60, 61, 80, 81, 100].map((place) => at("step", place, extended).cards[0]);
  assert.deepEqual(found.map(({ state }) => state), ["finished", "running", "finished", "running", "finished"]);
  assert.deepEqual(found.map(({ total_steps }) => total_steps), [60, 80, 80, 100, 100]);
});

test("a thinned record says how many steps it left out at a moment", () => {
  const thin = points(1, 1000, 0.01, 10), recording = made({ cards: [{ ...record().cards[1], state: "finished", step: 1000, total_steps: 1000, seconds: 10 }], runs: { 2: { total: { train: 1000 }, train: thin } } });
  const { runs, cards } = recording.historyAt({ by: "seconds", at: 5 });
  assert.deepEqual([cards[0].step, runs[2].train.step.length, runs[2].total.train], [500, 50, 500]);
  assert.equal(recording.historyAt({ by: "step", at: 1000 }).runs[2].total.train, 1000);
});

test("while the bar is dragged a long curve has few points, its extremes and its last one", () => {
  const long = points(1, 2000, 0.005);
  long.error[700] = 99.9;
  const recording = made({ cards: [{ ...record().cards[1], step: 2000, total_steps: 2000, seconds: 10 }], runs: { 2: { total: { train: 2000 }, train: long } } });
  const at1501 = { by: "step", at: 1501 }, { runs, cards } = recording.historyAt(at1501, true), { train, total } = runs[2];
  assert.ok(train.step.length <= 500);
  assert.deepEqual([train.step.at(-1), cards[0].step, total.train], [1501, 1501, 1501]);
  assert.ok(train.error.includes(99.9));
  assert.equal(recording.historyAt(at1501).runs[2].train.step.length, 1501);
  assert.deepEqual(recording.historyAt({ by: "step", at: 0 }, true).runs[2].train.step, []);
});

test("the columns are copies: the page appends to its own", () => {
  const recording = made();
  recording.historyAt({ by: "step", at: 100 }).runs[1].train.step.push(7);
  assert.equal(recording.runs[1].train.step.length, 100);
});

test("a place is found again in the other measure, as the run that is furthest has it", () => {
  const recording = made();
  assert.equal(recording.converted({ by: "seconds", at: 4 }, "step"), 40);
  assert.equal(recording.converted({ by: "step", at: 40 }, "seconds"), 4);
  assert.equal(recording.converted({ by: "step", at: 100 }, "seconds"), 20, "the end stays the end");
  assert.equal(recording.placeOfAll(40, "seconds"), 8, "the slowest run has done 40 steps");
  assert.deepEqual(steps(at("seconds", recording.placeOfAll(33, "seconds")))[2], 33);
  assert.deepEqual([0, 1, 2.5, 9].map((value) => placeOf([1, 2, 3], value)), [0, 1, 2, 3]);
});
