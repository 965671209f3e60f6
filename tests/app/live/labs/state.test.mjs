/** What is looked at of a lab, in the address under names that begin with the lab's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LabState } from "../../../../app/live/labs/state.js";
import { tab } from "../dom.mjs";

test("each lab has its own names, and another job forgets value and zoom", () => {
  tab("?mapping-kind=plain&mapping-value=0.5&mapping-cell=zero: plain&other-value=9&mapping-zoom=heat_x_1_2");
  const state = new LabState("mapping", () => {}, () => {});
  state.address.keep = () => {};
  assert.deepEqual([state.kind, state.value, state.cell, state.zooms.get("heat")], ["plain", 0.5, "zero: plain", { x: [1, 2] }]);
  state.forget();
  assert.deepEqual([state.kind, state.value, state.zooms.get("heat")], ["plain", null, null]);
  state.value = 2;
  state.cell = null;
  assert.equal(state.address.params.toString(), "mapping-kind=plain&mapping-value=2");
});

test("a value that is no number is none", () => {
  tab("?mapping-value=many");
  assert.equal(new LabState("mapping", () => {}, () => {}).value, null);
});
