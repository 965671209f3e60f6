/** Scenes, texts and votes of a talk, without a DOM. */
import test from "node:test";
import assert from "node:assert/strict";
import { clockText, parts, planned, questionOf, shares, stepped, votesText } from "../../../../app/live/talk/scenes.js";

const scenes = [
  { kind: "text", minutes: 1 },
  { kind: "prediction", key: "q", choices: ["a", "b"], minutes: 0.5 },
  { kind: "reveal", of: "q", answer: 2, minutes: 2 },
];

test("a step ends at the first and at the last scene", () => {
  assert.deepEqual([[0, -1], [0, 1], [2, 1], [1, -9], [9, 0]].map(([at, by]) => stepped(scenes, at, by)), [0, 1, 2, 0, 2]);
});

test("stars make a part strong, and what is no pair of them stays a star", () => {
  assert.deepEqual(parts("so *is* it"), [{ text: "so ", strong: false }, { text: "is", strong: true }, { text: " it", strong: false }]);
  for (const text of ["2 * 3", "*", "**", "a*b", ""]) assert.equal(parts(text).map((part) => part.text).join(""), text);
  assert.ok(parts("2 * 3 * 4 ** 5").every(({ strong }) => !strong));
});

test("markup is text like any other", () => {
  assert.deepEqual(parts("<img src=x onerror=alert(1)> [a](javascript:b)"), [{ text: "<img src=x onerror=alert(1)> [a](javascript:b)", strong: false }]);
});

test("a question and its reveal are about the same one", () => {
  assert.deepEqual([0, 1, 2, 3].map((at) => questionOf(scenes, at)?.key ?? null), [null, "q", "q", null]);
});

test("votes are told as a share of all, and none where nobody voted", () => {
  assert.equal(votesText(["better", "worse"], [9, 31], 2), "31 of 40 said “worse”");
  assert.equal(votesText(["better", "worse"], [3], 2), "0 of 3 said “worse”");
  assert.deepEqual([votesText(["a"], [], 1), votesText(["a"], null, 1), votesText(["a"], [0], 1)], ["", "", ""]);
  assert.deepEqual(shares(["a", "b", "c"], [1, 3]), [0.25, 0.75, 0]);
  assert.deepEqual(shares(["a", "b"], undefined), [0, 0]);
});

test("the plan of a scene begins where those before it end", () => {
  assert.deepEqual(scenes.map((_, at) => planned(scenes, at)), [{ before: 0, through: 1 }, { before: 1, through: 1.5 }, { before: 1.5, through: 3.5 }]);
  assert.equal(planned(scenes, scenes.length).before, 3.5);
});

test("a clock has minutes and seconds, and a sign once time is over", () => {
  assert.deepEqual([0, 5, 65, 600, -4, -0.2, 59.6].map(clockText), ["0:00", "0:05", "1:05", "10:00", "-0:04", "0:00", "1:00"]);
});
