/** The shown runs as chips. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Arms } from "../../../../app/live/layers/arms.js";
import { Node, page } from "../dom.mjs";
import { groupsOf } from "../../../../app/live/layers/groups.js";
import { THEME, probed } from "./probes.mjs";

const STATES = { running: ["▶"], finished: ["✓"] };

function arms(state = {}) {
  page();
  const [node, label, family] = ["div", "label", "select"].map((name) => new Node(name));
  label.append(family);
  const held = { off: new Set(), family: null, toggle: (runs, off) => { for (const run of runs) held.off[off ? "add" : "delete"](run); }, ...state };
  const counted = { changes: 0 };
  return { node, label, family, held, counted, arms: new Arms((name) => ({ arms: node, family })[name], held, () => (counted.changes += 1)) };
}

test("a chip says the state of an arm and how far it lags, and a press hides its lines", () => {
  const { arms: chips, node, counted } = arms();
  const runs = [probed(1, "A-20", [0, 10], {}), probed(2, "A-56", [0, 30], {})];
  const draw = () => chips.draw(groupsOf(runs), THEME, STATES, 20);
  draw();
  assert.deepEqual(node.children.map((chip) => chip.textContent), ["A-20▶ running, shown at 10, its newest probe", "A-56▶ running"]);
  node.children[0].onclick();
  draw();
  assert.deepEqual(node.children.map((chip) => chip.getAttribute("aria-pressed")), ["false", "true"]);
  assert.deepEqual(chips.shown(groupsOf(runs)).map(({ key }) => key), ["A-56"]);
  assert.equal(counted.changes, 1);
  runs.shift();
  draw();
  assert.equal(node.children.length, 1, "a run that was deleted has no chip");
});

test("the seeds of an arm have one chip, which hides and shows them together", () => {
  const { arms: chips, node, held } = arms({ off: new Set([2]) });
  const groups = groupsOf([probed(1, "A-20", [0, 30], {}), probed(2, "A-20", [0, 30], {}, { seed: 1, state: "finished" }), probed(3, "A-56", [0, 30], {})]);
  chips.draw(groups, THEME, STATES, 20);
  assert.equal(node.children[0].textContent, "A-202 seeds, ▶ running, ✓ finished");
  assert.deepEqual(chips.shown(groups).map(({ runs }) => runs.length), [1, 1], "a link may hide a single seed");
  node.children[0].onclick();
  assert.deepEqual([...held.off], [2, 1]);
  node.children[0].onclick();
  assert.deepEqual([...held.off], []);
});

test("the usual family is not in the address", () => {
  const { arms: chips, label, family, held } = arms();
  chips.offer([]);
  assert.equal(label.hidden, true);
  chips.offer([{ key: "A", label: "plain and A" }, { key: "all", label: "all 9 nets" }]);
  assert.deepEqual([label.hidden, family.value, family.children.length], [false, "A", 2]);
  family.value = "all";
  family.onchange();
  assert.equal(held.family, "all");
  family.value = "A";
  family.onchange();
  assert.equal(held.family, null);
});
