/** The heights of a plane, whatever rows are there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gridsOf, heightAt } from "../../../../../app/live/labs/kinds/heights.js";
import { curvesOf, panel, trace } from "../curves.mjs";

const PLANE = panel("plane", "plane", { path: "path" });
const row = (b, x, y) => trace("plane", "plain", x, y, { setting: "b", value: b });

test("rows that are coarser are filled in on straight lines, not beyond their ends", () => {
  const curves = curvesOf(row(1, [-1, 0, 1], [4, 5, 6]), row(-1, [-1, 1], [0, 2]), row(0, [0, 1], [1, null]), trace("path", "plain", [0, 0.5], [0, 0.5]));
  const [grid] = gridsOf(PLANE, curves);
  assert.deepEqual([grid.kind, grid.x, grid.y], ["plain", [-1, 0, 1], [-1, 0, 1]]);
  assert.deepEqual(grid.z, [[0, 1, 2], [null, 1, null], [4, 5, 6]]);
  assert.deepEqual(grid.way.x, [0, 0.5]);
});

test("a height between four points is theirs by distance, and unknown beside an unknown one", () => {
  const grid = { x: [0, 1, 2], y: [0, 2], z: [[0, 1, 1], [2, 3, null]] };
  assert.equal(heightAt(grid, 0.5, 1), 1.5);
  assert.equal(heightAt(grid, 0.25, 0), 0.25);
  assert.equal(heightAt(grid, 1, 2), null, "the last place but one touches the unknown");
  assert.equal(heightAt(grid, -0.1, 1), null);
});
