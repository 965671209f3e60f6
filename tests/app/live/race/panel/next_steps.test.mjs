/** The next steps of an ended race: when they are seen, what a press sends, when the script is asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NextSteps, newlyEnded } from "../../../../../app/live/race/panel/next_steps.js";
import { Node, page } from "../../dom.mjs";
import { run } from "../runs.mjs";

const STEPS = {
  ended: [1, 2],
  cards: [{ key: "cut", title: "Cut the shortcuts", text: "Take them out.", time: "30 s", href: "" }, { key: "why", title: "Why?", text: "", time: "", href: "why" }],
  buttons: [{ key: "seeds", title: "Repeat with 3 seeds", text: "", time: "2 min", href: "" }],
};
const NOTHING = { ended: [], cards: [], buttons: [] };
const race = (states, more = {}) => states.map((state, at) => run(at + 1, "A-56", [1], [5], { state, ...(at === 2 ? more : {}) }));

function made() {
  page();
  const pressed = [], [list, actions] = [new Node("div"), new Node("span")];
  const next = new NextSteps(list, actions, ({ key }) => pressed.push(key));
  return { next, list, actions, pressed, draw: (steps, states, hidden = false, fork = {}) => next.draw(steps, race(states, fork), hidden) };
}

test("they are seen once every run of the race has ended, and not while the curves are hidden", () => {
  const { list, actions, draw } = made();
  const seen = () => [!list.hidden, !actions.hidden];
  draw(NOTHING, ["running", "finished"]);
  assert.deepEqual(seen(), [false, false]);
  draw(STEPS, ["finished", "diverged"]);
  assert.deepEqual(seen(), [true, true]);
  assert.deepEqual(list.children.map(({ tagName, textContent }) => [tagName, textContent]), [["BUTTON", "Cut the shortcutsTake them out. · 30\u00a0s"], ["A", "Why?"]]);
  assert.equal(actions.textContent, "Repeat with 3 seeds · 2\u00a0min");
  draw(STEPS, ["finished", "diverged"], true);
  assert.deepEqual(seen(), [false, false], "words before the reveal tell what happened");
  draw(STEPS, ["finished", "finished", "running"], false, { parent: 2, parent_step: 1 });
  assert.deepEqual(seen(), [true, true], "a fork that still trains takes nothing away");
  draw({ ...STEPS, buttons: [] }, ["finished", "finished"]);
  assert.deepEqual(seen(), [true, false]);
});

test("a press is sent once until the script has answered, and the focus stays", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { next, list, pressed, draw } = made();
  draw(STEPS, ["finished", "finished"]);
  const card = list.children[0];
  card.focus();
  card.onclick();
  card.onclick();
  assert.deepEqual(pressed, ["cut"]);
  assert.ok(card.textContent.includes("Starting"));
  draw(STEPS, ["finished", "finished"]);
  assert.equal(list.children[0], card, "news of the stream are no answer");
  next.heard({ next: STEPS, race: 1, notice: "" });
  draw(STEPS, ["finished", "finished"]);
  list.children[0].focus();
  list.children[0].onclick();
  next.heard({ next: structuredClone(STEPS), race: 1, notice: "" });
  draw(STEPS, ["finished", "finished"]);
  assert.ok(list.children[0].textContent.includes("Starting"), "a rerun that says the same is no answer");
  list.children[0].onclick();
  assert.deepEqual(pressed, ["cut", "cut"]);
  next.heard({ next: STEPS, race: 1, notice: "The engine is busy." });
  draw(STEPS, ["finished", "finished"]);
  assert.ok(list.children[0].textContent.includes("Take them out."));
  assert.equal(document.activeElement, list.children[0]);
  list.children[0].onclick();
  assert.deepEqual(pressed, ["cut", "cut", "cut"]);
  mock.timers.tick(8_000);
  assert.ok(list.children[0].textContent.includes("Take them out."), "without an answer it can be pressed again");
});

test("the script is asked for what it does not know of", () => {
  assert.equal(newlyEnded(NOTHING, race(["finished", "running"])), "", "the race trains");
  assert.equal(newlyEnded(NOTHING, race(["finished", "paused"])), "");
  assert.equal(newlyEnded(NOTHING, race(["finished", "stopped"])), "1,2");
  assert.equal(newlyEnded(STEPS, race(["finished", "stopped"])), "");
  const fork = { parent: 2, parent_step: 1 };
  assert.equal(newlyEnded(STEPS, race(["finished", "stopped", "running"], fork)), "");
  assert.equal(newlyEnded(STEPS, race(["finished", "stopped", "finished"], fork)), "3", "the cut is done");
  assert.equal(newlyEnded(STEPS, []), "");
});
