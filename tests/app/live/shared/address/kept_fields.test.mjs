/** Properties that stand in the address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FLAG, NUMBER, TEXT, keepFields, whole } from "../../../../../app/live/shared/address/kept_fields.js";

function kept(params, fields, prefix) {
  const address = { get: (key) => params[key] ?? null, put: (key, value) => (params[key] = value) };
  const target = {};
  keepFields(target, address, fields, prefix);
  return target;
}

test("a property is read from its parameter, whatever an address says", () => {
  const read = (text) => {
    const target = kept({ a: text, b: text, c: text, d: text }, { a: TEXT, b: NUMBER, c: FLAG, d: whole(1) });
    return [target.a, target.b, target.c, target.d];
  };
  assert.deepEqual(read("1"), ["1", 1, true, 1]);
  assert.deepEqual(read("-0.5"), ["-0.5", -0.5, false, null]);
  assert.deepEqual(read("x"), ["x", null, false, null]);
  assert.deepEqual(read(undefined), [null, null, false, null]);
});

test("a property is written under its name behind the prefix, and what is usual is taken away", () => {
  const params = {};
  const target = kept(params, { value: NUMBER, open: FLAG }, "lab-");
  Object.assign(target, { value: 0.5, open: true });
  assert.deepEqual(params, { "lab-value": "0.5", "lab-open": "1" });
  Object.assign(target, { value: null, open: false });
  assert.deepEqual(params, { "lab-value": null, "lab-open": null });
});
