/** Rows of a list, kept while their keys stay. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { element, keepRows } from "../../../../app/live/shared/dom.js";
import { page } from "../dom.mjs";

page();

test("a new row stands in the order of the keys, and the others stay what they are", () => {
  const list = element("ul"), rows = new Map(), made = (key) => ({ root: element("li", "", String(key)) });
  const shown = (keys) => {
    keepRows(list, rows, keys, made);
    return list.children.map(({ textContent }) => textContent).join("");
  };
  assert.equal(shown([1, 4]), "14");
  const kept = list.children[1];
  assert.equal(shown([1, 2, 4, 5]), "1245", "one before, one behind");
  assert.equal(list.children[2], kept);
  assert.equal(shown([2, 3, 5]), "235");
  assert.equal(shown([]), "");
});
