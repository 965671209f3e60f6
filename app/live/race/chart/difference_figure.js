/**
 * The gap chart: how much deeper nets lie above shallower ones, and plain above residual ones, step by step. A pure
 * function like chart/figure.js: no DOM, no network.
 */
/** @import { Run, Theme, View, Layout, Band, Gap, Member, Metric, DifferenceCurve, Scale, Gaps, Trace, Range, LineEnd, LineName, Figure } from "../../types.js" */
import { LABELS, NARROW, baseLayout, lastOf, placeAxes, sizes, xEnd, xs } from "./axes.js";
import { areaTrace, reasons, whiskers } from "./seed_curves.js";
import { onClock } from "./seed_stats.js";
import { WIDTHS, axesOf, dash, inOrder, markPx, namedCurve } from "./curves.js";
import { differenceStats, differencesOf } from "./differences.js";
import { endLabels } from "./labels.js";
import { runningMean } from "../../shared/run_states.js";

/** @typedef {keyof Gaps} Kind */

/** @type {Record<Kind, string>} */
const TITLES = { depth: "deeper minus shallower", family: "plain minus residual" };
/** Whose clock the seconds are. */
const CLOCKS = { depth: "deeper", family: "plain" };
/** At the begin, and while it is hidden, the axis shows this much. */
/** @type {Record<Metric, Range>} */
const USUAL = { error: [-10, 20], loss: [-0.25, 0.5] };
/** The range ends at a multiple of this, or of a larger one where it is wide: it moves seldom, and only outwards. */
const ROUND = { error: 10, loss: 0.25 };
/** A range wider than this many steps takes steps of double width. */
const MAX_STEPS = 8;

/**
 * The same arguments and result as buildFigure. The scale is always linear: a difference may be negative.
 * @param {Run[]} runs
 * @param {View} asked
 * @param {Theme} theme
 * @param {number} width
 * @returns {Figure}
 */
export function buildDifferenceFigure(runs, asked, theme, width) {
  const view = { ...asked, scale: /** @type {Scale} */ ("linear") };
  const found = shownDifferences(runs, view);
  const kinds = /** @type {Kind[]} */ (Object.keys(TITLES)).filter((kind) => found[kind].length);
  const stacked = kinds.length > 1 && width < NARROW;
  const gaps = Object.values(found).flat();
  const compared = gaps.flatMap(({ pairs }) => pairs.flatMap(({ from, take }) => [from, take]));
  /** @type {LineName[]} */
  const names = gaps.length ? gaps.map(({ name, pairs }) => ({ name: `${name} `, note: pairs.length > 1 ? `1 of ${pairs.length} seeds` : "" })) : [{ name: "" }];
  const layout = baseLayout(view, theme, { names, width, end: xEnd(view, compared.length ? compared : runs), axis: range(gaps, view), stacked });
  if (view.x === "seconds" && stacked) layout.margin.b += sizes(view).title;
  /** @type {Trace[]} */
  const data = [];
  if (!kinds.length) return { data: [empty("")], layout: withWords(layout, view, theme, width) };
  kinds.forEach((kind, index) => {
    const titles = { title: TITLES[kind], xTitle: xTitle(stacked ? kinds : [kind], view), yTitle: yTitle(view) };
    const panel = placeAxes(layout, { count: kinds.length, index, stacked, width, ...titles }, view, theme);
    const { end } = layout.meta;
    Object.assign(layout[`yaxis${panel.suffix}`], { zeroline: true, zerolinecolor: theme.muted, zerolinewidth: 1.5 * sizes(view).line });
    if (view.hidden) {
      data.push(empty(panel.suffix));
      return;
    }
    if (kind === "depth" && view.cure) layout.annotations.push(cureNote(view.cure, panel.suffix, view, theme));
    data.push(...inOrder(found[kind].flatMap((gap) => traces(gap, view, theme, panel.suffix))));
    if (!namedCurve(view)) return;
    const ends = found[kind].flatMap((gap) => differenceEnd(gap, view) ?? []);
    ends.push({ name: "level", value: null, x: end, y: 0, textColor: muted(theme), color: muted(theme) });
    const [x, axis] = [view.zoom?.x, view.zoom?.y ?? layout.meta.axis];
    layout.annotations.push(...endLabels(ends, view, theme, { ...panel, axis, end: x ? x[1] - x[0] : end }));
  });
  return { data, layout };
}

/**
 * The gaps as they are drawn: with bands one for all seeds, otherwise one for each.
 * @param {Run[]} runs
 * @param {View} view
 * @returns {Gaps}
 */
export function shownDifferences(runs, view) {
  const found = differencesOf(runs);
  if ((view.seeds ?? "band") === "band") return found;
  const bySeed = (/** @type {Gap} */ { name, run, pairs }) => pairs.map((pair) => ({ name: pairs.length > 1 ? `${name} s${pair.seed}` : name, run, pairs: [pair] }));
  return { depth: found.depth.flatMap(bySeed), family: found.family.flatMap(bySeed) };
}

