/** What is looked at, in the address and in the tab's memory. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ViewState, kindsOf, laidOut } from "../../../../../app/live/race/panel/view_state.js";
import { ownArms, race } from "../runs.mjs";
import { tab } from "../../dom.mjs";

let path = 0;

/** A state of a page of its own, for an address. */
function opened(search = "", changed = () => {}) {
  const kept = tab(search);
  globalThis.location.pathname = `/${(path += 1)}`;
  const state = new ViewState(changed);
  state.address.keep = () => {};
  return { state, kept };
}

beforeEach(() => tab());

test("an address may carry anything; what means nothing is the usual", () => {
  const { state } = opened("?layout=Gap&metric=nonsense&scale=log&curves=test-nothing&zoom=5_1&seeds=lines");
  assert.deepEqual(state.all({ gap: true }), { layout: "gap", metric: "error", scale: "log", x: "step", seeds: "lines", curves: ["test"], zoom: null, marks: [] });
  assert.deepEqual(opened("?zoom=100_300_5_40").state.zoom, { x: [100, 300], y: [5, 40] });
  assert.deepEqual(opened("?zoom=100_300").state.zoom, { x: [100, 300] });
  for (const wrong of ["1_x", "1_2_3", "", "3_3", "1_2_5_4"]) assert.equal(opened(`?zoom=${wrong}`).state.zoom, null, wrong);
});

test("what is usual is not in the address, what differs is", () => {
  let changes = 0;
  const { state } = opened("", () => (changes += 1));
  state.set("metric", "loss");
  state.zoom = { x: [10, 20.123456789], y: [0, 1] };
  state.toggleCurve("raw", "side");
  state.hidden = true;
  assert.equal(state.address.params.toString(), "metric=loss&zoom=10_20.12346_0_1&curves=running-test-clean&hidden=1");
  state.set("metric", "error");
  assert.deepEqual(state.zoom, { x: [10, 20.12346] }, "another quantity has another height");
  state.set("x", "epoch");
  assert.equal(state.zoom, null, "another axis has other places");
  state.toggleCurve("raw", "side");
  state.hidden = false;
  state.set("x", "step");
  assert.equal(state.address.params.toString(), "hidden=0", "the answer stays until it is taken away");
  state.answered = false;
  assert.equal(state.address.params.toString(), "");
  assert.equal(changes, 10);
});

test("in front of a room training stands alone, and the page's own curves come back", () => {
  const { state } = opened("?curves=test");
  const kept = state.kept();
  state.present = true;
  assert.deepEqual(state.curvesOf("side"), ["running", "clean"]);
  state.toggleCurve("test", "side");
  assert.deepEqual(state.curvesOf("side"), ["running", "test", "clean"]);
  state.present = false;
  state.restore(kept);
  assert.deepEqual(state.curvesOf("side"), ["test"]);
});

test("a mark goes to a step, and the same again takes it away; another race has none", () => {
  const { state } = opened("?marks=40-0-x-7-40");
  assert.deepEqual(state.marks, [7, 40]);
  state.of(1);
  state.mark(100, 5);
  state.mark(43, 5);
  assert.equal(state.address.get("marks"), "7-100");
  state.mark(100, 5);
  state.mark(7, 5);
  assert.equal(state.address.get("marks"), null);
  state.mark(9, 5);
  state.of(2);
  assert.deepEqual(state.marks, []);
});

test("zoom, hiding and prediction are about one race", () => {
  const { state, kept } = opened("?hidden=1&guess=7-A-20&zoom=1_2");
  state.of(7);
  assert.deepEqual([state.hidden, state.prediction(7), state.prediction(8), state.zoom], [true, "A-20", null, { x: [1, 2] }], "an address counts");
  state.of(8);
  assert.deepEqual([state.hidden, state.zoom], [true, null], "another race in the same place has the whole curves");
  const again = new ViewState(() => {});
  again.address.keep = () => {};
  assert.equal(again.hidden, true);
  kept.set(`${again.memory} race`, "3");
  again.given = false;
  again.of(8);
  assert.deepEqual([again.hidden, again.prediction(7)], [false, null], "what was remembered of another race is forgotten");
  again.predict(8, "B-20");
  assert.equal(again.prediction(8), "B-20");
});

