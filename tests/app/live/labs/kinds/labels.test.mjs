/** Names of a panel's curves: beside their ends, or in a legend where there are too many. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { crowded, drawLegend, edgeName, endLabels, legendOf, strained } from "../../../../../app/live/labs/kinds/labels.js";
import { marksOf } from "../../../../../app/live/labs/kinds/marks.js";
import { Node, page } from "../../dom.mjs";
import { STYLES, THEME } from "../curves.mjs";

const curve = (y, kind = "plain") => ({ kind, x: [1, 2], y: [0, y] });
const SCALES = { side: "right", range: [0, 10], scale: "linear", bold: null, styles: STYLES, theme: THEME, plotPx: 300, width: 700 };

test("names of curves that end together are pushed apart, quiet ones are named only where there is room", () => {
  const near = [5, 5.1, 5.2].map((y) => ({ curve: curve(y), name: `net ${y}` }));
  const labels = endLabels(near, [{ curve: curve(5.05), name: "quiet" }, { curve: curve(9), name: "far" }], SCALES);
  assert.deepEqual(labels.map(({ text }) => text), ["net 5", "net 5.1", "net 5.2", "far"]);
  const heights = labels.slice(0, 3).map(({ y, yshift = 0, ay = 0, showarrow }) => (y + 0.6) * (300 / 11.2) + (showarrow ? -ay : yshift));
  assert.ok(heights[1] - heights[0] >= 17.9 && heights[2] - heights[1] >= 17.9, String(heights));
});

test("a curve that stops being finite is named where it was last, and says so", () => {
  const [label] = endLabels([{ curve: { kind: "plain", x: [1, 2], y: [4, null] }, name: "plain" }], [], SCALES);
  assert.deepEqual([label.y, label.text], [4, "plain<br>then not finite"]);
  assert.deepEqual(endLabels([{ curve: { kind: "plain", x: [1], y: [null] }, name: "plain" }], [], SCALES), []);
});

test("a name stands at the height that is given for it, as in a row, not at an end that leaves the row", () => {
  const [label] = endLabels([{ curve: curve(9), name: "row", level: 2 }], [], SCALES);
  assert.equal(label.y, 2);
});

test("names that do not fit under one another go into a legend", () => {
  const names = Array.from({ length: 10 }, (_, index) => `net ${index}`);
  assert.deepEqual([crowded(names, 700, 300), crowded(names, 700, 100), crowded(names.slice(0, 5), 400, 300)], [false, true, true]);
  assert.equal(edgeName({ kind: "plain", setting: "gain", value: 0.5 }), "plain,\ngain 0.5");
});

test("names far from their curves' ends go into a legend, with one entry for each kind", () => {
  const heap = (count) => endLabels(Array.from({ length: count }, () => ({ curve: curve(5), name: "net" })), [], SCALES);
  assert.deepEqual([strained(heap(2)), strained(heap(7))], [false, true]);
  const of = (kind, value) => ({ kind, setting: "rate", value });
  const entries = legendOf([of("plain", 0.1), of("residual", 0.1), of("plain", 0.01)], STYLES);
  assert.deepEqual(entries, [{ name: "plain, rate 0.01, 0.1", style: STYLES.plain }, { name: "residual", style: STYLES.residual }]);
});

test("marks stand in the legend behind the kinds, and at a curve's name", () => {
  const of = (kind, value) => ({ kind, setting: "rate", value, part: "" });
  const curves = [of("plain", 0.1), of("residual", 0.1), of("plain", 0.01)], marks = marksOf(curves);
  assert.deepEqual(legendOf(curves, STYLES, marks), [
    { name: "plain", style: STYLES.plain }, { name: "residual", style: STYLES.residual }, { name: "rate 0.01", letter: "■" }, { name: "rate 0.1", letter: "▲" },
  ]);
  assert.equal(edgeName(curves[2], marks[0]), "plain,\nrate 0.01 ■");
  page();
  const node = new Node("p");
  drawLegend(node, legendOf(curves, STYLES, marks), false, THEME);
  assert.equal(node.textContent, "plainresidual■rate 0.01▲rate 0.1");
});

test("a legend is drawn once for what it says", () => {
  page();
  const node = new Node("p"), entries = [{ name: "plain,\ngain 1", style: STYLES.plain }];
  drawLegend(node, entries, false, THEME);
  const [first] = node.children;
  assert.deepEqual([node.hidden, node.textContent], [false, "plain, gain 1"]);
  drawLegend(node, entries, false, THEME);
  assert.equal(node.children[0], first);
  drawLegend(node, [], false, THEME);
  assert.equal(node.hidden, true);
});
