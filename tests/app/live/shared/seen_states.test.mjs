/** Cards of a snapshot and of messages, where the engine's news say that a record is out of date. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SeenStates } from "../../../../app/live/shared/seen_states.js";

const card = (run, state, more = {}) => ({ run, state, detail: "", ...more });
const LOST = { state: "lost", detail: "engine gone, last heard 15 s ago; resumes with the next engine" };
const told = (cards) => cards?.map(({ run, state, detail, outdated }) => [run, state, detail, outdated ?? false]);

test("without news of the engine a document stays as it is", () => {
  const states = new SeenStates();
  const document = { cursor: "1.2", cards: [card(1, "running")], runs: {} };
  assert.deepEqual(states.take(document), document);
  assert.deepEqual(states.take({ p: [[1, 2]] }), { p: [[1, 2]] });
  assert.deepEqual(states.take({ engine: { state: "alive", seen: {} } }), { engine: { state: "alive", seen: {} } });
});

test("the cards that the engine's news change come with it, and once", () => {
  const states = new SeenStates();
  states.take({ cards: [card(1, "running"), card(2, "finished")] });
  const news = { state: "none", seen: { 1: LOST } };
  assert.deepEqual(told(states.take({ engine: news }).c), [[1, "lost", LOST.detail, true]]);
  assert.equal(states.take({ engine: news }).c, undefined);
  const later = { ...LOST, detail: "engine gone, last heard 20 s ago; resumes with the next engine" };
  assert.deepEqual(told(states.take({ engine: { seen: { 1: later } } }).c), [[1, "lost", later.detail, true]]);
});

test("a card that arrives meanwhile, also with a snapshot, is seen the same way, and the record returns", () => {
  const states = new SeenStates();
  states.take({ engine: { seen: { 1: LOST } } });
  assert.deepEqual(told(states.take({ cards: [card(1, "running"), card(2, "queued")] }).cards), [[1, "lost", LOST.detail, true], [2, "queued", "", false]]);
  assert.deepEqual(told(states.take({ c: [card(1, "running", { detail: "x" })] }).c), [[1, "lost", LOST.detail, true]]);
  assert.deepEqual(told(states.take({ engine: { seen: {} }, c: [card(2, "starting")] }).c), [[2, "starting", "", false], [1, "running", "x", false]]);
});

test("a lab has one card", () => {
  const states = new SeenStates();
  assert.equal(states.take({ card: card(7, "running") }).card.state, "running");
  assert.deepEqual(told([states.take({ engine: { seen: { 7: LOST } } }).card]), [[7, "lost", LOST.detail, true]]);
  assert.deepEqual(told([states.take({ engine: { seen: {} } }).card]), [[7, "running", "", false]]);
});
