/** The question to a room and its answer. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { RoomQuestion } from "../../../../../app/live/race/presentation/room_question.js";
import { page } from "../../dom.mjs";

const ASKED = [
  { key: "depth", text: "56 layers: better or worse than 20?", detail: "Plain nets.", choices: [["better", "better"], ["same", "the same"], ["worse", "worse"]] },
  { key: "arms", text: "Which will have the lower error?", detail: "", choices: [["plain-20", "plain-20"], ["plain-56", "plain-56"]] },
];
const ANSWERS = [
  { outcome: "Worse: plain-56 has 59 %, plain-20 22 %", truth: "After 300 steps it is so", fates: ["", "", ""], rests: [".", ".", ". A-20 was lost."], right: [false, null, true] },
  { outcome: "Lower: plain-20 22 %, plain-56 59 %", truth: "It is so", fates: ["", ", which diverged"], rests: [".", "."], right: [true, false] },
];
const guesses = new Map();
const view = { hidden: true, answered: false, question: null, prediction: (race) => guesses.get(race) ?? null, predict: (race, key) => guesses.set(race, key) };
let room, part;

beforeEach(() => {
  part = page();
  part("top").after = (node) => (node.after = part("top"));
  Object.assign(view, { hidden: true, answered: false, question: null });
  guesses.clear();
  room = new RoomQuestion(part, view, () => {});
});

const draw = (stage = true) => room.draw(7, ASKED, ANSWERS, stage);
const told = () => [room.outcome, room.fate, room.answer].map(({ textContent }) => textContent);

test("nothing of the answer is there before the reveal", () => {
  assert.equal(draw(), false);
  assert.equal(room.question.textContent, "56 layers: better or worse than 20? Plain nets.");
  assert.deepEqual(room.row.children.map(({ textContent }) => textContent), ["1  better", "2  the same", "3  worse"]);
  assert.deepEqual(told(), ["", "", ""]);
});

test("the guess is held against the truth, in large words, with what was right", () => {
  for (const [key, fate] of [["worse", "✓ The room was right"], ["better", "✗ The room was wrong"], ["same", ""]]) {
    guesses.set(7, key);
    Object.assign(view, { hidden: false, answered: true });
    assert.equal(draw(), true);
    const label = key === "same" ? "the same" : key;
    assert.deepEqual(told().slice(0, 2), ["Worse: plain-56 has 59 %, plain-20 22 %.", fate]);
    assert.equal(room.answer.textContent, `The room said ${label}. After 300 steps it is so.${key === "worse" ? " A-20 was lost." : ""}`);
  }
  guesses.clear();
  draw();
  assert.deepEqual(told().slice(1), ["", "After 300 steps it is so."], "without a guess the truth alone");
  assert.equal(draw(false), false, "beside the stage the verdict says it");
});

test("another question keeps its own choices, and an old link finds the question of its guess", () => {
  guesses.set(7, "plain-56");
  draw();
  assert.equal(room.choices.length, 2);
  room.next();
  assert.equal(view.question, "depth");
  draw();
  room.predict(2);
  assert.equal(guesses.get(7), "worse");
  room.predict(2);
  assert.equal(guesses.get(7), null, "the same again takes it back");
  room.predict(8);
  assert.equal(guesses.get(7), null);
});
