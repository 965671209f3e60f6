/** The views that a presenter goes through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { presenterViews } from "../../../../../app/live/race/presentation/views.js";

test("a view that the race does not allow is left out, and one that is shown is known", () => {
  const labels = (kinds) => presenterViews(kinds).map(({ label }) => label);
  assert.deepEqual(labels({ sides: true, gap: true }), ["error, side by side", "error, overlaid", "gap", "loss, log scale"]);
  assert.deepEqual(labels({ sides: false, gap: false }), ["error, overlaid", "loss, log scale"]);
  assert.deepEqual(labels({ sides: true, gap: true, depth: true }), ["error, side by side", "error, overlaid", "gap", "error against depth", "loss, log scale"]);
  const shown = (chosen, kinds) => presenterViews(kinds).filter((one) => one.shown({ get: (key) => chosen[key] })).map(({ label }) => label);
  assert.deepEqual(shown({ layout: "gap", metric: "error", scale: "log" }, { sides: true, gap: true }), ["gap"], "differences have no logarithm");
  assert.deepEqual(shown({ layout: "depth", metric: "loss", scale: "log" }, { sides: true, gap: true, depth: true }), ["error against depth"], "there are no losses over depth");
  assert.deepEqual(shown({ layout: "side", metric: "error", scale: "linear" }, { sides: false, gap: false }), ["error, overlaid"]);
});
