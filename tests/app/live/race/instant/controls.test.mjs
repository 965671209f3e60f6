/** The sliders and the list: each label names the control inside it, and a kind is told in a line. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Controls } from "../../../../../app/live/race/instant/controls.js";
import { Node, page } from "../../dom.mjs";

const SETTINGS = [
  { key: "strength", label: "Strength", values: [0, 0.5, 1].map((value) => ({ value, label: String(value) })) },
  { key: "shortcut", label: "Shortcut", kinds: true, values: [{ value: "A", label: "pre-LN", about: "before" }, { value: "deepnorm", label: "DeepNorm", about: "behind" }] },
];

test("the label's first control is the input, whose value is told once", () => {
  page();
  const box = new Node("div"), controls = new Controls(box, SETTINGS, () => {});
  controls.choice = { strength: 0.5, shortcut: "deepnorm" };
  const [strength, shortcut, about] = box.children;
  assert.deepEqual(strength.children.map(({ tagName }) => tagName), ["SPAN", "SPAN", "INPUT"], "an output would take the label");
  assert.equal(strength.children[1].textContent, "0.5");
  assert.equal(about.textContent, "behind");
  assert.equal(shortcut.children[2].attributes["aria-describedby"], about.attributes.id);
  assert.deepEqual(controls.choice, { strength: 0.5, shortcut: "deepnorm" });
});
