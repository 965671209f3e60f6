/** The keys of the stage, and who is offered which. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS, PresenterKeys, meaning } from "../../../../../app/live/race/presentation/keys.js";
import { Node, page } from "../../dom.mjs";

function offered(...may) {
  page();
  const keys = new PresenterKeys(new Node("div"), () => {});
  keys.draw(...may);
  return ["start the race", "pause all runs"].map((words) => keys.panel.textContent.includes(words));
}

test("only a chart that can start a race offers the key", () => {
  assert.deepEqual([offered(true, true), offered(true, false), offered(false, false)], [[true, true], [false, true], [false, false]]);
});

test("a key means one thing, and nothing together with Control, Command or Alt", () => {
  assert.equal(meaning({ key: "S" }).verb, "start");
  assert.equal(meaning({ key: "Escape" }).verb, "leave");
  assert.equal(meaning({ key: "7" }).verb, "guess");
  assert.equal(meaning({ key: "c" }), undefined);
  for (const held of ["ctrlKey", "metaKey", "altKey"]) assert.equal(meaning({ key: "s", [held]: true }), undefined);
  const all = KEYS.flatMap(({ keys }) => keys);
  assert.equal(new Set(all).size, all.length);
});
