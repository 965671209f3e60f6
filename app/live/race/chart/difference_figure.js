/**
 * The gap chart: how far deeper nets lie above shallower nets, and plain above residual nets, step by step. A pure
 * function like chart/figure.js: no DOM, no network.
 */
/** @import { Run, Theme, View, Layout, Gap, StatedGap, Member, Metric, DifferenceCurve, Scale, Gaps, Trace, Range, LineEnd, Panel, Figure } from "../../types.js" */
import { LABELS, NARROW, axesOf, baseLayout, lastOf, placeAxes, sizes, xEnd, xs } from "./axes.js";
import { MEAN_WIDER, areaTrace, furthest, meanText, meanTrace, reasons, whiskers } from "./seed_curves.js";
import { bands, onClock } from "./seed_stats.js";
import { curveStyles, curveTable, emptyTrace, hoverText, inOrder, nameOf, namedCurves, toldCurve, toldMark, withStored } from "./curves.js";
import { differenceStats, differencesOf, runsOf } from "./differences.js";
import { columnPx, endLabels, signed } from "./labels.js";
import { speakerMarks } from "./edit_marks.js";
import { factsNote, factsOf, statedGaps, statedOf, statedTrace } from "./stated_gaps.js";

/** @typedef {keyof Gaps} Kind */

/** @type {Record<Kind, string>} */
const TITLES = { depth: "deeper minus shallower", family: "plain minus residual" };
/** Whose clock the seconds are. */
const CLOCKS = { depth: "deeper", family: "plain" };
/**
 * The range of the axis at the begin of a race, and while the curves are hidden.
 * @type {Record<Metric, Range>}
 */
const USUAL = { error: [-10, 20], loss: [-0.25, 0.5] };
/** The y range ends at a multiple of this step, so that the range moves seldom, and only outwards. */
const ROUND = { error: 10, loss: 0.25 };
/** A y range of more steps than this takes steps of double width. */
const MAX_STEPS = 8;

/**
 * The same arguments and result as buildFigure. The scale is always linear: a difference may be negative.
 * @type {(runs: Run[], requested: View, theme: Theme, width: number) => Figure}
 */
export function buildDifferenceFigure(runs, requested, theme, width) {
  const view = { ...requested, scale: /** @type {Scale} */ ("linear") };
  const differences = shownDifferences(runs, view);
  const kinds = /** @type {Kind[]} */ (Object.keys(TITLES)).filter((kind) => differences[kind].length);
  const stacked = kinds.length > 1 && width < NARROW;
  const gaps = shownGaps(runs, view);
  const compared = gaps.flatMap(runsOf);
  const column = columnPx(kinds.map((kind) => differences[kind].map(({ name }) => name)), view, width / (stacked ? 1 : kinds.length));
  const layout = baseLayout(view, theme, { end: xEnd(view, compared.length ? compared : runs), axis: range(gaps, statedGaps(runs, view), view), stacked, column });
  if (view.x === "seconds" && stacked) layout.margin.b += sizes(view).title;
  /** @type {Trace[]} */
  const data = [];
  if (!kinds.length) return { data: [emptyTrace("")], layout: withWords(layout, view, theme, width) };
  kinds.forEach((kind, index) => {
    const titles = { title: TITLES[kind], xTitle: xTitle(stacked ? kinds : [kind], view), yTitle: yTitle(view) };
    const panel = placeAxes(layout, { count: kinds.length, index, stacked, width, ...titles }, view, theme);
    Object.assign(layout[`yaxis${panel.suffix}`], { zeroline: true, zerolinecolor: theme.muted, zerolinewidth: 1.5 * sizes(view).line });
    if (view.hidden) {
      data.push(emptyTrace(panel.suffix));
      return;
    }
    const marks = speakerMarks(runs, view, theme, panel);
    layout.shapes.push(...marks.shapes);
    layout.annotations.push(...marks.annotations);
    const stated = kind === "depth" ? statedGaps(runs, view) : [];
    if (kind === "depth" && factsOf(view)) layout.annotations.push(...factsNote(stated, view, theme, panel));
    data.push(...inOrder([...differences[kind].flatMap((gap) => traces(gap, view, theme, panel.suffix)), ...stated.map((gap) => statedTrace(gap, view, theme, panel.suffix))]));
    if (!namedCurves(view).length) return;
    layout.annotations.push(zeroName(view, theme, panel), ...endLabels(differences[kind].flatMap((gap) => differenceEnd(gap, view) ?? []), view, theme, panel, 0));
  });
  return { data, layout };
}

