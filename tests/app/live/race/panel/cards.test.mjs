/** The cards of the runs: what they say, which buttons a state allows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Cards } from "../../../../../app/live/race/panel/cards.js";
import { Node, page } from "../../dom.mjs";
import { THEME, range, run } from "../runs.mjs";

function drawn(runs, mayCommand = true) {
  page();
  const sent = [], list = new Node("ul");
  const cards = new Cards(list, { running: ["▶", "green"], paused: ["‖", "orange"] }, (...command) => sent.push(command));
  const draw = () => cards.draw(runs, THEME, mayCommand);
  draw();
  const buttons = () => list.querySelectorAll(".ss-buttons")[0].children;
  return { list, sent, draw, buttons, press: (label) => buttons().find(({ textContent }) => textContent === label).onclick(), text: (name) => list.querySelector(`.ss-${name}`).textContent };
}

test("a card says state, steps, speed and errors", () => {
  const at = range(1, 100);
  const one = run(3, "A-20", at, at.map(() => 42), { tests: [[100, 33.25]], label: "A-20", checkpoints: 2, checkpoint_bytes: 1.5e6, cause: "", detail: "", note: "look here", changes: [[40, "learning rate 0.1 to 0.02"]] });
  const { list, text } = drawn([one]);
  assert.deepEqual([text("name"), text("state")], ["A-20", "▶ running"]);
  assert.equal(text("steps"), "100 of 300 steps1,000 images/s · 20 s left", "ten steps of a hundred images a second");
  assert.ok(list.textContent.includes("training42.0 %") && list.textContent.includes("test, 1,00033.3 %"));
  assert.equal(text("changes"), "rate 0.1 → 0.02 from step 40\nnote: look here");
  assert.equal(text("files"), "run 3 · rate 0.1 · 2 saved, 1.5 MB");
});

test("what throws something away asks once more, and a viewer has no buttons", () => {
  const one = run(3, "A-20", [1, 2], [5, 5]);
  const { sent, draw, buttons, press } = drawn([one]);
  assert.deepEqual(buttons().map(({ textContent }) => textContent), ["Pause", "Stop"]);
  press("Stop");
  assert.deepEqual(buttons().map(({ textContent }) => textContent), ["Pause", "Stop?", "Keep"]);
  press("Keep");
  press("Pause");
  assert.deepEqual(sent, [["pause", 3]]);
  assert.ok(buttons().every(({ disabled }) => disabled), "until the engine answers");
  one.card = { ...one.card, state: "paused" };
  draw();
  assert.deepEqual(buttons().map(({ textContent }) => textContent), ["Resume", "Stop", "Delete"]);
  press("Delete");
  assert.deepEqual(buttons().map(({ textContent }) => textContent), ["Resume", "Stop", "Delete?", "Keep"]);
  assert.deepEqual(sent, [["pause", 3]], "nothing is deleted yet");
  press("Delete?");
  assert.deepEqual(sent.at(-1), ["delete", 3]);
  assert.equal(drawn([run(3, "A-20", [1, 2], [5, 5])], false).buttons().length, 0);
});

test("a run that was deleted has no card", () => {
  const runs = [run(1, "A-20", [1], [1]), run(2, "A-20", [1], [1])];
  const { list, draw } = drawn(runs);
  runs.shift();
  draw();
  assert.equal(list.children.length, 1);
});

test("a card has the new name of a run, its buttons too", () => {
  const one = run(3, "A-20", [1, 2], [5, 5], { label: "A-20" });
  const { draw, buttons, text } = drawn([one]);
  one.label = "A-20, shortcuts cut at 2";
  draw();
  assert.equal(text("name"), "A-20, shortcuts cut at 2");
  assert.deepEqual(buttons().map((made) => made.getAttribute("aria-label")), ["Pause A-20, shortcuts cut at 2", "Stop A-20, shortcuts cut at 2"]);
});
