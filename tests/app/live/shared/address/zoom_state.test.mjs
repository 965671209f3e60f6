/** The zooms of all charts of a page in one parameter. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ZoomState } from "../../../../../app/live/shared/address/zoom_state.js";

function zooms(text = null) {
  const address = { text, get: () => address.text, put: (_key, value) => (address.text = value) };
  const changed = [];
  return { address, changed, state: new ZoomState(address, "zooms", (name) => changed.push(name)) };
}

test("each chart has its own ranges, and what means nothing is nothing", () => {
  const { state } = zooms("profile_x_1_13_y_0_2*side_y2_3_4*wrong_x_5_1*odd_z_1_2*_x_1_2*blank_x__2");
  assert.deepEqual(state.get("profile"), { x: [1, 13], y: [0, 2] });
  assert.deepEqual(state.get("side"), { y2: [3, 4] });
  for (const name of ["wrong", "odd", "", "blank", "absent"]) assert.equal(state.get(name), null, name);
});

test("a range that is set is written short, one that is taken away is gone", () => {
  const { address, changed, state } = zooms();
  state.set("profile", { x: [1.23456789, 2] });
  state.set("side", { y: [0, 1] });
  assert.equal(address.text, "profile_x_1.234568_2*side_y_0_1");
  state.reset("profile");
  state.set("side", {});
  assert.deepEqual([address.text, changed], [null, ["profile"]]);
});

test("a layout gets the ranges of its chart, and Plotly's own zoom ends where they change", () => {
  const { state } = zooms("profile_x_1_13_y2_0_2");
  const layout = { uirevision: "keep", xaxis: { range: [0, 99] }, yaxis: { range: [5, 6] } };
  state.apply("profile", layout);
  assert.deepEqual([layout.xaxis, layout.yaxis], [{ range: [1, 13], autorange: false }, { range: [5, 6] }], "an axis that is not there is left alone");
  assert.notEqual(layout.uirevision, "keep");
});

test("a drag on a plot is heard, a double click shows the whole", () => {
  const { changed, state } = zooms();
  const handlers = {};
  const plot = { on: (event, handler) => (handlers[event] = handler), _fullLayout: { xaxis: { range: [3, 4] }, yaxis2: { range: [5, 6] } } };
  state.listen(plot, "profile");
  handlers.plotly_relayout({ "xaxis.range[0]": 3, "yaxis2.range": [5, 6] });
  assert.deepEqual(state.get("profile"), { x: [3, 4], y2: [5, 6] });
  handlers.plotly_relayout({ dragmode: "pan" });
  handlers.plotly_doubleclick();
  assert.equal(state.get("profile"), null);
  assert.deepEqual(changed, ["profile", "profile"]);
});
