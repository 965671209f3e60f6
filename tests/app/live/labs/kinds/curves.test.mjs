/** A panel of curves: which of them are bold, named, on which side. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCurves, labelSide, lostDigits, span } from "../../../../../app/live/labs/kinds/curves.js";
import { NO_PICK, STYLES, THEME, curvesOf, panel, trace } from "../curves.mjs";

const LOOK = { styles: STYLES, setting: null, width: 700, height: 400 };
const build = (one, curves, pick = NO_PICK, look = LOOK) => buildCurves(one, curves, pick, look, THEME);
const gain = (kind, value, y) => trace("norm", kind, [1, 2], y, { setting: "gain", value });

test("the picked curve is bold and on top, the same setting in other kinds is beside it", () => {
  const curves = curvesOf(...[0.5, 1, 2].flatMap((value) => [gain("plain", value, [1, value]), gain("residual", value, [1, 2 * value])]));
  const { data, layout } = build(panel("norm", "curves"), curves, { kind: "plain", value: 1, cell: null });
  const look = Object.fromEntries(data.map(({ name, meta }) => [name, meta]));
  assert.equal(look["plain, gain 1"], "picked");
  assert.equal(look["residual, gain 1"], "beside");
  assert.equal(look["residual, gain 2"], "faint");
  assert.equal(data.at(-1).name, "plain, gain 1");
  assert.ok(layout.annotations.some(({ text }) => text === "<b>plain</b>"));
});

test("words at the points of a curve are written once, and anew for another curve of the name", () => {
  const curves = curvesOf(trace("norm", "plain", [1, 2], [0.5, 2.625]), trace("norm", "residual", [1, 2], [1, 2]));
  const words = () => Object.fromEntries(build(panel("norm", "curves"), curves).data.map(({ name, text }) => [name, text]));
  const [before, after] = [words(), words()];
  assert.deepEqual(before.plain, ["1<br>0.5", "2<br>2.62"]);
  assert.equal(after.plain, before.plain);
  curves.add([trace("norm", "plain", [1, 2, 3], [0.5, 2, 3])]);
  assert.deepEqual([words().plain.length, words().residual === before.residual], [3, true]);
});

test("curves of one kind at several values of a setting differ by their marks, in every kind alike", () => {
  const rate = (kind, value) => trace("norm", kind, [1, 2], [1, 1 + value], { setting: "rate", value });
  const curves = curvesOf(...[0.1, 0.2].flatMap((value) => [rate("plain", value), rate("residual", value)]), rate("other", 0.2), trace("norm", "plain", [1, 2], [1, 2], { setting: "rate", value: 0.1, part: "seed 0" }));
  const { data } = build(panel("norm", "curves"), curves);
  const symbols = Object.fromEntries(data.map(({ name, mode, marker }) => [name, mode === "lines" ? "none" : marker.symbol]));
  assert.deepEqual(symbols, { "plain, rate 0.1": "square", "plain, rate 0.2": "triangle-up", "residual, rate 0.1": "square", "residual, rate 0.2": "triangle-up", "other, rate 0.2": "none", "plain, rate 0.1; seed 0": "none" });
  const few = build(panel("norm", "curves"), curvesOf(gain("plain", 1, [1, 2]), gain("plain", 2, [1, 9])), { kind: "plain", value: 1, cell: null });
  assert.deepEqual(few.layout.annotations.map(({ text }) => text).toSorted(), ["<b>plain,<br>gain 1 ■</b>", "plain,<br>gain 2 ▲"]);
});

test("a fan of many values has no marks", () => {
  const { data } = build(panel("norm", "curves"), curvesOf(...[1, 2, 3, 4, 5, 6, 7].map((value) => gain("plain", value, [1, value]))));
  assert.ok(data.every(({ mode }) => mode === "lines"));
});

test("seeds are thin beside their mean; alone the first one carries the name", () => {
  const seeds = (kind) => [0, 1].map((seed) => trace("grown", kind, [1, 2], [1, 2 + seed], { part: `seed ${seed}` }));
  const { data } = build(panel("grown", "curves"), curvesOf(trace("grown", "plain", [1, 2], [1, 2]), ...seeds("plain"), ...seeds("residual")));
  const widths = data.map(({ name, meta, line }) => [name, meta, line.width]).toSorted();
  assert.deepEqual(widths, [["plain", "even", 3], ["plain; seed 0", "seed", 1.2], ["plain; seed 1", "seed", 1.2], ["residual; seed 0", "lone", 1.6], ["residual; seed 1", "lone", 1.6]]);
});

test("many targets are one trace of thin lines with gaps, below all others and without a name", () => {
  const targets = trace("grown", "plain", [1, 9, 9, 1, 9, 9], [1, 0.3, null, 1, 0.2, null], { part: "2 targets" });
  const { data, layout } = build(panel("grown", "curves", { y_scale: "log" }), curvesOf(trace("grown", "plain", [1, 9], [1, 0.25]), targets));
  const [thin, bold] = data;
  assert.deepEqual([thin.meta, thin.line.dash, thin.connectgaps, thin.y], ["bundle", "solid", false, targets.y]);
  assert.ok(thin.line.width < 1 && bold.line.width === 3);
  assert.deepEqual(layout.annotations.map(({ text }) => text), ["plain"]);
});

test("a log scale has no place for zero, and a curve of one point is a mark", () => {
  const { data } = build(panel("norm", "curves", { y_scale: "log" }), curvesOf(trace("norm", "plain", [1, 2], [0, 3]), trace("norm", "residual", [1], [2])));
  assert.deepEqual(data.map(({ y, mode }) => [y, mode]), [[[null, 3], "lines"], [[2], "markers"]]);
});

test("a picked setting on the axis is marked on its curve, and the axis shows all of it", () => {
  const setting = { settingLabel: "Gain", low: 0.1, high: 10 };
  const curve = trace("sweep", "plain", [0.5, 1, 2], [3, 4, 5]);
  const { data, layout } = build(panel("sweep", "curves", { x: "gain", x_scale: "log" }), curvesOf(curve), { kind: "plain", value: 1, cell: null }, { ...LOOK, setting });
  const mark = data.find(({ meta }) => meta === "mark");
  assert.deepEqual([mark.x, mark.y, mark.text], [[1], [4], ["4"]]);
  assert.ok(layout.xaxis.range[0] < -1 && layout.xaxis.range[1] > 1);
  assert.ok(layout.shapes.some(({ x0 }) => x0 === 1));
});

test("plain numbers of a log axis lie close to each other within a decade alone", () => {
  const ticks = (high) => build(panel("norm", "curves", { y_scale: "log" }), curvesOf(trace("norm", "plain", [1, 2], [1, high]))).layout.yaxis.tickvals;
  assert.deepEqual([ticks(8).includes(1.4), ticks(80).includes(1.4), ticks(80).includes(20)], [true, false, true]);
});

test("names stand where the curves are further apart", () => {
  const fan = curvesOf(trace("norm", "plain", [1, 2], [100, 1]), trace("norm", "residual", [1, 2], [1, 1]));
  assert.equal(labelSide(fan.all(), panel("norm", "curves")), "left");
  assert.equal(build(panel("norm", "curves"), fan).side, "left");
  assert.deepEqual(span(fan.all(), "y", "log"), [0, 2]);
  assert.equal(span([], "y", "log"), null);
});

test("a point is read as the sentences write numbers", () => {
  const far = curvesOf(trace("loss", "plain", [0.00025, 12_345, -1], [26_900, 2.5e-7, null]));
  const [line] = build(panel("loss", "curves"), far).data;
  assert.deepEqual(line.text, ["2.5×10⁻⁴<br>26,900", "12,345<br>2.5×10⁻⁷", "−1<br>not finite"]);
  assert.match(line.hovertemplate, /<br>step %\{text\}<extra>/);
});

test("a panel of relative distances says in the hover how many digits differ", () => {
  assert.deepEqual([1e-12, 2e-2, 5, 1e-20, 0, null].map((distance) => lostDigits(distance, 16)), [4, 14, 16, 0, 0, 0]);
  const apart = curvesOf(trace("weights", "plain", [0, 3], [1e-12, 2e-2]));
  const [line] = build(panel("weights", "curves", { y_scale: "log", digits: 16 }), apart).data;
  assert.deepEqual(line.customdata, [4, 14]);
  assert.match(line.hovertemplate, /%\{customdata\} of 16 digits differ/);
  assert.doesNotMatch(build(panel("weights", "curves"), apart).data[0].hovertemplate, /digits/);
});
