/** Names at the line ends: apart, and tied to their lines. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { columnPx, endLabels, signed, written } from "../../../../../app/live/race/chart/labels.js";
import { THEME } from "../runs.mjs";

const PANEL = { suffix: "2", axis: [0, 100], x: [0, 300], widthPx: 600, heightPx: 400 };
const VIEW = { scale: "linear" };
const end = (name, y, x = 300, more = {}) => ({ name, note: "", value: String(y), x, y, textColor: { light: "#123456" }, color: { light: "#abcdef" }, ...more });
const labelsOf = (ends, view = {}, panel = {}) => endLabels(ends, { ...VIEW, ...view }, THEME, { ...PANEL, ...panel });

/** The middle of a label in pixels from the lower edge. */
function height({ y, yshift }, { axis: [low, high], heightPx } = PANEL) {
  return ((y - low) / (high - low)) * heightPx + yshift;
}

test("at the right edge names stand inside, above and below their curves, and cover neither one another nor the panel's end", () => {
  const labels = labelsOf([end("A-20", 50), end("B-20", 50.5), end("C-20", 51)]);
  const heights = labels.map((label) => height(label));
  assert.ok(heights[0] < 200 - 8 && heights[1] > 202, String(heights));
  assert.ok(heights[2] - heights[1] >= 17, String(heights));
  assert.deepEqual(labels.map(({ xanchor, x }) => [xanchor, x]), Array.from({ length: 3 }, () => ["right", 300]));
  assert.deepEqual([labels[0].text, labels[0].xref, labels[0].font.color], ["A-20 <b>50</b>", "x2", "#123456"]);
  const crowd = labelsOf([0, 1, 2, 3].map((value) => end(`A-${value}`, value))).map((label) => height(label));
  assert.ok(crowd[0] >= 8 && crowd.every((middle, index) => !index || middle - crowd[index - 1] >= 17), String(crowd));
  const [high] = labelsOf([end("A-20", 100)]);
  assert.ok(height(high) <= 400 - 8);
});

test("in a narrow panel no name says when it was measured, however short it is", () => {
  const ends = (panel) => labelsOf([end("A-8", 50, 300, { kind: "at the end ○" }), end("plain-56", 70, 300, { kind: "at the end ○" })], {}, panel).map(({ text }) => text);
  assert.deepEqual(ends({ widthPx: 300 }), ["A-8 ○ <b>50</b>", "plain-56 ○ <b>70</b>"]);
  assert.deepEqual(ends({ widthPx: 600 }), ["A-8 at the end ○ <b>50</b>", "plain-56 at the end ○ <b>70</b>"]);
});

test("a name stands off another arm's line where there is room, and stays where there is none", () => {
  const flat = (y, x = [0, 300]) => ({ curve: { x, y: x.map(() => y) } });
  const place = (other) => {
    const labels = labelsOf([end("A-20", 50, 300, flat(50)), { ...end("B-20", other, 100, flat(other, [0, 100])), curve: { x: [0, 300], y: [other, other] } }]);
    return height(labels.find(({ text }) => text.startsWith("A-20"))) / 4;
  };
  const alone = height(labelsOf([end("A-20", 50, 300, flat(50))])[0]) / 4;
  assert.ok(Math.abs(place(alone) - alone) > 2, "the other line went through the name");
  assert.ok(place(alone) < alone, "on its own curve's side");
  assert.equal(place(20), alone);
});

test("where a curve ends early its name stands beside the end", () => {
  const [label] = labelsOf([end("A-20", 20, 100)]);
  assert.deepEqual([label.xanchor, label.x, height(label)], ["left", 100, 80]);
});

test("a name does not cover its own curve", () => {
  const x = [0, 250, 290, 300], curve = { x, y: [80, 60, 55, 50] };
  const [label] = labelsOf([end("A-20", 50, 300, { curve })]);
  assert.ok(height(label) + 8 <= 200, "below a curve that falls");
});

test("a name without room above its curve stands below it, near its end, in short lines where the curve climbs to it", () => {
  const flat = { x: [0, 300], y: [92, 92] }, climbs = { x: [0, 150, 200, 300], y: [30, 30, 92, 92] };
  const [level] = labelsOf([end("A-56", 92, 300, { curve: flat })], {}, { heightPx: 200 });
  assert.ok(height(level, { axis: [0, 100], heightPx: 200 }) + 8 <= 184, "below");
  const panel = { widthPx: 300, heightPx: 200 };
  const [long, other] = labelsOf([end("A-56, shortcuts cut at 150", 92, 300, { curve: climbs }), end("A-56", 20)], {}, panel).toReversed();
  const middle = height(long, { axis: [0, 100], heightPx: 200 });
  assert.equal(long.text, "A-56, shortcuts<br>cut at 150 <b>92</b>");
  assert.ok(middle < 184 && middle > 120, `${middle} is near the end at 184`);
  assert.equal(other.text, "A-56 <b>20</b>");
});

