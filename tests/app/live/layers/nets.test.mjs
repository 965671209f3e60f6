/** Which nets are looked at together. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { commonStep, deepest, mapNets, underGlass } from "../../../../app/live/layers/nets.js";
import { ROW, probed } from "./probes.mjs";

const net = (number, arm, last, state = "running", more = {}) => probed(number, arm, [0, last], { response_std: [[1, 1, 1], [1, 1, 1]] }, { state, ...more });

test("all nets are compared at a step that those have reached which go on", () => {
  assert.equal(commonStep([net(1, "A-20", 50), net(2, "A-56", 30), net(3, "B-20", 10, "paused"), net(4, "C-20", 5, "diverged")]), 30);
  assert.equal(commonStep([net(3, "B-20", 10, "paused"), net(4, "C-20", 5, "diverged")]), 10);
  assert.equal(commonStep([net(4, "C-20", 5, "diverged")]), 5);
  assert.equal(commonStep([]), -1);
});

test("the map shows the deepest net of each family, unless another is picked", () => {
  const runs = [net(1, "plain-20", 9), net(2, "plain-56", 9, "diverged", { seed: 1 }), net(3, "plain-56", 9), net(4, "A-20", 9)];
  assert.deepEqual(mapNets(runs, [null, null]).map(({ run }) => run.card.run), [3, 4]);
  assert.deepEqual(mapNets(runs, [2, 99]).map(({ run, diverged }) => [run.card.run, diverged]), [[2, 9], [4, 0]]);
  assert.deepEqual(mapNets(runs.slice(3), [null, null]).map(({ choices }) => choices.length), [1]);
});

test("a fork or a changed net moves neither the common step nor the map", () => {
  const runs = [net(1, "plain-20", 50), net(2, "A-20", 40)];
  const fork = net(3, "A-56", 10);
  fork.card.difference = "fork of run 2 at step 5";
  assert.equal(commonStep([...runs, fork]), 40);
  assert.deepEqual(mapNets([fork, ...runs], [null, null]).map(({ run }) => run.card.run), [1, 2]);
  assert.deepEqual(mapNets([fork, ...runs], [null, 3]).map(({ run }) => run.card.run), [1, 3]);
  assert.equal(commonStep([fork]), 10);
});

test("a block stands for its last layer", () => {
  const runs = [net(1, "A-20", 9, "running", { layers: 7 })], groups = [{ runs: [probed(2, "A-20", [], {}), ...runs, ...runs] }];
  Object.assign(runs[0].columns, { layers: ["stem", "a/1", "a/2", "b/1", "b/2", "c/1", "c/2"].map((name) => [name, 1, 4]), blocks: ["a", "b", "c"].map((name) => [name, 1, 4]), relus: [["b/1", 1, 4]] });
  assert.deepEqual(underGlass(runs, groups, 1, { ...ROW, per: "block" }, 9).layer, "b/2");
  assert.deepEqual(underGlass(runs, groups, 1, { ...ROW, per: "sublayer" }, 9).layer, "b/2", "without sublayers a block stands for one");
  assert.deepEqual(underGlass(runs, groups, 0, { ...ROW, per: "relu" }, 9).layer, "b/1");
  assert.deepEqual(underGlass(runs, groups, 1, ROW, 9).layer, "a/1");
  assert.deepEqual(underGlass(runs, groups, 1, ROW, 9).runs.map(({ card }) => card.run), [1], "one seed of each arm, the first that was probed");
  assert.equal(underGlass(runs, groups, 0, ROW, -1).runs.length, 0);
  assert.equal(underGlass([], [], 0, ROW, 0), null);
  assert.equal(deepest([net(1, "A-20", 1), runs[0]]).columns.layers.length, 7);
});
