/** The controls of the chart: which choices a race allows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ViewControls } from "../../../../../app/live/race/panel/controls.js";
import { laidOut } from "../../../../../app/live/race/panel/view_state.js";
import { page, Node } from "../../dom.mjs";

function controls(chosen, kinds) {
  page();
  const view = { get: (key) => (key === "layout" ? chosen : ""), set: () => {}, curvesOf: () => ["running"] };
  const row = new Node("div");
  new ViewControls(row, new Node("div"), view).draw({ seeds: false, ...kinds });
  const [panels, , scale] = row.children;
  const shown = panels.children.filter((button) => !button.hidden);
  const reached = shown.filter((button) => button.tabIndex === 0).map((button) => button.dataset.value);
  return [panels.hidden, shown.length, reached, laidOut(chosen, kinds), scale.hidden];
}

test("a choice that a race does not allow leaves a way to the others", () => {
  for (const [chosen, seen] of Object.entries({ side: "overlaid", overlaid: "overlaid", gap: "gap" })) {
    assert.deepEqual(controls(chosen, { sides: false, gap: true }), [false, 2, [seen], seen, seen === "gap"]);
  }
  assert.deepEqual(controls("gap", { sides: true, gap: false }), [false, 2, ["side"], "side", false]);
  assert.deepEqual(controls("gap", { sides: false, gap: false }).slice(3), ["overlaid", false], "curves of one arm, and their scale");
});

test("over depth there are errors on one scale, of three kinds", () => {
  page();
  const view = { get: (key) => (key === "layout" ? "depth" : ""), set: () => {}, curvesOf: () => ["running"], toggleCurve: (...choice) => toggled.push(choice) };
  const row = new Node("div"), key = new Node("div"), toggled = [];
  for (const curve of ["running", "raw", "test", "clean"]) {
    const made = new Node("button");
    Object.assign(made, { className: "ss-curve", dataset: { curve } });
    key.append(made);
  }
  new ViewControls(row, key, view).draw({ sides: true, gap: true, depth: true, seeds: true });
  assert.deepEqual(row.children.map(({ hidden }) => Boolean(hidden)), [false, true, true, true, true, true, false], "panels, four more choices, the smoothing, the zoom");
  assert.deepEqual(key.children.map(({ hidden }) => Boolean(hidden)), [false, true, false, false]);
  key.children[2].onclick();
  assert.deepEqual(toggled, [["test", "depth"]]);
});

test("arrow keys go round through the choices that are shown", () => {
  page();
  const set = [];
  const view = { get: (key) => ({ layout: "side", metric: "error" })[key] ?? "", set: (...choice) => set.push(choice), curvesOf: () => [] };
  const row = new Node("div");
  const made = new ViewControls(row, new Node("div"), view);
  made.draw({ sides: true, gap: false, seeds: false });
  const [panels] = row.children;
  for (const key of ["ArrowRight", "ArrowLeft", "Enter"]) panels.onkeydown({ key, preventDefault() {} });
  assert.deepEqual(set, [["layout", "overlaid"], ["layout", "overlaid"]], "the gap is not among them");
});

test("the zoom is reset where there is one", () => {
  page();
  const view = { get: () => "", curvesOf: () => [], zoom: { x: [1, 2] } };
  const row = new Node("div");
  const made = new ViewControls(row, new Node("div"), view);
  const reset = row.children.at(-1), drawn = () => {
    made.draw({ sides: true, gap: true });
    return reset.getAttribute("aria-disabled");
  };
  assert.equal(drawn(), "false");
  reset.onclick();
  assert.deepEqual([view.zoom, drawn()], [null, "true"]);
});