test("the line between two points that lie far apart strikes no name out", () => {
  const rising = labelsOf([end("plain", 86, 300, { curve: { x: [0, 150, 300], y: [20, 43, 86] } })]);
  assert.ok(height(rising[0]) - 8 >= 4 * 86, "above a curve that rises");
  const falling = labelsOf([end("plain", 40, 300, { curve: { x: [0, 300], y: [90, 40] } })]);
  assert.ok(height(falling[0]) + 8 <= 4 * 40, "below a curve that falls");
});

test("zoomed in, a name stands at the last point that is seen, without the value of the end", () => {
  const curve = { x: [0, 100, 200, 300], y: [80, 60, 40, 20] }, zoomed = { x: [50, 250], axis: [30, 90] };
  const view = { zoom: { x: [50, 250], y: [30, 90] } };
  const [label] = labelsOf([end("A-20", 20, 300, { curve })], view, zoomed);
  assert.deepEqual([label.text, label.x, label.y], ["A-20", 200, 40]);
  assert.deepEqual(labelsOf([end("A-20", 20, 300, { curve: { x: [0], y: [5] } })], view, zoomed), [], "nothing of it is seen");
});

test("a number is written as people read it", () => {
  assert.deepEqual([written(12.345, "error"), written(0.012345, "loss")], ["12.3", "0.0123"]);
});

test("a name says the depth by its blocks alone: the chips beside the chart have the layers", () => {
  const [label] = labelsOf([end("plain 15 blocks (32 layers), shortcuts cut at 60", 50)]);
  assert.equal(label.text.replaceAll("<br>", " "), "plain 15 blocks, shortcuts cut at 60 <b>50</b>");
});

test("a line across the panel strikes no name out", () => {
  const struck = (value, level) => Math.abs(height(endLabels([end("A", value)], VIEW, THEME, PANEL, level)[0]) - 4 * level) < 8;
  for (const level of [45, 48, 50, 52, 55]) assert.ok(!struck(50, level), String(level));
});

test("a name that gives way to another arm's line, or to another name, is not put onto a line across the panel", () => {
  const halves = (most) => Array.from({ length: 4 * most + 1 }, (_, index) => index / 2 - most), ends = halves(15).flatMap((own) => halves(20).map((other) => [own, other]));
  const struck = (panel, until) => ends.flatMap(([own, other]) => {
    const flat = (y, x) => end("A-20", y, x, { curve: { x: [0, 300], y: [y, y] } });
    const labels = endLabels([flat(own, 300), flat(other, until)], VIEW, THEME, { ...PANEL, ...panel }, 0);
    return labels.filter((label) => Math.abs(height(label, { ...PANEL, ...panel }) - (-panel.axis[0] / (panel.axis[1] - panel.axis[0])) * panel.heightPx) < 8).map(() => [own, other]);
  });
  for (const heightPx of [400, 300, 200]) for (const until of [100, 300]) assert.deepEqual(struck({ axis: [-20, 20], heightPx }, until), [], `${heightPx} px, another curve's end at ${until}`);
});

test("names that steep curves would carry far up stand below, in the order of the ends", () => {
  const steep = { x: [0, 150, 200, 250, 300], y: [95, 60, 45, 32, 30] };
  const ends = [30, 31, 32].map((value) => end(`a long name ${value}`, value, 300, { curve: steep }));
  const heights = labelsOf(ends, {}, { widthPx: 260 }).toSorted((a, b) => a.text.localeCompare(b.text)).map((label) => height(label));
  assert.ok(heights.every((middle) => middle < 120), String(heights));
  assert.ok(heights[0] < heights[1] && heights[1] < heights[2], String(heights));
});

test("in a narrow panel a name leaves out when it was measured", () => {
  const [narrow, wide] = [200, 600].map((widthPx) => labelsOf([end("plain-56", 50, 300, { kind: "at the end ○" })], {}, { widthPx })[0].text);
  assert.deepEqual([narrow, wide], ["plain-56 ○ <b>50</b>", "plain-56 at the end ○ <b>50</b>"]);
});

test("names, gaps and the sentences of the server round an error in the same way", { skip: !process.env.SKIPSCOPE_TEST_FACTS && "pytest brings the server's numbers" }, () => {
  const { points } = JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8"));
  assert.ok(points.length > 4000);
  for (const [value, gap, error] of points) {
    assert.equal(signed(value, "error").replace("+", ""), gap);
    if (value >= 0) assert.equal(written(value, "error"), error);
  }
});

