/** What cannot be shown and why, how the gradient grows, what the pointer is on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { absence, growth, readout, remark } from "../../../../app/live/layers/sentences.js";
import { probed, scale } from "./probes.mjs";

test("each absence has its sentence", () => {
  const says = (state, more = {}, planned = [0]) => absence({ arm: "A-20", state, step: 0, ...more }, { steps: [], planned });
  assert.match(says("running", {}, []), /recorded without probes/);
  assert.equal(says("queued"), "A-20 is queued: the first probe comes before the first update.");
  assert.match(says("running", { step: 5 }), /before there were probes/);
  assert.equal(says("failed"), "A-20 is failed; it ended before its first probe.");
  assert.equal(says("paused"), "A-20 is paused before its first probe.");
  assert.equal(says("running"), "The first probe comes before the first update.");
  assert.equal(absence({}, { steps: [0] }), "");
});

test("what is special about a run is said, else nothing", () => {
  const values = { response_std: [[1, 1, 1], [1, null, Infinity], [null, null, null]] };
  const run = probed(1, "A-20", [0, 10, 20], values);
  assert.equal(remark(run, scale(), 0), "");
  assert.equal(remark(run, scale(), 10), "A-20: 2 of 3 layers without a finite value.");
  assert.equal(remark(run, scale(), 20), "A-20: no layers has a finite value.");
  assert.equal(remark(run, scale({ name: "absent", label: "other" }), 0), "A-20: no other at this step.");
  run.card.state = "diverged";
  run.card.step = 25;
  assert.equal(remark(run, scale(), 0), "A-20: diverged at step 25; the last probe before it is step 20.");
});

test("growth is the geometric mean over the seeds of an arm", () => {
  const row = { low: 0, high: 2 };
  const seeds = [1.2, 1.8].map((net, seed) => probed(seed + 1, "A-20", [0], { gradient_growth: [[net, 1.1, 1, 1]] }, { seed }));
  assert.deepEqual(growth(seeds, scale(row), 0).map(({ name, words }) => [name, words]), [
    ["A-20", `grows ×${Math.sqrt(1.2 * 1.8).toFixed(2)} per layer towards the input (stages ×1.10, ×1.00, ×1.00; 2 seeds: ×1.20 to ×1.80)`],
  ]);
  const [only] = growth([probed(1, "A-20", [0], { gradient_growth: [[0.9, 1, 1, 1]] })], scale(row), 0);
  assert.ok(only.words.startsWith("shrinks ×0.90"));
  const [none] = growth([probed(1, "A-20", [0], { gradient_growth: [[1, 0.05, 1, 1]] })], scale(row), 0);
  assert.ok(none.words.startsWith("changes by no single factor"));
});

test("the pointer's place is read out", () => {
  const run = probed(1, "A-20", [0, 10], { response_std: [[1, 1, 1], [0.5, null, Infinity]] });
  assert.equal(readout(run, scale(), 0, 10), "A-20 · layer 1, conv1 · step 10 · response std 0.5");
  assert.ok(readout(run, scale(), 1, 10).endsWith("no finite value"));
  assert.ok(readout(run, scale(), 2, 10).endsWith("infinite"));
  assert.ok(readout(run, scale(), 0, 99).endsWith("not measured"));
});