/**
 * The curves of the gap chart that are drawn, with their words: [[split, key, words]].
 * @param {View} options
 * @returns {DifferenceCurve[]}
 */
export function differenceCurves({ curves, metric }) {
  /** @type {[string, DifferenceCurve][]} */
  const all = [
    ["running", ["train", `running_${metric}`, `training ${metric}, ${runningMean()}`]],
    ["test", ["test_subset", metric, `test ${metric}`]],
  ];
  return all.filter(([curve]) => curves.includes(curve)).map(([, drawn]) => drawn);
}

/**
 * Stacked panels have one title between them.
 * @param {Kind[]} kinds
 * @param {View} options
 */
function xTitle(kinds, { x }) {
  if (x !== "seconds") return undefined;
  const of = kinds.map((kind, index) => `of the ${CLOCKS[kind]} net${kinds.length > 1 ? [" above", " below"][index] : ""}`);
  return `seconds ${of.join(",<br>")}, at equal steps`;
}

/** @param {View} view */
function yTitle(view) {
  const what = differenceCurves(view).length === 1 ? `${view.curves.includes("running") ? "training" : "test"} ${view.metric}` : view.metric;
  return `difference in ${what} (${LABELS[view.metric].difference})`;
}

/**
 * The y range: always with zero, as far as the curves reach, in steps, so that it moves seldom and only outwards.
 * @param {Gap[]} gaps
 * @param {View} view
 * @returns {Range}
 */
function range(gaps, view) {
  if (view.hidden) return USUAL[view.metric];
  const [training, ...further] = differenceCurves(view).map((curve) => reach(gaps, curve, view));
  let [low, high] = training ?? USUAL[view.metric];
  const span = high - low;
  for (const [least, most] of further) {
    // Evaluations that lag far behind the training at its begin leave the panel rather than make all else flat.
    low = Math.max(Math.min(low, least), training[0] - span);
    high = Math.min(Math.max(high, most), training[1] + span);
  }
  let step = ROUND[view.metric];
  while ((high - low) / step > MAX_STEPS) step *= 2;
  return [Math.floor(low / step) * step, Math.ceil(high / step) * step];
}

/**
 * From the smallest to the largest difference of one curve, and at least the usual range.
 * @param {Gap[]} gaps
 * @param {DifferenceCurve} options
 * @param {View} view
 * @returns {Range}
 */
