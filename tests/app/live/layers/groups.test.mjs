/** Nets as lines: seeds together, many arms by family. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL, familiesOf, groupsOf, inFamily, seedsAt } from "../../../../app/live/layers/groups.js";
import { probed } from "./probes.mjs";

const net = (number, arm, steps = [0, 10], more = {}) => {
  const run = probed(number, arm, steps, steps.length ? { response_std: steps.map(() => [1, 1, 1]) } : {}, more);
  run.card.variant = run.card.shortcut;
  return run;
};
const arms = (...names) => groupsOf(names.map((name, index) => net(index + 1, name)));

test("seeds of an arm are one group, a net with a difference is its own", () => {
  const fork = net(3, "A-20", [0, 10], { seed: 1 });
  fork.card.difference = "fork of run 1";
  const groups = groupsOf([net(1, "A-20"), net(2, "A-56"), fork, net(4, "A-20", [0, 10], { seed: 2 })]);
  assert.deepEqual(groups.map(({ key, runs }) => [key, runs.map(({ card }) => card.run)]), [["A-20", [1, 4]], ["A-56", [2]], ["run 3", [3]]]);
});

test("so many arms as can be told apart need no choice", () => {
  const groups = arms("plain-8", "plain-14", "plain-20", "plain-56", "A-8", "A-14", "A-20", "A-56");
  assert.deepEqual(familiesOf(groups), []);
  assert.equal(inFamily(groups, [], "A"), groups);
});

test("more arms are shown by family, each beside the plain nets where they fit together", () => {
  const groups = arms("plain-20", "plain-56", "A-20", "A-56", "B-20", "B-56", "C-20", "C-56", "gated-20", "gated-56");
  const families = familiesOf(groups);
  assert.deepEqual(families.map(({ label, groups: list }) => [label, list.length]), [["plain and A", 4], ["plain and B", 4], ["plain and C", 4], ["plain and gated", 4], ["all 10 nets", 10]]);
  assert.deepEqual(inFamily(groups, families, "B").map(({ key }) => key), ["plain-20", "plain-56", "B-20", "B-56"]);
  for (const unknown of [null, "evil"]) assert.equal(inFamily(groups, families, unknown), families[0].groups);
  assert.equal(inFamily(groups, families, ALL).length, 10);
});

test("families that do not fit beside the plain nets stand alone, the plain ones too", () => {
  const depths = [8, 14, 20, 32, 56, 110];
  const groups = arms(...depths.map((depth) => `plain-${depth}`), ...depths.map((depth) => `A-${depth}`));
  assert.deepEqual(familiesOf(groups).map(({ label, groups: list }) => [label, list.length]), [["plain", 6], ["A", 6], ["all 12 nets", 12]]);
});

test("a mean is of the seeds that are at the step, else of what there is", () => {
  const group = { runs: [net(1, "A-20", [0, 10]), net(2, "A-20", [0, 5]), net(3, "A-20", [])] };
  assert.equal(seedsAt(group, 10).length, 1);
  assert.equal(seedsAt(group, 5).length, 2);
  assert.equal(seedsAt(group, 20).length, 2);
});
