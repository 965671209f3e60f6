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
  const buttons = () => list.querySelector(".ss-buttons").children.filter(({ tagName }) => tagName === "BUTTON");
  const menu = () => list.querySelector(".ss-menu").querySelectorAll("button");
  const press = (label) => [...buttons(), ...menu()].find(({ textContent }) => textContent === label).onclick();
  return { cards, list, sent, draw, buttons, menu, press, text: (name) => list.querySelector(`.ss-${name}`).textContent };
}

test("a card says state, steps, speed and errors", () => {
  const at = range(1, 100);
  const one = run(3, "A-20", at, at.map(() => 42), { tests: [[100, 33.25]], label: "A-20", checkpoints: 2, checkpoint_bytes: 1.5e6, cause: "", detail: "", note: "look here", changes: [[40, "learning rate 0.1 to 0.02"]] });
  const { list, text } = drawn([one]);
  assert.deepEqual([text("name"), text("state")], ["A-20", "▶ running"]);
  assert.equal(text("steps"), "100 of 300 steps1,000 images/s · 20 s left", "ten steps of a hundred images a second");
  assert.ok(list.textContent.includes("training42.0 %") && list.textContent.includes("test, 1,00033.2 %"));
  assert.equal(text("changes"), "rate 0.1 → 0.02 from step 40\nnote: look here");
  assert.equal(text("files"), "run 3 · SGD, rate 0.1 · 2 saved, 1.5 MB");
  one.card.place = "attempt 2 on node 10.0.0.3 (EPYC)";
  assert.match(drawn([one]).text("files"), / · attempt 2 on node 10.0.0.3 \(EPYC\)$/);
});

test("what throws something away asks once more, and a viewer has no buttons", () => {
  const one = run(3, "A-20", [1, 2], [5, 5], { label: "A-20" });
  const { cards, list, sent, draw, buttons, menu, press, text } = drawn([one]);
  assert.deepEqual(buttons().map(({ textContent }) => textContent), ["Pause", "Stop"]);
  press("Stop");
  assert.deepEqual(buttons().map((made) => made.getAttribute("aria-label")), ["Stop A-20 for good", "Cancel, do not stop A-20"]);
  press("Cancel");
  press("Pause");
  assert.deepEqual(sent, [["pause", 3]]);
  assert.ok(buttons().every(({ disabled }) => disabled), "until the engine answers");
  one.card = { ...one.card, state: "paused" };
  draw();
  assert.deepEqual(buttons().map(({ textContent }) => textContent), ["Resume", "Stop"]);
  assert.deepEqual(menu().map((made) => made.getAttribute("aria-label")), ["More for A-20", "Delete A-20"]);
  const items = menu()[0].parentElement.querySelector(".ss-menu-items");
  assert.equal(items.hidden, true, "what cannot be undone is not beside the other buttons");
  press("⋯");
  assert.deepEqual([items.hidden, menu()[0].getAttribute("aria-expanded"), document.activeElement], [false, "true", menu()[1]]);
  const holder = menu()[0].parentElement;
  holder.contains = (node) => menu().includes(node);
  holder.onfocusout({ relatedTarget: null });
  cards.cards.get(3).closeMenu(menu()[1]);
  assert.equal(items.hidden, false, "a click in Safari moves the focus nowhere");
  cards.cards.get(3).closeMenu(list);
  assert.equal(items.hidden, true, "a press outside closes it");
  press("⋯");
  holder.onfocusout({ relatedTarget: list });
  assert.equal(items.hidden, true, "so does a focus outside");
  press("Delete");
  assert.equal(text("asks"), "Delete A-20 and its files?");
  assert.deepEqual(buttons().map(({ textContent }) => textContent), ["Delete", "Cancel"]);
  assert.deepEqual(sent, [["pause", 3]], "nothing is deleted yet");
  buttons()[0].onclick();
  assert.deepEqual(sent.at(-1), ["delete", 3]);
  const viewer = drawn([run(3, "A-20", [1, 2], [5, 5], { state: "paused" })], false);
  assert.deepEqual([viewer.buttons(), viewer.menu()], [[], []]);
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
