/** What is looked at on a page of probes, in the address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProbeState } from "../../../../app/live/layers/state.js";
import { tab } from "../dom.mjs";

let page = 0;

function opened(search) {
  tab(search);
  const state = new ProbeState(`page ${(page += 1)}`, () => {}, () => {});
  state.address.keep = () => {};
  return state;
}

test("an address is read, whatever it carries", () => {
  const state = opened("?quantity=std&at=30&off=2-3-x&upper=7&lower=0&layer=5&pin=1&over=0&more=1");
  assert.deepEqual([state.quantity(["std"], "usual"), state.quantity(["other"], "usual")], ["std", "usual"]);
  assert.deepEqual([state.at, [...state.off], state.nets, state.focus, state.over, state.more], [30, [2, 3], [7, null], { place: 4, pinned: true }, 0, true]);
  const strange = opened("?at=-1&layer=0&pin=1&over=x");
  assert.deepEqual([strange.at, strange.focus, strange.over], [null, { place: null, pinned: false }, null]);
});

test("what is usual is not in the address", () => {
  const state = opened("");
  state.at = 10;
  state.toggle([4, 5], true);
  state.toggle([5], false);
  state.focus = { place: 0, pinned: true };
  state.pickNet(1, 9);
  state.setQuantity("std", "usual");
  assert.equal(state.address.params.toString(), "at=10&off=4&layer=1&pin=1&lower=9&quantity=std");
  state.at = null;
  state.toggle([4], false);
  state.focus = { place: null, pinned: false };
  state.setQuantity("usual", "usual");
  assert.equal(state.address.params.toString(), "lower=9");
  state.of(1);
  state.of(2);
  assert.equal(state.address.params.toString(), "", "nets are those of one race");
});
