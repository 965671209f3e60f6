/** The time of the page Layers: which column is looked at, while nets of different speed are measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Node } from "../dom.mjs";
import { Timeline } from "../../../../app/live/layers/timeline.js";

/** Two nets, of which the second one is slower. */
const RACE = [{ steps: [0, 10, 20, 30], lastStep: 30, total: 4, planned: [0, 10, 20, 30, 40] }, { steps: [0, 10], lastStep: 10, total: 2, planned: [0, 10, 20, 30, 40] }];

function timeline() {
  const parts = {}, chosen = [];
  const made = new Timeline((name) => (parts[name] ??= new Node("button")), () => {}, (step) => chosen.push(step));
  return { made, parts, chosen };
}

test("who follows the newest probe sees the last step that all nets have reached", () => {
  const { made, parts } = timeline();
  made.update(RACE, 40, 10);
  assert.deepEqual(made.columns, [0, 10, 20, 30, 40]);
  assert.equal(made.step, 10);
  assert.equal(parts.step.textContent, "step 10 of 40");
  made.update(RACE.map((net) => ({ ...net, steps: [0, 10, 20, 30], lastStep: 30 })), 40, 30);
  assert.equal(made.step, 30);
});

test("who looks back stays there, sees steps that only faster nets have, and follows again on demand", () => {
  const { made, parts, chosen } = timeline();
  made.update(RACE, 40, 10);
  made.look(3);
  assert.equal(made.step, 30);
  made.look(4);
  assert.equal(made.step, 30, "nothing is measured there yet");
  made.look(0);
  made.update(RACE, 40, 30);
  assert.equal(made.step, 0);
  parts.follow.onclick();
  assert.equal(made.step, 30);
  assert.deepEqual(chosen, [30, 30, 0, null]);
});

test("columns that play stand still when the page begins elsewhere, so in a replay", () => {
  const { made } = timeline();
  globalThis.window = { matchMedia: () => ({ matches: true }) };
  made.update(RACE, 40, 10);
  made.play();
  made.begin(null);
  assert.deepEqual([made.playing, made.follow, made.step], [null, true, 10]);
});

test("a link to a later step waits for its probe", () => {
  const { made } = timeline();
  made.begin(30);
  made.update([{ steps: [0], lastStep: 0, total: 1, planned: [0, 10, 20, 30] }], 30, 0);
  assert.equal(made.step, 0);
  made.update(RACE, 40, 10);
  assert.equal(made.step, 30);
});

test("what has ended offers the last step, and nothing where that is shown; a replay has controls of its own", () => {
  const { made, parts } = timeline();
  made.update(RACE, 40, 10);
  assert.deepEqual([parts.follow.textContent, parts.follow.hidden], ["Follow live", false]);
  const ended = [0, 1].map(() => ({ steps: [0, 10, 20], lastStep: 20, total: 3, planned: [0, 10, 20] }));
  made.update(ended, 20, 20);
  made.serve({ live: false, replayed: false });
  assert.equal(parts.follow.hidden, true);
  made.look(1);
  assert.deepEqual([parts.follow.textContent, parts.follow.hidden, made.step], ["Last step", false, 10]);
  parts.follow.onclick();
  assert.deepEqual([parts.follow.hidden, made.step], [true, 20]);
  made.update([ended[0], { ...ended[1], steps: [0, 10], lastStep: 10, total: 3 }], 20, 10);
  made.look(2);
  assert.equal(parts.follow.hidden, true, "behind the end of a shorter net the button would lead back");
  made.look(0);
  made.serve({ live: false, replayed: true });
  assert.equal(parts.follow.hidden, true);
});
