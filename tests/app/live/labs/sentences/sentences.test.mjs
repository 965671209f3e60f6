/** What the curves of each lab say; every number is one of the curves'. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { words } from "../../../../../app/live/labs/sentences/sentences.js";
import { curvesOf, panel, trace } from "../curves.mjs";

const PICK = { kind: "without BN", value: 1, cell: null };
const norm = (kind, y, value = 1) => trace("norm", kind, y.map((_, index) => index + 1), y, { setting: "gain", value });
const first = (...traces) => words("gradients", curvesOf(...traces), PICK)[0];

test("a gradient that shrinks, grows or keeps its norm is called so, by its factor per layer", () => {
  assert.equal(first(norm("without BN", [1e-4, 1e-3, 1e-2, 1e-1])), "Without BN at gain 1 the gradient shrinks by a factor of 0.1 per layer: from layer 4 to layer 1 it is multiplied by 0.001.");
  assert.equal(first(norm("without BN", [16, 8, 4])), "Without BN at gain 1 the gradient grows by a factor of 2 per layer: from layer 3 to layer 1 it is multiplied by 4.");
  assert.ok(first(norm("without BN", [1, 1.01, 1])).includes("nearly keeps its norm"));
  assert.ok(first(norm("without BN", [1e-9, 1e-3, 1])).endsWith("(it vanishes)."));
  assert.ok(first(norm("without BN", [1e9, 1])).endsWith("(it explodes)."));
  assert.ok(first(norm("without BN", [0, 1])).includes("nothing of the gradient arrives"));
  assert.ok(first(norm("without BN", [null, 1])).includes("not finite"));
});

test("a factor that the gain does not change is said for all gains", () => {
  const said = first(...[0.5, 1, 2].map((gain) => norm("without BN", [16, 8, 4], gain)));
  assert.ok(said.startsWith("Without BN the gradient grows by a factor of 2 per layer, whatever the gain (0.5 to 2)"), said);
});

test("norms do not decide: direction and collapse stand beside them", () => {
  const other = (name, y) => trace(name, "without BN", [1, 2], y, { setting: "gain", value: 1 });
  const curves = curvesOf(norm("without BN", [2, 1]), other("direction", [1, 0.1]), other("collapse", [0, 0.95]));
  assert.equal(words("gradients", curves, PICK)[1], "Norms do not decide: at the same time its direction is noise (correlation of neighbours 0.10), and all inputs have come to look alike (mean cosine 0.95).");
  assert.deepEqual(words("gradients", curvesOf(), PICK), []);
  assert.deepEqual(words("unheard of", curves, PICK), []);
});

test("lesion: an intact net, its blocks, its paths", () => {
  const curves = curvesOf(trace("deleted", "A-20", [0, 1, 2, 3], [10, 11, 30, 50]), trace("paths", "A-20", [0, 1, 2, 3, 4], [0, 0.5, 0.5, 0, 0]));
  assert.deepEqual(words("lesion", curves, PICK), [
    "A-20: 10 % as it is, 30 % without one block (the median of 3; 11 to 50 %, most without block 3). 1 of 3 can go for less than 2 points.",
    "A-20: weighed by their gradient, paths go through 1.5 of 4 branches on average; by their number, through 2.",
  ]);
  assert.deepEqual(words("lesion", curvesOf(trace("paths", "plain-20", [9], [1])), PICK), ["plain-20 has one path, through all of its 9 blocks; the whole gradient takes it."]);
});

test("conditioning: the deepest against the shallowest net", () => {
  const curves = curvesOf(trace("condition", "plain", [2, 8], [10, 1000]), trace("condition", "residual", [2, 8], [10, 12]), trace("condition", "plain with BN", [2, 8], [1, 9]));
  assert.deepEqual(words("conditioning", curves, PICK), ["Condition number of the kernel at the start, deepest against shallowest net: plain 100 times as large (10 with 2 blocks, 1,000 with 8); residual about the same (10 with 2 blocks, 12 with 8)."]);
});

test("constructed: errors of those that have come to the end", () => {
  const clean = (kind, x, y) => trace("clean", kind, x, y);
  const curves = curvesOf(clean("grown", [0, 100], [9, 5]), clean("from scratch", [0, 100], [90, 20]), clean("identity start", [0, 50], [90, 30]));
  assert.deepEqual(words("constructed", curves, PICK), ["Plain nets after 100 updates, clean training error: 5 % grown by identity blocks, 20 % from scratch."]);
});

test("mapping: the smallest error of the deepest stacks on each target", () => {
  const columns = ["identity", "rotation"];
  const heat = (kind, value, y) => trace("heat", kind, [0, 1], y, { setting: "blocks", value });
  const curves = curvesOf(heat("plain", 20, [1, 0.1]), heat("residual", 20, [0.01, 0.15]), heat("plain", 2, [0, 0]));
  assert.deepEqual(words("mapping", curves, PICK, [panel("heat", "heat", { columns })]), ["Smallest error with 20 blocks, on x: residual (0.01; worst plain, 1); on a rotation: all alike (0.1; worst residual, 0.15)."]);
});

test("smoothness: rate, loss, and how far the gradient turned", () => {
  const curves = curvesOf(trace("loss", "plain", [0, 50], [2.5, 1.25]), trace("rates", "plain", [0.1, 0.2, 0.3], [2, 1, null]), trace("gradient", "plain", [0, 50], [0.1, 0.5]));
  assert.deepEqual(words("smoothness", curves, PICK), ["plain at rate 0.2: loss 2.5 at update 0, 1.25 at 50; one step on, the gradient has changed by 50 % of its length."]);
});
