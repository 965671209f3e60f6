/** The shown runs as chips. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Arms } from "../../../../app/live/layers/arms.js";
import { Node, page } from "../dom.mjs";
import { THEME, probed } from "./probes.mjs";

test("a chip says how far a run was probed, and a press hides its lines", () => {
  page();
  const node = new Node("div"), off = new Set();
  let changes = 0;
  const arms = new Arms(node, { off, toggle: (run) => (off.has(run) ? off.delete(run) : off.add(run)) }, () => (changes += 1));
  const runs = [probed(1, "A-20", [0, 10], {}), probed(2, "A-56", [0, 30], {})];
  const draw = () => arms.draw(runs, THEME, { running: ["▶"] }, 20);
  draw();
  assert.deepEqual(node.children.map((chip) => chip.textContent), ["A-20▶ running, shown at 10, its newest probe", "A-56▶ running, probed to 30"]);
  node.children[0].onclick();
  draw();
  assert.deepEqual(node.children.map((chip) => chip.getAttribute("aria-pressed")), ["false", "true"]);
  assert.deepEqual(arms.shown(runs).map(({ card }) => card.run), [2]);
  assert.equal(changes, 1);
  runs.shift();
  draw();
  assert.equal(node.children.length, 1, "a run that was deleted has no chip");
});
