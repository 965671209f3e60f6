/** What a lab measured with and what its pictures leave out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { jobFooter, panelFooter } from "../../../../app/live/labs/footer.js";
import { curvesOf, panel, trace } from "./curves.mjs";

test("a job says its settings, its machine and its time", () => {
  const card = { run: 7, settings: { gain: 0.5, bn: true, hidden: 1 }, seconds: 3.21, precision: "fp32", device: "cpu", threads: 2, ended: null, created: 0 };
  const said = jobFooter(card, { gain: { label: "Gain", usual: 1 }, bn: { label: "Batch norm", usual: true } });
  assert.ok(said.startsWith("gain 0.5 · fp32 · cpu · 2 threads · measured in 3.2 s · begun "), said);
  assert.ok(said.endsWith(" · job 7"));
  assert.match(jobFooter({ ...card, settings: { runs: "9,11,12" } }, { runs: { label: "Runs", usual: "" } }), /^runs 9, 11, 12 · /);
  assert.ok(jobFooter({ ...card, seconds: 75, ended: 1e9 }, {}).includes("measured in 1 min 15 s · on "));
  assert.ok(jobFooter(card, {}).startsWith("usual settings · fp32"));
  assert.equal(jobFooter(null, {}), "");
});

test("a panel says how many points it shows, and what the others are", () => {
  const curves = curvesOf(trace("grown", "plain", [1, 2], [1, null]), trace("grown", "plain", [1, 2], [1, 0], { part: "seed 0" })).all();
  assert.equal(panelFooter(curves, panel("grown", "curves")), "1 curve, 1 seed (thin lines), 3 of 4 points shown, the others are not finite · no smoothing");
  assert.equal(panelFooter(curves, panel("grown", "curves", { y_scale: "log" })), "1 curve, 1 seed (thin lines), 2 of 4 points shown, the others are not finite or not above 0 · no smoothing");
  assert.equal(panelFooter(curves, panel("grown", "bars")).split(",")[0], "1 kind");
  assert.equal(panelFooter([], panel("grown", "curves")), "");
});

test("of one seed the line of the mean is the only one that is seen, and its points count once", () => {
  const one = trace("grown", "plain", [1, 2], [1, 3]), lone = { ...one, part: "seed 0" };
  assert.equal(panelFooter(curvesOf(one, lone).all(), panel("grown", "curves")), "1 curve of 1 seed, all 2 points shown · no smoothing");
  const other = { ...one, part: "seed 1" };
  assert.equal(panelFooter(curvesOf(one, lone, other).all(), panel("grown", "curves")), "1 curve, 2 seeds (thin lines), all 6 points shown · no smoothing");
  assert.equal(panelFooter(curvesOf(one, lone).all(), panel("grown", "bars")).split(", all")[0], "1 kind, 1 seed (points)");
});

test("gaps between thin lines of targets count as no points", () => {
  const targets = (kind) => trace("grown", kind, [1, 2, 2], [1, 3, null], { part: "2 targets" });
  const curves = curvesOf(trace("grown", "plain", [1, 2], [1, 2]), targets("plain"), targets("residual")).all();
  assert.equal(panelFooter(curves, panel("grown", "curves")), "1 curve, 2 targets (thin lines), all 2 points shown · no smoothing");
});

test("a heat map says how many cells were measured", () => {
  const cells = curvesOf(trace("map", "plain", [0, 1], [1, null]), trace("map", "residual", [0], [1])).all();
  assert.equal(panelFooter(cells, panel("map", "heat", { columns: ["a", "b", "c"] })), "3 of 4 cells measured, the others are framed · 1 not finite · 1 other column not measured");
  const whole = curvesOf(trace("map", "plain", [0, 1], [1, 2]), trace("map", "residual", [0, 1], [1, 3])).all();
  assert.equal(panelFooter(whole, panel("map", "heat", { columns: ["a", "b", "c", "d"] })), "all 4 cells of 2 columns shown · 2 other columns not measured");
  assert.equal(panelFooter(whole, panel("map", "heat", { columns: ["a", "b"] })), "all 4 cells shown");
});
