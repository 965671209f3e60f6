/**
 * The seeds of one arm as traces. Training: a band from the smallest to the largest value, each seed as a thin line, the
 * mean thick. Test: the mean dotted, with whiskers from the smallest to the largest value. Pure functions.
 */
/** @import { Run, Theme, View, Trace, Group, Band, Curve, RunEnd } from "../../types.js" */
import { axesOf, lastOf, onAxis, positive, sizes, xs } from "./axes.js";
import { seeThrough } from "../../shared/plot_style.js";
import { curveOf, onClock, seedStats } from "./seed_stats.js";
import { curveStyles, curveTable, hoverText, nameOf, namedCurves, numberFormat, toldCurve, toldMark, withStored } from "./curves.js";
import { sum } from "../../shared/format.js";
import { written } from "./labels.js";

/** The thick line of a mean is wider than a run's by this factor. */
export const MEAN_WIDER = 1.2;
const BAND_OPACITY = 0.16;
/** A log scale has no zero. A band that reaches zero ends below the axis, at this value. */
const BELOW = 1e-6;
/** A mean that reaches this share of its furthest seed's way has the name; until then that seed has it. */
const CAUGHT_UP = 0.9;

/**
 * group: { arm, note, runs } of seedGroups.
 * @type {(group: Group, view: View, theme: Theme, suffix: string) => Trace[]}
 */
export function groupTraces(group, view, theme, suffix) {
  const { arm: name, runs } = group;
  const [run] = runs;
  const styles = curveStyles(run, view, theme, MEAN_WIDER);
  return Object.entries(curveTable(view)).filter(([curve]) => view.curves.includes(curve)).flatMap(([curve, [split, key, words]]) => {
    const band = seedStats(runs, split, key);
    const more = [meanText(band, runs, view), ...reasons(band)];
    const mean = { ...meanTrace(band, run, view, suffix), ...styles[curve], name, run: run.card.run, steps: band.step, hovertemplate: hoverText(name, view, words, more) };
    if (curve === "running") return [{ ...areaTrace(band, run, view, theme, suffix), name }, ...runs.map((seed) => seedTrace(seed, band, view, theme, suffix)), mean];
    if (curve === "clean" && toldCurve(runs.map(withStored), view).end) return [mean, toldMark(mean)];
    return curve === "test" ? [{ ...mean, error_y: whiskers(band, run, view, theme) }] : [mean];
  });
}

/**
 * Whiskers from the smallest to the largest value at the steps of a test.
 * @type {(band: Band, run: Run, view: View, theme: Theme) => Trace}
 */
export function whiskers({ mean, low, high }, run, view, theme) {
  const { line, mark } = sizes(view);
  return {
    type: "data", symmetric: false, array: high.map((value, index) => value - mean[index]), arrayminus: aboveZero(low, view).map((value, index) => mean[index] - value),
    color: run.color[theme.scheme], thickness: 1.5 * line, width: 4 * mark,
  };
}

/**
 * A filled band from the smallest to the largest value.
 * @type {(band: Band, run: Run, view: View, theme: Theme, suffix: string) => Trace}
 */
export function areaTrace(band, run, view, theme, suffix) {
  const [low, high] = [band.low, band.high].map((values) => aboveZero(values, view));
  const x = xs(band, run.card, view.x);
  const color = run.color[theme.scheme];
  return {
    ...axesOf(suffix), mode: "lines", x: [...x, ...x.toReversed()], y: [...high, ...low.toReversed()], fill: "toself", hoverinfo: "skip", meta: "band",
    fillcolor: seeThrough(color, BAND_OPACITY), line: { width: 0, color },
  };
}

/** @type {(values: number[], view: View) => number[]} */
function aboveZero(values, { scale }) {
  return scale === "log" ? values.map((value) => Math.max(value, BELOW)) : values;
}

/** @type {(run: Run, band: Band, view: View, theme: Theme, suffix: string) => Trace} */
function seedTrace(run, band, view, theme, suffix) {
  const points = run.series.drawn();
  const [, key, words] = curveTable(view).running;
  return {
    ...axesOf(suffix), ...curveStyles(run, view, theme).seed, name: run.label, run: run.card.run, steps: points.step, connectgaps: true,
    x: view.x === "seconds" ? onClock(points, band) : xs(points, run.card, view.x), y: positive(points[key], view.scale),
    hovertemplate: hoverText(`${run.label} (seed ${run.card.seed})`, view, words),
  };
}

/**
 * The mean without its style and its hover. run: the run that gives the epochs.
 * @type {(band: Band, run: Run, view: View, suffix: string) => Trace}
 */
