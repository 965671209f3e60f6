/** A question to the room: what stands there before and after the answer, and that no vote is told before it. */
import test from "node:test";
import assert from "node:assert/strict";
import { Node, page } from "../dom.mjs";
import { Question } from "../../../../app/live/talk/question.js";
import { NOTHING, heard } from "../../../../app/live/talk/room.js";

page();

const ASKED = { kind: "prediction", key: "q", title: "Which?", choices: ["better", "worse"] };
const OPEN = { ...NOTHING, talk: "t", question: "q", votes: 3 };

function drawn(state, asked = ASKED) {
  const node = new Node("div"), chosen = [];
  const question = new Question(node, (index) => chosen.push(index));
  question.draw(asked, { answer: null, room: null, said: null, may: true, ...state });
  return { node, question, chosen, words: question.words.textContent, shares: question.row.children.map((choice) => choice.style.properties["--share"]) };
}

test("a scene without a question shows none", () => {
  assert.equal(drawn({}, null).node.hidden, true);
});

test("before the answer the number of votes stands there and no share of them", () => {
  const leaked = { ...OPEN, counts: { q: [1, 2] } };
  const { words, shares } = drawn({ room: leaked, may: false });
  assert.equal(words, "3 votes");
  assert.deepEqual(shares, ["0%", "0%"]);
});

test("a visitor is asked to press, then told that the vote is in", () => {
  assert.match(drawn({ room: OPEN }).words, /^Press your choice\. 3 votes$/);
  assert.match(drawn({ room: OPEN, said: 2 }).words, /^Your vote is in, and you may change it\. 3 votes$/);
  assert.match(drawn({ room: { ...OPEN, votes: 1 }, may: false }).words, /^1 vote$/);
  assert.equal(drawn({ room: { ...OPEN, question: "" } }).words, "The question is not open now.");
});

test("the answer has the votes, or what the speaker entered, and the right choice", () => {
  const { words, shares, question } = drawn({ answer: 2, room: { ...NOTHING, counts: { q: [1, 3] } } });
  assert.equal(words, "3 of 4 said “worse”");
  assert.deepEqual(shares, ["25%", "75%"]);
  assert.deepEqual(question.row.children.map(({ dataset }) => dataset.right), ["false", "true"]);
  assert.equal(drawn({ answer: 2, said: 1 }).words, "The room said “better”: wrong");
  assert.equal(drawn({ answer: 2, said: 2 }).words, "The room said “worse”: right");
  assert.equal(drawn({ answer: 2 }).words, "");
});

test("a message about something else leaves the showing as it was, one without votes forgets them", () => {
  assert.equal(heard(OPEN, { engine: { state: "alive" } }), OPEN);
  assert.deepEqual(heard(OPEN, { showing: { talk: "u", scene: 4 } }), { ...NOTHING, talk: "u", scene: 4 });
});