test("a loss has three digits as the server rounds them, in the very middle too", { skip: !process.env.SKIPSCOPE_TEST_FACTS && "pytest brings the server's numbers" }, () => {
  const { losses } = JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8"));
  assert.ok(losses.length > 180);
  for (const [value, text] of losses) assert.equal(written(value, "loss"), text);
  assert.deepEqual([2.625, 0.5, 12345, 0].map((value) => written(value, "loss")), ["2.62", "0.500", "12,300", "0.00"]);
});

test("many names stand in a column right of the panel, in the order of the ends, tied to them, where no line strikes them out", () => {
  const names = ["A-20", "A-56", "B-20", "B-56", "C-20", "C-56", "gated-20"], values = [15, 15.2, 15.4, 17, 17.1, 17.2, 60];
  const column = columnPx([names], VIEW, 600);
  assert.ok(column > 0.1 * 600 && column <= 0.3 * 600, String(column));
  assert.equal(columnPx([names.slice(0, 4), names.slice(4)], VIEW, 600), 0, "few names stand inside");
  const widthPx = 600 - column;
  const labels = labelsOf(names.map((name, index) => end(name, values[index], 300, { kind: "at the end ○", curve: { x: [0, 300], y: [90, values[index]] } })), {}, { widthPx, columnPx: column });
  const [ties, shown] = [true, false].map((tied) => labels.filter(({ showarrow }) => showarrow === tied));
  assert.deepEqual([ties.length, shown.length], [7, 7]);
  assert.deepEqual(shown.map(({ text }) => text), names.map((name, index) => `${name} ○ <b>${values[index]}</b>`));
  const heights = shown.map((label) => height(label));
  assert.ok(heights.every((middle, index) => !index || middle - heights[index - 1] >= 17 - 1e-9), String(heights));
  assert.ok(heights[0] >= 8 && Math.abs(heights[6] - 240) < 1, String(heights));
  for (const { x, xshift, xanchor } of shown) assert.ok(xanchor === "left" && (x / 300) * widthPx + xshift > widthPx, "beyond the curves");
  for (const { ax, ay, text } of ties) assert.ok(text === "" && ax > 0 && Math.abs(ay) < 100);
});

test("of more names than a column holds those go whose neighbours are near, and none covers another", () => {
  const values = Array.from({ length: 40 }, (_, index) => 10 + index), ends = [...values.map((value) => end(`A-${value}`, value)), end("plain-56", 90)];
  const shown = labelsOf(ends, {}, { widthPx: 480, columnPx: 120 }).filter(({ text }) => text), heights = shown.map((label) => height(label)).toSorted((a, b) => a - b);
  assert.ok(shown.length > 15 && shown.length * 17 <= 400, String(shown.length));
  assert.ok(heights.every((middle, index) => middle >= 8 && middle <= 392 && (!index || middle - heights[index - 1] >= 17 - 1e-9)), String(heights));
  assert.ok(shown.some(({ text }) => text.startsWith("plain-56")));
});

test("where another curve goes through a name, the name hides it", () => {
  const flat = (y, name, x) => end(name, y, x, { curve: { x: [0, x], y: [y, y] } });
  const behind = (other) => labelsOf([flat(50, "A-20", 100), flat(other, "B-20", 300)]).find(({ text }) => text.startsWith("A-20")).bgcolor;
  assert.notEqual(behind(50.5), behind(90));
  assert.match(behind(50.5), /0\.85/);
});

test("in a narrow column long names break at their hyphens and values stand below, so that nothing is wider than the column", () => {
  const names = ["plain-56", "gated-110", "shortcut-gated-56", "zero-gamma-56", "A-110"], panelPx = 290;
  const column = columnPx([names], VIEW, panelPx), widthPx = panelPx - column;
  const ends = names.map((name, index) => end(name, 15 + 17 * index, 300, { kind: "at the end ○", value: "66.1", curve: { x: [0, 300], y: [90, 15 + 17 * index] } }));
  const shown = labelsOf(ends, {}, { widthPx, columnPx: column }).filter(({ text }) => text);
  assert.ok(shown.some(({ text }) => text === "shortcut-<br>gated-56<br>○ <b>66.1</b>"), JSON.stringify(shown.map(({ text }) => text)));
  const letters = Math.max(...shown.flatMap(({ text }) => text.split("<br>").map((line) => line.replace(/<\/?b>/g, "").length)));
  assert.ok(letters <= 9, String(letters));
});
