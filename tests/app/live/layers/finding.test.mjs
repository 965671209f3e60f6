/** What the profiles say in numbers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { finding } from "../../../../app/live/layers/finding.js";
import { probed, scale } from "./probes.mjs";

const net = (number, arm, level, more = {}) => probed(number, arm, [0, 10], { response_std: [[1, 1, 1], [level, level, level]] }, more);

test("arms are compared with their plain twins and with the shallower net of their kind", () => {
  const runs = [net(1, "plain-20", 0.8), net(2, "A-20", 0.6), net(3, "A-56", 0.596), net(4, "plain-56", 0.8)];
  assert.equal(finding(runs, scale(), 10), "Mean over the layers at step 10: plain-20 0.800, A-20 0.600, A-56 0.596, plain-56 0.800. "
    + "Finding 1 of the paper's Fig. 7, about trained nets, here: residual nets are at least 0.5 % below their plain twins in 2 of 2 pairs; "
    + "the deeper residual net is as much below the shallower one in 1 of 1 pair.");
});

test("means closer than 0.5 % are called equal", () => {
  assert.ok(finding([net(1, "plain-20", 0.8), net(2, "A-20", 0.798)], scale(), 10).includes("below their plain twins in 0 of 1 pair."));
});

test("nothing is found at the start, in other quantities, or of runs that are not there yet", () => {
  const runs = [net(1, "plain-20", 0.8), net(2, "A-20", 0.6)];
  assert.equal(finding(runs, scale(), 0), "Mean over the layers at step 0: plain-20 1.000, A-20 1.000.");
  assert.equal(finding(runs, scale({ name: "absent" }), 10), "");
  assert.equal(finding(runs, scale(), 11), "");
  const seeds = [net(1, "A-20", 0.5), net(2, "A-20", 0.7, { seed: 1 })];
  assert.equal(finding(seeds, scale(), 10), "Mean over the layers at step 10: A-20 0.600.", "the seeds of an arm together");
});
