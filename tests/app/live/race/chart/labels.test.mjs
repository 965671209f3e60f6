/** Names at the line ends: apart, and tied to their lines. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { endLabels, written } from "../../../../../app/live/race/chart/labels.js";
import { THEME } from "../runs.mjs";

const PANEL = { suffix: "2", axis: [0, 100], span: 300, widthPx: 600, heightPx: 400 };
const end = (name, y, x = 300) => ({ name, note: "", value: String(y), x, y, textColor: { light: "#123456" }, color: { light: "#abcdef" } });

/** The height of a label in pixels from the lower edge. */
function height({ y, yshift = 0, ay = 0, showarrow }) {
  return y * 4 + (showarrow ? -ay : yshift);
}

test("labels that would cover one another are pushed apart, the lowest stays", () => {
  const labels = endLabels([end("A-20", 50), end("B-20", 50.5), end("C-20", 51)], {}, THEME, PANEL);
  const heights = labels.map(height);
  assert.equal(heights[0], 200);
  assert.ok(heights[1] - heights[0] >= 17 && heights[2] - heights[1] >= 17, String(heights));
  assert.equal(labels[2].showarrow, true, "a label far from its line has a leader");
  assert.equal(labels[2].arrowcolor, "#abcdef");
  assert.deepEqual([labels[0].text, labels[0].xref, labels[0].font.color], ["A-20 <b>50</b>", "x2", "#123456"]);
});

test("labels far apart stay on their lines; one within the panel has a ground", () => {
  const labels = endLabels([end("A-20", 20), end("B-20", 80), end("C-20", 20, 100)], {}, THEME, PANEL);
  assert.ok(labels.every(({ showarrow, yshift }) => !showarrow && yshift === 0));
  assert.deepEqual(labels.map((label) => "bgcolor" in label).toSorted(), [false, false, true]);
});

test("a number is written as people read it", () => {
  assert.deepEqual([written(12.345, "error"), written(0.012345, "loss")], ["12.3", "0.0123"]);
});
