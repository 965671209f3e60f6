/** The files of a lab's panel: styles of its kinds, words, table. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureWords, stylesOf, tableOf } from "../../../../app/live/labs/export.js";
import { buildCurves } from "../../../../app/live/labs/kinds/curves.js";
import { jobFooter } from "../../../../app/live/labs/footer.js";
import { NO_PICK, STYLES, THEME, curvesOf, panel, trace } from "./curves.mjs";

const shade = (color) => ({ color: { light: color, dark: color }, textColor: { light: color, dark: color } });
const DATA = { lab: "mapping", run: 3, styles: { plain: STYLES.plain }, hues: [{ match: "^residual", shades: { 8: shade("#c0ffee"), 26: shade("#00aa00"), 56: shade("#005500") } }], variants: [8, 56], dashes: ["solid", "dash"], spare: [STYLES.other], picks: { setting: "gain" } };

test("every kind has a style: its own, its arm's in a race, a spare one", () => {
  assert.deepEqual(stylesOf(["plain", "residual", "strange"], DATA), { plain: STYLES.plain, residual: STYLES.residual, strange: STYLES.other });
});

test("a kind with a depth has the lightness of the depth, another one of that depth a lighter line with a dash", () => {
  const kinds = ["residual-56", "residual-56 grown", "residual-50 again"];
  const styles = stylesOf(kinds, DATA);
  assert.deepEqual(kinds.map((kind) => styles[kind]).map(({ color, dash }) => [color.light, dash]), [["#005500", "solid"], ["#c0ffee", "dash"], ["#005500", "solid"]]);
});

test("a picture names what is bold or which cell it shows", () => {
  const shown = (curves, pick) => ({ curves, pick, data: DATA, theme: THEME, page: "job 3" });
  const gain = curvesOf(trace("norm", "plain", [1], [2], { setting: "gain", value: 0.5 }));
  const words = pictureWords(panel("norm", "curves", { y_scale: "log" }), shown(gain, { kind: "plain", value: 0.5, cell: null }));
  assert.deepEqual([words.title, words.filename], ["the norm (bold: plain, gain 0.5)", "skipscope-lab-mapping-norm-job-3"]);
  assert.equal(words.caption, "loss, log scale · 1 curve, all 1 points shown · no smoothing · job 3");
  assert.deepEqual(words.legend.map(({ name, color }) => [name, color]), [["plain", "#aa0000"]]);
  const cell = { column: "zero", row: "plain", kind: "plain", setting: "", value: null };
  const inCell = curvesOf(trace("training", "plain", [1], [2], { cell: "zero" }));
  assert.equal(pictureWords(panel("training", "curves"), shown(inCell, { ...NO_PICK, cell })).title, "the training: zero, plain");
});

test("a picture's legend names the marks that its curves have, whatever is picked", () => {
  const many = [0.5, 1, 2, 4, 8].map((value) => trace("norm", "plain", [1], [value], { setting: "gain", value }));
  const inCells = many.slice(0, 2).map((one) => ({ ...one, cell: "zero" }));
  const picks = [NO_PICK, { kind: "plain", value: 0.5, cell: null }, { kind: "plain", value: 0.5, cell: { column: "zero", row: "plain, gain 0.5", kind: "plain", setting: "gain", value: 0.5 } }];
  const numbers = [many.slice(0, 2), many.slice(0, 4), many, inCells].flatMap((traces) => picks.map((pick) => {
    const curves = curvesOf(...traces), one = panel("norm", "curves");
    const { data } = buildCurves(one, curves, pick, { styles: STYLES, setting: null, width: 700, height: 400 }, THEME);
    const drawn = [...new Set(data.flatMap(({ mode, marker }) => (mode === "lines+markers" ? [marker.symbol] : [])))];
    const told = pictureWords(one, { curves, pick, data: DATA, theme: THEME, page: "job 3" }).legend.flatMap(({ symbol }) => symbol ?? []);
    assert.deepEqual(told.toSorted(), drawn.toSorted());
    return told.length;
  }));
  assert.deepEqual(numbers, [2, 2, 2, 4, 4, 4, 5, 0, 0, 0, 0, 0]);
});

test("a picture of other nets than those of the sentences says how many layers they have", () => {
  const shown = { curves: curvesOf(trace("slope", "plain", [1], [2])), pick: NO_PICK, data: DATA, theme: THEME, page: "job 3", settings: { shown: 24, layers: 50 } };
  const title = (nets_of) => pictureWords(panel("slope", "curves", { nets_of }), shown).title;
  assert.deepEqual([title("shown"), title("")], ["the slope (nets of 24 layers)", "the slope"]);
});

test("a table has every point, with its column's name where x is an index, and those of the way", () => {
  const curves = curvesOf(trace("map", "plain", [0, 1], [5, null]), trace("path", "plain", [0.5], [0.25]));
  const { columns, rows } = tableOf(panel("map", "heat", { columns: ["zero", "identity"], path: "path" }), { curves, pick: NO_PICK, data: DATA });
  assert.deepEqual(columns, ["panel", "curve", "kind", "setting", "value", "cell", "part", "step", "loss", "origin"]);
  assert.deepEqual(rows, [["map", "plain", "plain", "", null, "", "", "zero", 5, "job 3"], ["map", "plain", "plain", "", null, "", "", "identity", null, "job 3"], ["path", "plain", "plain", "", null, "", "", 0.5, 0.25, "job 3"]]);
});

test("the files of recorded results say where those are from", () => {
  const card = { settings: {}, device: "cpu", seconds: 0, threads: 0, recorded: "2026-01-02, 8 cores" };
  const curves = curvesOf(trace("norm", "plain", [1], [2]));
  const shown = { curves, pick: NO_PICK, data: { ...DATA, run: null }, theme: THEME, page: jobFooter(card, {}), recorded: card.recorded };
  const words = pictureWords(panel("norm", "curves"), shown);
  assert.equal(words.filename, "skipscope-lab-mapping-norm-reference");
  assert.ok(words.caption.endsWith("cpu · reference, 2026-01-02, 8 cores"), words.caption);
  assert.deepEqual(tableOf(panel("norm", "curves"), shown).rows, [["norm", "plain", "plain", "", null, "", "", 1, 2, "reference, 2026-01-02, 8 cores"]]);
});