/** @type {(view: View, theme: Theme, panel: Panel) => Layout} */
function zeroName(view, theme, { suffix }) {
  return { text: "no gap", showarrow: false, xref: `x${suffix} domain`, x: 0, xanchor: "left", xshift: 4, yref: `y${suffix}`, y: 0, yanchor: "top", font: { size: sizes(view).words, color: theme.muted } };
}

/**
 * The gaps that are drawn: one for all seeds with bands, one for each seed without.
 * @type {(runs: Run[], view: View) => Gaps}
 */
function shownDifferences(runs, view) {
  const all = differencesOf(runs);
  if (bands(view)) return all;
  const bySeed = (/** @type {Gap} */ { name, run, pairs }) => pairs.map((pair) => ({ name: pairs.length > 1 ? `${name} s${pair.seed}` : name, run, pairs: [pair] }));
  return { depth: all.depth.flatMap(bySeed), family: all.family.flatMap(bySeed) };
}

/**
 * The gaps of all panels in one list.
 * @type {(runs: Run[], view: View) => Gap[]}
 */
export function shownGaps(runs, view) {
  return Object.values(shownDifferences(runs, view)).flat();
}

/**
 * Stacked panels have one title between them.
 * @type {(kinds: Kind[], view: View) => string | undefined}
 */
function xTitle(kinds, { x }) {
  if (x !== "seconds") return undefined;
  const of = kinds.map((kind, index) => `of the ${CLOCKS[kind]} net${kinds.length > 1 ? [" above", " below"][index] : ""}`);
  return `seconds ${of.join(",<br>")}, at equal steps`;
}

/** @param {View} view */
function yTitle(view) {
  const what = namedCurves(view).length === 1 ? `${view.curves.includes("running") ? "training" : "test"} ${view.metric}` : view.metric;
  return `difference in ${what} (${LABELS[view.metric].difference})`;
}

/**
 * The y range: always with zero, as far as the curves reach, in steps, so that it moves seldom and only outwards.
 * @type {(gaps: Gap[], stated: StatedGap[], view: View) => Range}
 */
function range(gaps, stated, view) {
  if (view.hidden) return USUAL[view.metric];
  const [training, ...further] = namedCurves(view).map((curve) => reach(gaps, curve, view));
  let [low, high] = training ?? USUAL[view.metric];
  const span = high - low;
  const intervals = stated.map(({ mean, low: from, high: to }) => [from ?? mean, to ?? mean]);
  for (const [least, most] of [...further, ...intervals]) {
    // Evaluations that lag far behind the training at its begin leave the panel rather than make all else flat; so do
    // the intervals of two seeds.
    low = Math.max(Math.min(low, least), training[0] - span);
    high = Math.min(Math.max(high, most), training[1] + span);
  }
  let step = ROUND[view.metric];
  while ((high - low) / step > MAX_STEPS) step *= 2;
  return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
}

/**
 * From the smallest to the largest difference of one curve, and at least the usual range.
 * @type {(gaps: Gap[], curve: DifferenceCurve, view: View) => Range}
 */