test("the stage comes back to what was looked at before", () => {
  const { state } = opened("?metric=loss");
  const before = state.kept();
  state.choose({ metric: "error", layout: "gap" });
  state.present = true;
  state.restore(before);
  assert.deepEqual([state.get("metric"), state.get("layout"), state.present], ["loss", "side", true]);
});

test("over depth other errors are usual, and a choice of them leaves the curves of the steps alone", () => {
  const kinds = { sides: true, gap: true, depth: true };
  const { state } = opened("?layout=depth&metric=loss&scale=log&x=epoch&zoom=0.2_0.8");
  assert.deepEqual(state.all(kinds), { layout: "depth", metric: "error", scale: "linear", x: "epoch", seeds: "band", curves: ["running"], zoom: { x: [0.2, 0.8] }, marks: [] });
  state.toggleCurve("test", "depth");
  assert.deepEqual([state.curvesOf("depth"), state.curvesOf("side")], [["running", "test"], ["running", "raw", "test", "clean"]]);
  assert.equal(state.address.get("points"), "running-test");
  state.set("layout", "gap");
  assert.equal(state.zoom, null, "depths are no steps");
  state.zoom = { x: [10, 20] };
  state.set("layout", "depth");
  assert.equal(state.zoom, null);
  for (const curve of ["test", "running"]) state.toggleCurve(curve, "depth");
  assert.deepEqual(state.curvesOf("depth"), []);
  state.toggleCurve("running", "depth");
  assert.equal(state.address.get("points"), null);
  assert.equal(state.all({ ...kinds, depth: false }).layout, "side");
});

test("panels are what the runs allow of what was chosen", () => {
  const table = [["side", true, true, "side"], ["side", false, true, "overlaid"], ["overlaid", true, true, "overlaid"], ["gap", true, true, "gap"], ["gap", true, false, "side"], ["gap", false, false, "overlaid"]];
  for (const [layout, sides, gap, expected] of table) assert.equal(laidOut(layout, { sides, gap }), expected);
});

test("only comparable runs decide which ways of looking make sense", () => {
  const [plain20, plain56, , a56] = race(1), own = ownArms();
  assert.deepEqual(kindsOf(race(2)), { sides: true, gap: true, depth: false, seeds: true });
  assert.deepEqual(kindsOf([plain20]), { sides: false, gap: false, depth: false, seeds: false });
  assert.deepEqual(kindsOf([plain20, ...own]), { sides: false, gap: false, depth: false, seeds: false }, "another depth, family and seed, none of them comparable");
  assert.deepEqual(kindsOf([plain20, plain56, ...own]), { sides: false, gap: true, depth: false, seeds: false });
  assert.deepEqual(kindsOf([plain20, a56]), { sides: true, gap: true, depth: false, seeds: false });
  assert.equal(kindsOf([plain20, plain56], { running: {} }).depth, true, "the server says whether there are errors over depth");
  assert.deepEqual(kindsOf(own), { sides: true, gap: false, depth: false, seeds: false }, "where none is, their families may stand side by side");
});

test("hidden and pinned arms stand in the address and belong to their race", () => {
  const { state } = opened("?off=3-5-x&pin=4");
  assert.deepEqual([state.off, state.pinned], [[3, 5], [4]]);
  state.of(1);
  state.pin(4);
  state.pin(3);
  state.off = [5];
  assert.equal(state.address.params.toString(), "off=5&pin=3");
  state.of(2);
  assert.equal(state.address.params.toString(), "");
});

test("a smoothing that is not the stored one stands in the address", () => {
  const { state } = opened("?smooth=20");
  assert.deepEqual([state.smoothing, state.all().smoothing], [20, 20]);
  assert.equal(state.all({ depth: true }).smoothing, 20);
  state.set("layout", "depth");
  assert.equal(state.all({ depth: true }).smoothing, undefined);
  state.smoothing = 50;
  assert.equal(state.address.params.toString(), "layout=depth");
  assert.equal(opened("?smooth=33").state.all().smoothing, undefined);
});
