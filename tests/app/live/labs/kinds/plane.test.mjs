/** Planes share axes and colours whatever is measured. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CAMERA, buildPlane } from "../../../../../app/live/labs/kinds/plane.js";
import { BUILDERS, filled } from "../../../../../app/live/labs/kinds/index.js";
import { NO_PICK, STYLES, THEME, curvesOf, panel, trace } from "../curves.mjs";

const PLANE = panel("plane", "plane", { x: "a", y_scale: "log", path: "path" });
const row = (kind, b, y) => trace("plane", kind, [-1, 0, 1], y, { setting: "b", value: b });
const curves = curvesOf(...["plain", "residual"].flatMap((kind) => [-1, 0, 1].map((b) => row(kind, b, [10, 1, kind === "plain" ? 1000 : 100]))), trace("path", "plain", [0, 1], [0, 0.5]));
const build = (look) => buildPlane(PLANE, curves, NO_PICK, { styles: STYLES, width: 900, ...look }, THEME);

test("contours of all nets have the same axes, heights and colours", () => {
  const { data, layout } = build({ surface: false });
  const heights = data.filter(({ meta }) => meta === "heights");
  assert.deepEqual(heights.map(({ name, z }) => [name, z[0]]), [["plain", [1, 0, 3]], ["residual", [1, 0, 2]]]);
  assert.equal(new Set(heights.map(({ coloraxis, contours }) => `${coloraxis} ${contours.start} ${contours.end}`)).size, 1);
  assert.deepEqual([layout.xaxis2.matches, layout.yaxis2.matches, layout.xaxis.range], ["x", "y", [-1, 1]]);
  assert.deepEqual([layout.xaxis.title.text, layout.yaxis.title.text, layout.yaxis2.title.text], ["a", "second direction", ""]);
  assert.match(heights[0].hovertemplate, /a %\{x:.3~g\}, second direction %\{y/);
  assert.deepEqual(data.filter(({ meta }) => meta === "way").map(({ name, x }) => [name, x]), [["plain", [0, 1]], ["plain", [0, 1]]]);
});

test("surfaces are seen from one side, and the way floats over its own", () => {
  const { data, layout } = build({ surface: true });
  assert.deepEqual([layout.scene.camera, layout.scene2.camera], [CAMERA, CAMERA]);
  const way = data.find(({ meta }) => meta === "way");
  assert.ok(way.z[0] > 0 && way.z[0] < 0.1 && way.z[1] > 3, String(way.z));
  const turned = { ...CAMERA, eye: { x: 2, y: 0, z: 1 } };
  assert.equal(build({ surface: true, camera: turned }).layout.scene2.camera, turned);
});

test("a panel is drawn by its kind", () => {
  assert.ok(BUILDERS[PLANE.kind](PLANE, curves, NO_PICK, { styles: STYLES, width: 900 }, THEME).data.some(({ type }) => type === "contour"));
  assert.deepEqual(["bars", "bands", "curves"].map((kind) => filled({ kind })), [true, true, false]);
});
