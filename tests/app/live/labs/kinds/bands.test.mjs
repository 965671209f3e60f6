/** Bands stop where an edge is not finite; bars are as high as their numbers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildBands } from "../../../../../app/live/labs/kinds/bands.js";
import { buildBars } from "../../../../../app/live/labs/kinds/bars.js";
import { NO_PICK, STYLES, THEME, curvesOf, panel, trace } from "../curves.mjs";

const LOOK = { styles: STYLES, setting: null, width: 700, height: 400 };

test("a band goes around each stretch where both edges are finite", () => {
  const x = [1, 2, 3, 4, 5];
  const curves = curvesOf(trace("band", "plain", x, [1, 2, 3, 4, 5]), trace("band", "plain", x, [0, 1, null, 3, 4], { part: "low" }), trace("band", "plain", x, [2, 3, 4, 5, 6], { part: "high" }));
  const { data: [band, line] } = buildBands(panel("band", "bands"), curves, NO_PICK, LOOK, THEME);
  const corners = band.x.map((at, index) => [at, band.y[index]]);
  assert.deepEqual(corners, [[1, 0], [2, 1], [2, 3], [1, 2], [1, 0], [null, null], [4, 3], [5, 4], [5, 6], [4, 5], [4, 3]]);
  assert.deepEqual([line.x, line.y, line.customdata[0], line.customdata[2]], [x, [1, 2, 3, 4, 5], ["0", "2"], ["not finite", "4"]]);
});

test("bars stand side by side over their place, seeds on their bar, and words where a bar cannot be", () => {
  const curves = curvesOf(trace("parts", "plain", [0, 1], [3, null]), trace("parts", "residual", [0, 1], [4, 5]), trace("parts", "plain", [0, 1], [2.5, 1], { part: "seed 1" }));
  const { data, layout } = buildBars(panel("parts", "bars", { columns: ["one", "two"] }), curves, NO_PICK, LOOK, THEME);
  const by = Object.fromEntries(data.map((one) => [one.name, one]));
  assert.deepEqual([by.plain.y, by.residual.y], [[3, null], [4, 5]]);
  assert.ok(by.plain.x[0] < by.residual.x[0] && by.residual.x[0] < 0.5 && by.plain.x[1] > 0.5);
  assert.equal(by["plain; seed 1"].x[0], by.plain.x[0]);
  assert.deepEqual(layout.annotations.map(({ x, text }) => [x, text]), [[by.plain.x[1], "not finite"]]);
  assert.deepEqual(layout.xaxis.ticktext, ["one", "two"]);
});
