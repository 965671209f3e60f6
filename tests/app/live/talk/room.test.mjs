/** What a presenter's page tells the server of a room: commands in their order, and where it is after it was away. */
import test from "node:test";
import assert from "node:assert/strict";
import { page, tab } from "../dom.mjs";
import { NOTHING, hasEnded, heard, numbered } from "../../../../app/live/talk/room.js";
import { tabName } from "../../../../app/live/talk/kept.js";

page();

const GIVEN = heard(NOTHING, { showing: { talk: "t", scene: 3 } }), HOUR = 3_600_000;

test("the number of a command rises with the clock, within one moment, and where the clock is set back", () => {
  assert.equal(numbered(5 * HOUR, undefined, undefined), 5 * HOUR);
  assert.equal(numbered(5 * HOUR, 5 * HOUR, 0), 5 * HOUR + 1);
  assert.equal(numbered(4 * HOUR, 5 * HOUR, 0), 5 * HOUR + 1);
});

test("a page that is opened again goes on behind what the server knows, whatever its clock says", () => {
  const left = numbered(5 * HOUR, undefined, 0), back = numbered(4 * HOUR, undefined, left);
  assert.ok(back > left);
  assert.ok(numbered(4 * HOUR, back, left) > back);
});

test("a talk has ended where one was given, not before the first and not with another one", () => {
  assert.ok(hasEnded(GIVEN, heard(GIVEN, { showing: {} })));
  for (const [before, message] of [[NOTHING, { showing: {} }], [NOTHING, { showing: { talk: "t" } }], [GIVEN, { showing: { talk: "u" } }], [GIVEN, { engine: null }]]) assert.ok(!hasEnded(before, heard(before, message)));
});

test("a tab has one name over a reload, another tab has its own, and one that keeps nothing has none", () => {
  tab();
  const name = tabName();
  assert.ok(name && name.length <= 64);
  assert.equal(tabName(), name);
  tab();
  assert.notEqual(tabName(), name);
  globalThis.sessionStorage = { getItem: () => { throw new Error("none"); }, setItem: () => { throw new Error("none"); } };
  assert.equal(tabName(), "");
});
