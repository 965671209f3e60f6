/** Rows as text: quotes, empty fields, ends of lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { csv } from "../../../../app/live/shared/format.js";
import { parsed } from "./table.mjs";

test("fields come back as they were, what is not there or not finite as nothing", () => {
  const rows = [["a,b", 'say "x"', "two\r\nlines", 1.5], [null, undefined, NaN, Infinity], ["plain", "−1", "", 0]];
  assert.deepEqual(parsed(csv(["one", "two", "three", "four"], rows)).map(Object.values), [["a,b", 'say "x"', "two\r\nlines", "1.5"], ["", "", "", ""], ["plain", "−1", "", "0"]]);
});
