/** The probes of a run: what is at a step, what the stream adds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf, columns, encoded } from "../probes.mjs";

test("a step has the newest column at or before it", () => {
  const made = columns([0, 10, 30], { std: [[1, 1, 1], [1, 0.5, 1], [0, 0, 0]] });
  assert.deepEqual([-1, 0, 9, 10, 29, 30, 99].map((step) => made.at(step)), [-1, 0, 0, 1, 1, 2, 2]);
  assert.deepEqual([...made.codes("std", 1)], [1, 0.5, 1].map((value) => codeOf(value)));
  assert.equal(made.codes("std", 3), null);
  assert.equal(made.codes("absent", 0), null);
  assert.equal(made.lastStep, 30);
  assert.equal(columns([], {}).lastStep, -1);
});

test("the stream adds a column once, and a quantity that begins later has none before", () => {
  const heard = [];
  const made = columns([0], { std: [[1, 1, 1]] }, { learn: (name, codes) => heard.push([name, [...codes]]) });
  made.append(10, 0.02, { std: encoded([5, 6, 7]), growth: encoded([8]) }, ["std", "growth"]);
  made.append(10, 0.03, { std: encoded([1, 1, 1]) }, ["std"]);
  made.append(20, null, { std: encoded([9, 9, 9]) }, ["std", "growth"]);
  assert.deepEqual([made.steps, made.total, made.share], [[0, 10, 20], 3, 0.02]);
  assert.deepEqual([0, 1, 2].map((column) => made.codes("growth", column) && [...made.codes("growth", column)]), [null, [8], null]);
  assert.deepEqual([made.firstMeasured("growth"), made.firstMeasured("std"), made.firstMeasured("absent")], [1, 0, 0]);
  assert.deepEqual(heard.slice(1), [["std", [5, 6, 7]], ["growth", [8]], ["std", [9, 9, 9]]]);
});

test("a column without any value was not measured", () => {
  assert.equal(columns([0, 5], { std: [[null, null, null], [null, 1, null]] }).firstMeasured("std"), 1);
});