function reach(gaps, [split, key], view) {
  let [low, high] = USUAL[view.metric];
  for (const gap of gaps) {
    for (const { value: values } of differenceStats(gap, split, key).curves) {
      for (const value of values) {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  return [low, high];
}

/**
 * How much smaller the gap with shortcuts is: below zero, where few curves are.
 * @param {string} text
 * @param {string} suffix
 * @param {View} view
 * @param {Theme} theme
 */
function cureNote(text, suffix, view, theme) {
  return { text, showarrow: false, xref: `x${suffix} domain`, yref: `y${suffix} domain`, x: 0, y: 0, xanchor: "left", yanchor: "bottom", xshift: 4, font: { size: sizes(view).label, color: theme.text } };
}

/** @param {Theme} theme */
function muted(theme) {
  return { [theme.scheme]: theme.muted };
}

/**
 * @param {Layout} layout
 * @param {View} view
 * @param {Theme} theme
 * @param {number} width
 */
function withWords(layout, view, theme, width) {
  placeAxes(layout, { count: 1, index: 0, stacked: false, width, title: "", yTitle: yTitle(view) }, view, theme);
  layout.annotations.push({
    text: "A gap needs two depths of one shortcut type,<br>or plain and residual nets of one depth, with the same seed.",
    showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.6, font: { size: sizes(view).title, color: theme.text },
  });
  return layout;
}

/** @param {string} suffix */
function empty(suffix) {
  return { ...axesOf(suffix), x: [null], y: [null], hoverinfo: "skip", meta: "unseen" };
}

/**
 * @param {Gap} gap
 * @param {View} view
 * @param {Theme} theme
 * @param {string} suffix
 * @returns {Trace[]}
 */
function traces(gap, view, theme, suffix) {
  const { run, pairs, name } = gap;
  const color = run.color[theme.scheme];
  const { line } = sizes(view);
  return differenceCurves(view).flatMap(([split, key, words]) => {
    const { band, curves } = differenceStats(gap, split, key);
    const training = split === "train";
    const axes = { ...axesOf(suffix), name };
    const x = (/** @type {{ step: number[], seconds: number[] }} */ points) => xs(points, run.card, view.x);
    const several = pairs.length > 1;
    return [
      ...(several && training ? [areaTrace(x(band), band.low, band.high, color, axes)] : []),
      // One seed has no band; where it diverged, it has no mean either.
      ...((several && training) || !band.seeds ? curves.map((curve) => ({
        ...axes, mode: "lines", x: view.x === "seconds" ? onClock(curve, band) : x(curve), y: curve.value, steps: curve.step, opacity: 0.5, line: { color, width: WIDTHS.seed * line }, meta: "seed",
        hovertemplate: `${name}, seed ${curve.seed}<br>${hover(words, view)}<extra></extra>`,
      })) : []),
      {
        ...axes, mode: training ? "lines" : "lines+markers", x: x(band), y: band.mean, meta: training ? "running" : "test",
        line: training ? { color, width: WIDTHS.running * 1.2 * line, dash: dash(view) } : { color, width: WIDTHS.test * line },
        ...(training ? {} : { ...(several ? { error_y: whiskers(band, view, color) } : {}), marker: { symbol: run.mark, size: markPx(run, view), color } }),
        customdata: (band.ranges ??= band.low.map((low, index) => [low, band.high[index]])),
        hovertemplate: `${[name, hover(words, view), ...(several ? [meanOf(band, view)] : []), ...reasons(band)].join("<br>")}<extra></extra>`,
      },
      ...(several ? [{ ...axes, ...dots(curves, training, (curve) => (view.x === "seconds" ? onClock(curve, band) : x(curve))), ...dotStyle(color, training, theme, view), hovertemplate: `${name}, seed %{customdata}<br>${hover(words, view)}<extra></extra>` }] : []),
    ];
  });
}

/**
 * Every seed as a dot: in training where its difference stands now, in test wherever it was measured.
 * @param {Member[]} curves
 * @param {boolean} training
 * @param {(curve: Member) => number[]} xOf
 */
function dots(curves, training, xOf) {
  const points = curves.flatMap((curve) => xOf(curve).map((at, index) => ({ at, value: curve.value[index], seed: curve.seed, last: index === curve.value.length - 1 })))
    .filter(({ last }) => last || !training);
  return { mode: "markers", meta: "dot", x: points.map(({ at }) => at), y: points.map(({ value }) => value), customdata: points.map(({ seed }) => seed) };
}

/**
 * @param {string} color
 * @param {boolean} training
 * @param {Theme} theme
 * @param {View} view
 */
function dotStyle(color, training, theme, view) {
  const { line, mark } = sizes(view);
  return { marker: { symbol: "circle", size: (training ? 8 : 5) * mark, color, line: { color: theme.page, width: line } } };
}

/**
 * @param {string} words
 * @param {View} view
 */
function hover(words, view) {
  return `${view.x} %{x:.4~g}<br>difference in ${words}: %{y:${signedFormat(view)}} ${LABELS[view.metric].difference}`;
}

/**
 * @param {Band} options
 * @param {View} view
 */
function meanOf({ seeds, of }, view) {
  return `mean of ${seeds === of ? seeds : `${seeds} of ${of}`} seeds, %{customdata[0]:${signedFormat(view)}} to %{customdata[1]:${signedFormat(view)}}`;
}

/** @param {View} view */
function signedFormat(view) {
  return view.metric === "error" ? "+.1f" : "+.3f";
}

/** A test that lies further ahead than this belongs to seeds of which the mean knows nothing yet. */
const FAR = 1.15;

/**
 * Where no seed has a mean, only the name and why; null while there is nothing.
 * @param {Gap} gap
 * @param {View} view
 * @returns {LineEnd | null}
 */
function differenceEnd(gap, view) {
  const named = namedCurve(view);
  if (!named) return null;
  const [split, key] = named;
  const { band, curves } = differenceStats(gap, split, key);
  const { name, run } = gap;
  const made = { name, textColor: run.textColor, color: run.color };
  const value = band.mean.at(-1);
  if (value !== undefined) {
    const ends = differenceCurves(view).map((curve) => xs(differenceStats(gap, curve[0], curve[1]).band, run.card, view.x).at(-1) ?? 0);
    const note = [band.seeds < band.of && `${band.seeds} of ${band.of} seeds`, band.end && `until step ${band.end.step}`].filter(Boolean).join(", ");
    const own = lastOf(xs(band, run.card, view.x));
    return { ...made, note, value: signed(value, view.metric), x: Math.max(own, ...ends.filter((end) => end < FAR * own)), y: value };
  }
  const longest = curves.filter(({ step }) => step.length).toSorted((one, other) => lastOf(one.step) - lastOf(other.step)).at(-1);
  if (!longest || band.diverged < band.of) return null;
  return { ...made, note: band.of > 1 ? `all ${band.of} diverged` : "diverged", value: null, x: lastOf(xs(longest, run.card, view.x)), y: lastOf(longest.value) };
}

/**
 * `+6.1`, `−0.4`, `0.0`.
 * @param {number} value
 * @param {Metric} metric
 */
export function signed(value, metric) {
  const text = Math.abs(value).toFixed(metric === "error" ? 1 : 3);
  if (Number(text) === 0) return text;
  return `${value > 0 ? "+" : "−"}${text}`;
}
