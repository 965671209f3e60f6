/** Arms that are hidden, shown alone and pinned: what is drawn of them, and what stays said. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { alone, armsOf, linesAsArms, seenLines, shownArms, toggled } from "../../../../../app/live/race/inspect/arms.js";
import { ArmChips } from "../../../../../app/live/race/inspect/chips.js";
import { captionOf } from "../../../../../app/live/race/chart/legend.js";
import { footerText } from "../../../../../app/live/race/panel/footer.js";
import { THEME, VIEW, figure, ownArms, race, traces } from "../runs.mjs";
import { page } from "../../dom.mjs";

test("the seeds of an arm are one arm, a changed run is an arm of its own", () => {
  const arms = armsOf([...race(3), ...ownArms()]);
  assert.deepEqual(arms.map(({ id, name, runs }) => [id, name, runs.length]), [
    [0, "plain-20", 3], [10, "plain-56", 3], [20, "A-20", 3], [30, "A-56", 3],
    [90, "A-56, shortcuts cut at 40", 1], [91, "A-20, shortcuts cut at 60", 1], [92, "plain-56, weight decay 0.001", 1],
  ]);
});

test("an arm is hidden and shown again, and one stays at least", () => {
  const arms = armsOf(race(1)), ids = (off) => shownArms(arms, off).map(({ id }) => id);
  let off = toggled(arms, [], 10);
  assert.deepEqual([off, ids(off)], [[10], [0, 20, 30]]);
  off = toggled(arms, toggled(arms, off, 0), 20);
  assert.deepEqual(ids(off), [30]);
  assert.deepEqual(toggled(arms, off, 30), off, "the last one stays");
  assert.deepEqual(ids(toggled(arms, off, 10)), [10, 30]);
  assert.deepEqual(ids([0, 10, 20, 30]), [0, 10, 20, 30], "an address may carry anything");
  assert.deepEqual(toggled(arms, [10, 999], 10), [], "what is not there is forgotten");
});

test("one stands alone, and once more all are there", () => {
  const arms = armsOf(race(1)), off = alone(arms, [20], 20);
  assert.deepEqual(off, [0, 10, 30]);
  assert.deepEqual(alone(arms, off, 20), []);
  assert.deepEqual(alone(arms, off, 10), [0, 20, 30]);
});

test("a pinned arm is wider and above the others, its seeds and its mean", () => {
  const usual = figure(race(2)), pinned = figure(race(2), { pins: [0, 1] });
  const width = (built) => traces(built, "running", "plain-20")[0].line.width;
  assert.ok(width(pinned) > 1.5 * width(usual));
  const left = pinned.data.filter(({ xaxis }) => xaxis === "x");
  assert.deepEqual([left.at(-1).name, left.at(-1).meta], ["plain-20", "running"]);
  assert.equal(usual.data.length, pinned.data.length);
});

test("hidden arms are named under the chart and in a picture's caption", () => {
  const view = { ...VIEW, unseen: ["plain-56", "A-56"] };
  for (const text of [footerText(race(1), view), captionOf(race(1), view)]) assert.ok(text.includes("2 curves hidden: plain-56, A-56"), text);
  assert.ok(footerText(race(1), { ...view, unseen: ["a", "b", "c", "d", "e"] }).includes("5 curves hidden ·"));
  assert.ok(!footerText(race(1), VIEW).includes("hidden"));
});

test("chips say what is shown, pinned and alone, and each press has its act", () => {
  const part = page(), done = [];
  const acts = Object.fromEntries(["toggle", "alone", "pin"].map((name) => [name, (id) => done.push([name, id])]));
  const chips = new ArmChips(part("arms"), acts), arms = armsOf(race(1));
  chips.draw(arms, [arms[1]], [10], THEME);
  const [first, second] = [0, 10].map((id) => chips.chips.get(id));
  assert.deepEqual([first, second].map(({ show, alone: only, pin }) => [show, only, pin].map((node) => node.getAttribute("aria-pressed"))), [["false", "false", "false"], ["true", "true", "true"]]);
  assert.deepEqual([first.alone.getAttribute("aria-label"), second.alone.getAttribute("aria-label")], ["Show plain-20 alone", "Show all curves"]);
  first.show.onclick();
  first.show.ondblclick();
  first.show.onkeydown({ key: "Enter", altKey: true, preventDefault() {} });
  first.show.onkeydown({ key: "Enter", altKey: false });
  second.pin.onclick();
  assert.deepEqual(done, [["toggle", 0], ["alone", 0], ["alone", 0], ["pin", 10]]);
  chips.draw(armsOf(race(1).slice(0, 1)), [], [], THEME);
  assert.equal(part("arms").hidden, true);
});

test("an imported line is hidden and pinned by itself, beside the arms", () => {
  const arms = armsOf(race(1)), lines = [{ id: 1, name: "theirs" }, { id: 2, name: "others" }];
  const [first, second] = linesAsArms(lines);
  assert.ok(arms.every(({ id }) => id < first.id), "no run has the number of a line");
  const off = toggled(arms, [], first.id);
  assert.deepEqual(seenLines(lines, off, [second.id]).map(({ shown, pinned }) => [shown, pinned]), [[false, false], [true, true]]);
  assert.deepEqual(shownArms(arms, off), arms, "all arms stay");
  const both = toggled(arms, off, arms[0].id);
  assert.deepEqual(both, [arms[0].id, first.id]);
  assert.deepEqual(toggled(arms, both, first.id), [arms[0].id]);
  assert.deepEqual(alone(arms, alone(arms, off, arms[1].id), arms[1].id), off, "a line that was hidden stays so");
});
