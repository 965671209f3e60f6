/** Imported lines beside a race: where they are drawn, how they look, and that nothing is concluded from them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawnLines, lineEnds, lineLegend, lineRows, linesShown } from "../../../../../app/live/race/chart/imported_lines.js";
import { captionOf, legendOf } from "../../../../../app/live/race/chart/legend.js";
import { exportCsv } from "../../../../../app/live/race/panel/csv.js";
import { footerText } from "../../../../../app/live/race/panel/footer.js";
import { THEME, VIEW, figure, race, traces, words } from "../runs.mjs";

const line = (id, more = {}) => ({ id, name: `theirs ${id}`, split: "train", metric: "error", quantity: "train_error:percent", total: 4, step: [0, 50, 100, 400], value: [90, null, 40, 30], shown: true, pinned: false, ...more });
const view = (ghosts, more = {}) => ({ ...VIEW, ghosts, ...more });

test("every panel has the lines of the quantity that is looked at, grey and dashed, in no arm's colour", () => {
  const runs = race(1), built = figure(runs, { ghosts: [line(1), line(2), line(3, { metric: "loss" })] });
  const drawn = traces(built, "imported");
  assert.deepEqual(drawn.map(({ name, xaxis }) => [name, xaxis]), [["theirs 1", "x"], ["theirs 2", "x"], ["theirs 1", "x2"], ["theirs 2", "x2"]]);
  assert.ok(drawn.every(({ line: { color, dash } }) => color === THEME.muted && dash.includes("px,")));
  assert.notEqual(drawn[0].line.dash, drawn[1].line.dash, "two are told apart");
  assert.ok(drawn.every(({ line: { width } }) => width < traces(built, "running")[0].line.width));
  assert.deepEqual(drawn[0].y, [90, null, 40, 30]);
  assert.ok(drawn.every((trace) => trace.run === undefined), "no run to fork");
  assert.match(drawn[0].hovertemplate, /theirs 1, imported<br>step .*training error: %\{y:\.1f\} %/);
  assert.deepEqual(traces(figure(runs, { metric: "loss", ghosts: [line(3, { metric: "loss" })] }), "imported").length, 2);
});

test("a name is a text: neither markup nor a place of a template", () => {
  const [{ hovertemplate }] = traces(figure(race(1), { ghosts: [line(1, { name: "<b>loss %{x}" })] }), "imported");
  assert.ok(hovertemplate.startsWith("&lt;b&gt;loss &#37;{x}, imported<br>step %{x:"), hovertemplate);
});

test("they are drawn over steps, and neither in a gap, nor over depth, nor before the reveal", () => {
  const others = [{ x: "epoch" }, { x: "seconds" }, { layout: "gap" }, { layout: "depth" }, { hidden: true }];
  for (const other of others) assert.deepEqual(drawnLines(view([line(1)], other)), [], JSON.stringify(other));
  for (const other of others.slice(0, 4)) assert.match(linesShown(view([line(1)], other)), /^1 imported line /);
  assert.equal(linesShown(view([line(1)], { hidden: true })), "");
  assert.deepEqual(traces(figure(race(1), { ghosts: [line(1, { shown: false })] }), "imported"), []);
});

test("means, gaps and the axis of errors stay as they are without them", () => {
  const runs = race(3), without = figure(runs, { curves: ["running", "test"] }), beside = figure(runs, { curves: ["running", "test"], ghosts: [line(1)] });
  assert.deepEqual(beside.data.filter(({ meta }) => meta !== "imported"), without.data);
  assert.deepEqual(beside.layout.yaxis.range, without.layout.yaxis.range);
  assert.deepEqual(beside.layout.xaxis.range, without.layout.xaxis.range);
  assert.deepEqual(figure(runs, { layout: "gap", ghosts: [line(1)] }), figure(runs, { layout: "gap" }));
});

test("the axis of losses holds them", () => {
  const high = line(1, { metric: "loss", value: [30, 30, 30, 30] });
  const top = (ghosts) => figure(race(1), { metric: "loss", ghosts }).layout.yaxis.range[1];
  assert.ok(top([high]) >= 30);
  assert.equal(top([{ ...high, shown: false }]), top([]));
});

test("names stand at the ends, as imported; of many lines only those of pinned ones", () => {
  const many = Array.from({ length: 9 }, (_, index) => line(index + 1, { pinned: index === 4 }));
  assert.deepEqual(lineEnds(view([line(1, { value: [90, 40, 30, null] })]), THEME, { widthPx: 600 }).map(({ name, value, x, y }) => [name, value, x, y]), [["theirs 1 (imported)", "30.0", 100, 30]]);
  assert.deepEqual(lineEnds(view(many), THEME, { widthPx: 600 }).map(({ name }) => name), ["theirs 5 (imported)"]);
  assert.deepEqual(lineEnds(view([line(1), line(2), line(3, { pinned: true })]), THEME, { widthPx: 300 }).length, 1, "a narrow panel");
  assert.equal(words(figure(race(1), { layout: "overlaid", ghosts: [line(1)] })).filter((text) => text.includes("imported")).length, 1);
  assert.deepEqual(lineEnds(view([line(1, { value: [null, null, null, null] })]), THEME, { widthPx: 600 }), []);
  assert.deepEqual(lineEnds(view([line(1, { value: [5, 0, 0, 0] })], { scale: "log" }), THEME, { widthPx: 600 }).map(({ x }) => x), [0]);
});

test("a name is text, whatever stands in it", () => {
  const evil = line(1, { name: "<img src=x onerror=alert(1)> $\\frac{1}{2}$" }), built = JSON.stringify(figure(race(1), { ghosts: [evil] }));
  assert.ok(!built.includes("<img") && built.includes("&lt;img"));
});

test("a pinned line is wider, and one keeps its dashes while others are hidden", () => {
  const [plain] = traces(figure(race(1), { ghosts: [line(1), line(2)] }), "imported").slice(1);
  const [pinned] = traces(figure(race(1), { ghosts: [line(1, { shown: false }), line(2, { pinned: true })] }), "imported");
  assert.ok(pinned.line.width > plain.line.width);
  assert.equal(pinned.line.dash, plain.line.dash);
  const order = figure(race(1), { layout: "overlaid", ghosts: [line(1, { pinned: true }), line(2)] }).data.map(({ meta, name }) => (meta === "imported" ? name : meta));
  assert.equal(order.at(-1), "theirs 1", "a pinned line is above the curves");
  assert.equal(order[0], "theirs 2", "another is behind them");
});

test("legend, caption and line of words name them, and how much of them is shown", () => {
  const runs = race(1), seen = view([line(1, { total: 1_000_000 }), line(2, { split: "test_subset" })]);
  assert.deepEqual(lineLegend(seen, THEME).map(({ name }) => name), ["theirs 1 (imported: training error)", "theirs 2 (imported: test error)"]);
  assert.ok(legendOf(runs, seen, THEME).some(({ name }) => name.startsWith("theirs 1")));
  const shown = "2 imported lines, in no mean or gap: 8 of 1,000,004 points, extremes kept";
  assert.equal(linesShown(seen), shown);
  assert.ok(captionOf(runs, seen).includes(shown) && footerText(runs, seen).includes(shown));
  assert.equal(linesShown(view([line(1)])), "1 imported line, in no mean or gap: all 4 points");
  assert.equal(linesShown(VIEW), "");
});

test("a table has their points, as of no run", () => {
  assert.deepEqual(lineRows(view([line(1)]))[1], ["imported: theirs 1", "train", 50, null, null]);
  const rows = exportCsv(race(1), view([line(1)])).trim().split(/\r?\n/).filter((row) => row.includes("imported"));
  assert.equal(rows.length, 4);
  assert.equal(rows[2], ",imported: theirs 1,,,,train,100,,,,40,,,imported line");
});
