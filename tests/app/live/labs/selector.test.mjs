/** The controls of a lab's bold curve: slider, keys, the field for another value. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CurveSelector } from "../../../../app/live/labs/selector.js";
import { Node, page } from "../dom.mjs";
import { curvesOf, trace } from "./curves.mjs";

const PICKS = { label: "Net", kinds: { plain: "without shortcuts", residual: "with" }, alone: { residual: "measured at one gain alone" }, setting: "gain", settingLabel: "Gain", measure: "Measure", low: 0.1, high: 10, step: 0.1 };
const gain = (value) => trace("norm", "plain", [1], [2], { setting: "gain", value });

function selector() {
  const part = page(), chosen = [], measured = [];
  for (const name of ["slider", "measure"]) part(name).append(new Node("input"));
  const made = new CurveSelector(part, { choose: (change) => chosen.push(change), measure: (value) => measured.push(value) });
  made.draw(PICKS, curvesOf(gain(0.5), gain(1), gain(5)), [0.5, 1, 5], { kind: "plain", value: 1, cell: null });
  return { part, chosen, measured, made };
}

test("the slider stands at the value in equal ratios and goes to the nearest that was measured", () => {
  const { part, chosen, made } = selector();
  assert.equal(made.slider.value, 500);
  assert.deepEqual(part("ticks").children.map(({ style }) => style.left), ["34.9%", "50%", "84.9%"]);
  made.slider.value = 800;
  made.slider.oninput();
  assert.deepEqual(chosen, [{ value: 5 }]);
  assert.deepEqual(part("switch").querySelectorAll(".sl-option").map((option) => option.getAttribute("aria-checked")), ["true", "false"]);
});

test("arrow keys go from one measured value to the next, at once and no further", () => {
  const { chosen, made } = selector();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft", "x"]) made.slider.onkeydown({ key, preventDefault() {} });
  assert.deepEqual(chosen, [{ value: 5 }, { value: 1 }]);
});

test("another value is measured, a known one is shown, a wrong one is refused in words", () => {
  const { part, chosen, measured, made } = selector();
  for (const value of [2, 5, 99, NaN]) {
    made.field.valueAsNumber = value;
    part("measure-button").onclick();
  }
  assert.deepEqual([measured, chosen], [[2], [{ value: 5 }]]);
  assert.equal(part("refusal").textContent, "Gain: a number from 0.1 to 10, please.");
  made.field.oninput();
  assert.equal(part("refusal").textContent, "");
});

test("a kind that is measured at one value alone rests the slider and says why", () => {
  const { part, made } = selector();
  made.draw(PICKS, curvesOf(gain(1)), [0.5, 1], { kind: "residual", value: 1, cell: null });
  assert.deepEqual([made.slider.disabled, part("why").textContent, part("ticks").children.length], [true, "measured at one gain alone: 1", 1]);
  made.draw(null, curvesOf(), [], { kind: null, value: null, cell: null });
  assert.equal(part("picks").hidden, true);
});
