/** Colours and names that charts share. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { VIRIDIS, axisSuffix, channels, seeThrough } from "../../../../app/live/shared/plot_style.js";

test("a colour lets others through", () => {
  assert.deepEqual(channels("#ff8000"), [255, 128, 0]);
  assert.equal(seeThrough("#ff8000", 0.25), "rgba(255,128,0,0.25)");
});

test("the scale of colours gets brighter from end to end", () => {
  const bright = VIRIDIS.map((hex) => {
    const [r, g, b] = channels(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  });
  assert.deepEqual(bright, bright.toSorted((a, b) => a - b));
});

test("panels have the names that Plotly gives them", () => {
  assert.deepEqual([0, 1, 2].map(axisSuffix), ["", "2", "3"]);
});