export function meanTrace(band, run, view, suffix) {
  const customdata = (band.ranges ??= band.low.map((low, index) => [low, band.high[index]]));
  return { ...axesOf(suffix), x: xs(band, run.card, view.x), y: positive(band.mean, view.scale), customdata };
}

/**
 * How many seeds a mean has, and their smallest and largest value, as a line of a hover.
 * @type {(band: Band, runs: Run[], view: View) => string}
 */
export function meanText(band, runs, view) {
  const number = numberFormat(view);
  return `mean of ${counted(band, runs)}, %{customdata[0]:${number}} to %{customdata[1]:${number}}`;
}

/**
 * `3 seeds`, `2 of 3 seeds`; runs that repeat a seed are called runs.
 * @type {(band: Band, runs: Run[]) => string}
 */
function counted({ seeds, of }, runs) {
  const noun = new Set(runs.map(({ card }) => card.seed)).size === runs.length ? "seeds" : "runs";
  return seeds === of ? `${of} ${noun}` : `${seeds} of ${of} ${noun}`;
}

/**
 * Why seeds are missing in a mean, and why the mean ends before all seeds do.
 * @param {Band} options
 */
export function reasons({ seeds, of, diverged, end }) {
  const waiting = of - seeds - diverged;
  return [
    diverged && `${diverged} diverged`,
    waiting && `${waiting} without a value yet`,
    end && `the mean ends where seed ${end.seed} ${end.state === "finished" ? "finished" : end.state === "stopped" ? "was stopped" : end.state}, at step ${end.step}`,
  ].filter((text) => typeof text === "string");
}

/**
 * Where the name of several seeds stands, and of how many of them its value is. Seeds train one after another: the mean
 * begins anew with each, and the name stays with the seeds that are furthest until the mean comes near to them.
 * curves: of every seed. bare: the seeds' own lines are not drawn, so no name can stand at one.
 * @type {(band: Band, curves: (Curve & { diverged?: boolean })[], runs: Run[], bare?: boolean) => { step: number, seconds: number, value: number, note: string } | null}
 */
export function furthest(band, curves, runs, bare = false) {
  const end = band.step.length - 1;
  if (end < 0) return null;
  const begun = curves.filter(({ step, diverged }) => step.length && !diverged);
  const most = Math.max(...begun.map(({ step }) => lastOf(step)));
  if (bare || band.end || band.step[end] >= CAUGHT_UP * most) {
    const note = [band.seeds < band.of && counted(band, runs), band.end && `until step ${band.end.step}`].filter(Boolean).join(", ");
    return { step: band.step[end], seconds: band.seconds[end], value: band.mean[end], note };
  }
  const ahead = begun.filter(({ step }) => lastOf(step) >= CAUGHT_UP * most);
  const mean = (/** @type {"step" | "seconds" | "value"} */ key) => sum(ahead, (curve) => lastOf(curve[key])) / ahead.length;
  return { step: mean("step"), seconds: mean("seconds"), value: mean("value"), note: counted({ ...band, seeds: ahead.length }, runs) };
}

/**
 * What endLabels needs of a group; where no seed has a mean, only the name and why. Null while there is nothing.
 * @type {(group: Group, view: View) => RunEnd | null}
 */
export function groupEnd(group, view) {
  const { arm } = group, runs = group.runs.map(withStored);
  const [run] = group.runs;
  const { curve: [split, key], kind } = toldCurve(runs, view);
  const band = seedStats(runs, split, key);
  const end = furthest(band, runs.map((seed) => ({ ...curveOf(seed, split, key), diverged: seed.card.state === "diverged" })), runs, view.bare);
  if (end) {
    const { value } = end;
    if (view.scale === "log" && value <= 0) return null;
    const [[drawn, column]] = namedCurves(view), mean = seedStats(group.runs, drawn, column);
    const [x] = xs({ step: [end.step], seconds: [end.seconds] }, run.card, view.x);
    return { ...nameOf(run, arm), kind, curve: { x: xs(mean, run.card, view.x), y: mean.mean }, note: [group.note, end.note].filter(Boolean).join(", "), x, number: value, value: written(value, view.metric), y: onAxis(value, view) };
  }
  if (band.diverged < band.of) return null;
  const ends = runs.flatMap(({ card, series }) => {
    const y = series.latest(split, key);
    return y === undefined || (view.scale === "log" && y <= 0) ? [] : [{ x: lastOf(xs(series[split], card, view.x)), y }];
  });
  if (!ends.length) return null;
  const { x, y } = ends.reduce((a, b) => (b.x > a.x ? b : a));
  return { ...nameOf(run, arm), note: `all ${band.of} diverged`, x, value: null, y: onAxis(y, view) };
}
