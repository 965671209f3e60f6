/** The scale of heights and cells: ranges on round numbers, words that can be read on every colour. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inkOn, placed, rangeOf } from "../../../../../app/live/labs/kinds/colors.js";
import { VIRIDIS } from "../../../../../app/live/shared/plot_style.js";

test("a value has its place on either scale, or none", () => {
  assert.deepEqual([placed(100, "log"), placed(100, "linear"), placed(0, "log"), placed(null, "linear"), placed(Infinity, "linear")], [2, 100, null, null, null]);
});

test("a range holds all values on round numbers", () => {
  const linear = rangeOf([0.13, 0.87, null], "linear");
  assert.deepEqual([linear.low, linear.high, linear.ticks.map(({ text }) => text)], [0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]]);
  const log = rangeOf([0.02, 30], "log");
  assert.deepEqual([log.low, log.high, log.ticks.map(({ text }) => text)], [-2, 1.5, ["0.01", "0.1", "1", "10"]]);
  assert.equal(rangeOf([null], "linear"), null);
  const one = rangeOf([5], "linear");
  assert.ok(one.low <= 5 && one.high >= 5 && one.low < one.high);
});

test("values over many decades share a colour at the end that is not kept", () => {
  const high = rangeOf([1e-20, 1], "log"), low = rangeOf([1e-20, 1], "log", "low");
  assert.deepEqual([high.low, high.high + 0, high.ticks[0].text], [-8, 0, "≤ 10<sup>−8</sup>"]);
  assert.deepEqual([low.low, low.high, low.ticks.at(-1).text], [-20, -12, "≥ 10<sup>−12</sup>"]);
});

/** The contrast of two colours by WCAG 2, calculated anew. */
function contrast(one, other) {
  const luminance = (hex) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, channel) => {
    const part = parseInt(hex.slice(1 + 2 * channel, 3 + 2 * channel), 16) / 255;
    return sum + weight * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  }, 0);
  const [dark, bright] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (bright + 0.05) / (dark + 0.05);
}

test("the ink on every colour is the one that stands out more", () => {
  VIRIDIS.forEach((color, index) => {
    const textColor = inkOn(index, { low: 0, high: VIRIDIS.length - 1 });
    const other = textColor === "#000000" ? "#ffffff" : "#000000";
    assert.ok(contrast(textColor, color) >= contrast(other, color) && contrast(textColor, color) >= 4.5, color);
  });
  assert.equal(inkOn(99, { low: 0, high: 1 }), "#000000", "beyond the range its end");
});