function reach(gaps, [split, key], view) {
  let [low, high] = USUAL[view.metric];
  for (const gap of gaps) {
    for (const value of differenceStats(gap, split, key).curves.flatMap((curve) => curve.value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/** @type {(layout: Layout, view: View, theme: Theme, width: number) => Layout} */
function withWords(layout, view, theme, width) {
  placeAxes(layout, { count: 1, index: 0, stacked: false, width, title: "", yTitle: yTitle(view) }, view, theme);
  layout.annotations.push({
    text: "A gap needs two depths of one shortcut type,<br>or plain and residual nets of one depth, with the same seed.",
    showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.6, font: { size: sizes(view).title, color: theme.text },
  });
  return layout;
}

/** @type {(gap: Gap, view: View, theme: Theme, suffix: string) => Trace[]} */
function traces(gap, view, theme, suffix) {
  const { run, pairs, name } = gap;
  const several = pairs.length > 1;
  const styles = curveStyles(run, view, theme, MEAN_WIDER);
  return namedCurves(view).flatMap(([split, key, words]) => {
    const { band, curves } = differenceStats(gap, split, key);
    const training = split === "train";
    const more = [...(several ? [meanText(band, minuends(gap), view)] : []), ...reasons(band)];
    const mean = { ...meanTrace(band, run, view, suffix), ...styles[training ? "running" : "test"], name, hovertemplate: hoverText(name, view, words, more) };
    // One seed has no band. Where the seed diverged, there is no mean either.
    const seeds = (several && training) || !band.seeds ? curves : [];
    /** @type {Trace[]} */
    const list = [...seeds.map((curve) => ({
      ...axesOf(suffix), ...styles.seed, name, x: view.x === "seconds" ? onClock(curve, band) : xs(curve, run.card, view.x), y: curve.value, steps: curve.step,
      hovertemplate: hoverText(`${name}, seed ${curve.seed}`, view, words),
    })), several && !training ? { ...mean, error_y: whiskers(band, run, view, theme) } : mean];
    const stated = statedOf(gap, view), end = training && (stated ? factsOf(view)?.end : toldCurve(runsOf(gap), view).end);
    // The dots of training are those whose mean is told.
    const [of, column, dotWords] = end ? curveTable(view).clean : [split, key, words];
    if (end && !stated) list.push(meanAtEnd(gap, view, theme, suffix));
    if (several) {
      const members = of === split ? curves : differenceStats(gap, of, column).curves;
      list.push({ ...axesOf(suffix), name, ...dots(members, training, (curve) => (view.x === "seconds" ? onClock(curve, band) : xs(curve, run.card, view.x))), ...dotStyle(run, training, theme, view), hovertemplate: hoverText(`${name}, seed %{customdata}`, view, dotWords) });
    }
    return several && training ? [{ ...areaTrace(band, run, view, theme, suffix), name }, ...list] : list;
  });
}

/**
 * Every seed as a dot: in training where its difference stands now, in test wherever it was measured.
 * @type {(curves: Member[], training: boolean, xOf: (curve: Member) => number[]) => Partial<Trace>}
 */
function dots(curves, training, xOf) {
  const points = curves.flatMap((curve) => xOf(curve).map((at, index) => ({ at, value: curve.value[index], seed: curve.seed, last: index === curve.value.length - 1 })))
    .filter(({ last }) => last || !training);
  return { mode: "markers", meta: "dot", x: points.map(({ at }) => at), y: points.map(({ value }) => value), customdata: points.map(({ seed }) => seed) };
}

/** @type {(run: Run, training: boolean, theme: Theme, view: View) => Partial<Trace>} */
function dotStyle(run, training, theme, view) {
  const { line, mark } = sizes(view);
  return { marker: { symbol: "circle", size: (training ? 8 : 5) * mark, color: run.color[theme.scheme], line: { color: theme.page, width: line } } };
}

/**
 * The mean at the end as an open mark, where the server states none: the label is about it.
 * @type {(gap: Gap, view: View, theme: Theme, suffix: string) => Trace}
 */
function meanAtEnd(gap, view, theme, suffix) {
  const { name, run } = gap, [split, key, words] = curveTable(view).clean;
  const mark = toldMark({ ...meanTrace(differenceStats(gap, split, key).band, run, view, suffix), ...curveStyles(run, view, theme).clean });
  return { ...mark, name, marker: { ...mark.marker, symbol: "circle-open" }, hovertemplate: hoverText(name, view, words) };
}

/** @param {Gap} gap */
function minuends({ pairs }) {
  return pairs.map(({ from }) => from);
}

/**
 * What endLabels needs of a gap; where no seed has a mean, only the name and why. Null while there is nothing.
 * @type {(gap: Gap, view: View) => LineEnd | null}
 */
function differenceEnd(gap, view) {
  const { name, run } = gap;
  const { curve: [split, key], kind: usual, end: over } = toldCurve(runsOf(gap), view);
  const kind = over ? `at the end ${statedOf(gap, view) ? "◇" : "○"}` : usual;
  const { band, curves } = differenceStats({ ...gap, pairs: gap.pairs.map((pair) => ({ ...pair, from: withStored(pair.from), take: withStored(pair.take) })) }, split, key);
  const end = furthest(band, curves, minuends(gap), view.bare);
  if (end) {
    const [[drawn, column]] = namedCurves(view), { band: mean } = differenceStats(gap, drawn, column);
    const [x] = xs({ step: [end.step], seconds: [end.seconds] }, run.card, view.x);
    return { ...nameOf(run, name), note: end.note, kind, curve: { x: xs(mean, run.card, view.x), y: mean.mean }, value: signed(end.value, view.metric), x, y: end.value };
  }
  const longest = curves.filter(({ step }) => step.length).toSorted((one, other) => lastOf(one.step) - lastOf(other.step)).at(-1);
  if (!longest || band.diverged < band.of) return null;
  const note = band.of > 1 ? `all ${band.of} diverged` : "diverged";
  return { ...nameOf(run, name), note, value: null, x: lastOf(xs(longest, run.card, view.x)), y: lastOf(longest.value) };
}
