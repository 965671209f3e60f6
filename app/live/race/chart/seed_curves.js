/**
 * The seeds of one arm as a picture: a band from the smallest to the largest, every seed as a thin line, the mean
 * dashed; of the test error the bold mean, with a whisker from the smallest to the largest wherever it was measured;
 * and what is said of it in words. Pure functions.
 */
/** @import { Run, Theme, View, Trace, Group, Band, RunEnd } from "../../types.js" */
import { LABELS, lastOf, onAxis, positive, sizes, xs } from "./axes.js";
import { seeThrough } from "../../shared/plot_style.js";
import { runningMean } from "../../shared/run_states.js";
import { onClock, seedStats } from "./seed_stats.js";
import { WIDTHS, axesOf, dash, markPx, namedCurve, numberFormat } from "./curves.js";
import { written } from "./labels.js";

const OPACITY = { band: 0.16, seed: 0.5 };
/** Where a band reaches zero, a log scale has no place for it: it goes on below the axis. */
const BELOW = 1e-6;

/**
 * group: { arm, note, runs } of seedGroups.
 * @param {Group} group
 * @param {View} view
 * @param {Theme} theme
 * @param {string} suffix
 * @returns {Trace[]}
 */
export function groupTraces(group, view, theme, suffix) {
  const show = new Set(view.curves);
  const [run] = group.runs;
  const { line, mark } = sizes(view);
  const color = run.color[theme.scheme];
  const list = [];
  if (show.has("running")) {
    const band = seedStats(group.runs, "train", `running_${view.metric}`);
    const what = `training ${view.metric}, ${runningMean()}`;
    list.push(area(band, group, view, theme, suffix), ...group.runs.map((seed) => thin(seed, band, view, theme, suffix)), {
      ...middle(band, group, view, suffix, what), mode: "lines", meta: "running",
      line: { color, width: WIDTHS.running * 1.2 * line, dash: dash(view) },
    });
  }
  if (show.has("clean")) {
    list.push({
      ...middle(seedStats(group.runs, "train_clean", view.metric), group, view, suffix, `clean training ${view.metric}`), mode: "markers", meta: "clean",
      marker: { symbol: `${run.mark}-open`, size: 7 * mark, color, line: { width: 1.5 * line } },
    });
  }
  if (show.has("test")) {
    const band = seedStats(group.runs, "test_subset", view.metric);
    list.push({
      ...middle(band, group, view, suffix, `test ${view.metric}`), mode: "lines+markers", meta: "test", error_y: whiskers(band, view, color),
      line: { color, width: WIDTHS.test * line }, marker: { symbol: run.mark, size: markPx(run, view), color },
    });
  }
  return list;
}

/**
 * From the smallest to the largest value, where something was measured: between there is nothing to show.
 * @param {Band} options
 * @param {View} view
 * @param {string} color
 */
export function whiskers({ mean, low, high }, view, color) {
  const bottom = view.scale === "log" ? low.map((value) => Math.max(value, BELOW)) : low;
  return {
    type: "data", symmetric: false, array: high.map((value, index) => value - mean[index]), arrayminus: bottom.map((value, index) => mean[index] - value),
    color: color, thickness: 1.5 * sizes(view).line, width: 4 * sizes(view).mark,
  };
}

/**
 * @param {Band} band
 * @param {Group} group
 * @param {View} view
 * @param {Theme} theme
 * @param {string} suffix
 */
function area(band, group, view, theme, suffix) {
  const x = bandX(band, group, view);
  const [low, high] = [band.low, band.high].map((values) => (view.scale === "log" ? values.map((value) => Math.max(value, BELOW)) : values));
  return areaTrace(x, low, high, group.runs[0].color[theme.scheme], { ...axesOf(suffix), name: group.arm });
}

/**
 * A filled band between two lines over the same x.
 * @param {number[]} x
 * @param {number[]} low
 * @param {number[]} high
 * @param {string} color
 * @param {Trace} axes
 */
export function areaTrace(x, low, high, color, axes) {
  return {
    ...axes, mode: "lines", x: [...x, ...x.toReversed()], y: [...high, ...low.toReversed()], fill: "toself", hoverinfo: "skip", meta: "band",
    fillcolor: seeThrough(color, OPACITY.band), line: { width: 0, color },
  };
}

/**
 * @param {Run} run
 * @param {Band} band
 * @param {View} view
 * @param {Theme} theme
 * @param {string} suffix
 */
function thin(run, band, view, theme, suffix) {
  const points = run.series.drawn();
  const { unit } = LABELS[view.metric];
  return {
    ...axesOf(suffix), name: run.label, run: run.card.run, steps: points.step, mode: "lines", meta: "seed", connectgaps: true, opacity: OPACITY.seed,
    x: view.x === "seconds" ? onClock(points, band) : xs(points, run.card, view.x), y: positive(points[`running_${view.metric}`], view.scale),
    line: { color: run.color[theme.scheme], width: WIDTHS.seed * sizes(view).line },
    hovertemplate: `${run.label} (seed ${run.card.seed})<br>${view.x} %{x:.4~g}<br>training ${view.metric}, ${runningMean()}: %{y:${numberFormat(view)}}${unit}<extra></extra>`,
  };
}

/**
 * The mean with what its hover says: of how many seeds, from the smallest to the largest, and where and why it ends.
 * @param {Band} band
 * @param {Group} group
 * @param {View} view
 * @param {string} suffix
 * @param {string} what
 */
function middle(band, group, view, suffix, what) {
  const number = numberFormat(view), { unit } = LABELS[view.metric];
  const lines = [
    group.arm, `${view.x} %{x:.4~g}`, `${what}: %{y:${number}}${unit}`,
    `mean of ${counted(band, group)}, %{customdata[0]:${number}} to %{customdata[1]:${number}}`, ...reasons(band),
  ];
  return {
    ...axesOf(suffix), name: group.arm, run: group.runs[0].card.run, steps: band.step,
    x: bandX(band, group, view), y: positive(band.mean, view.scale), customdata: ranges(band),
    hovertemplate: `${lines.join("<br>")}<extra></extra>`,
  };
}

/** @param {Band} band */
function ranges(band) {
  return (band.ranges ??= band.low.map((low, index) => [low, band.high[index]]));
}

/**
 * @param {Band} band
 * @param {Group} group
 * @param {View} view
 */
function bandX(band, group, view) {
  return xs(band, group.runs[0].card, view.x);
}

/**
 * `3 seeds`, `2 of 3 seeds`; runs that repeat a seed are called runs.
 * @param {Band} band
 * @param {Group} options
 */
export function counted(band, { runs }) {
  const word = new Set(runs.map(({ card }) => card.seed)).size === runs.length ? "seeds" : "runs";
  return band.seeds === band.of ? `${band.of} ${word}` : `${band.seeds} of ${band.of} ${word}`;
}

/**
 * Why seeds are missing in a mean, and why it ends before they all do.
 * @param {Band} options
 */
export function reasons({ seeds, of, diverged, end }) {
  const waiting = of - seeds - diverged;
  return [
    diverged && `${diverged} diverged`,
    waiting && `${waiting} without a value yet`,
    end && `the mean ends where seed ${end.seed} ${end.state === "finished" ? "finished" : end.state === "stopped" ? "was stopped" : end.state}, at step ${end.step}`,
  ].filter(Boolean);
}

/** A test that lies further ahead than this belongs to seeds of which the mean knows nothing yet. */
const FAR = 1.15;

/**
 * What endLabels needs of a group; where no seed has a mean, only the name and why. Null while there is nothing.
 * @param {Group} group
 * @param {View} view
 * @returns {RunEnd | null}
 */
export function groupEnd(group, view) {
  const named = namedCurve(view);
  if (!named) return null;
  const [split, key] = named;
  const band = seedStats(group.runs, split, key);
  const [run] = group.runs;
  const made = { run, name: group.arm, textColor: run.textColor, color: run.color };
  const note = [group.note, band.seeds < band.of && counted(band, group), band.end && `until step ${band.end.step}`].filter(Boolean).join(", ");
  const value = band.mean.at(-1);
  if (value !== undefined) {
    if (view.scale === "log" && value <= 0) return null;
    const tested = view.curves.includes("test") ? bandX(seedStats(group.runs, "test_subset", view.metric), group, view).at(-1) ?? 0 : 0;
    const trained = lastOf(bandX(band, group, view));
    // Beside both lines, unless the test of a seed far ahead would take the name away from its line.
    return { ...made, note, x: tested < FAR * trained ? Math.max(trained, tested) : trained, number: value, value: written(value, view.metric), y: onAxis(value, view) };
  }
  if (band.diverged < band.of) return null;
  const ends = group.runs.flatMap(({ card, series }) => {
    const y = series.latest(split, key);
    return y === undefined ? [] : [{ x: lastOf(xs(series[split], card, view.x)), y }];
  });
  const shown = ends.filter(({ y }) => view.scale !== "log" || y > 0);
  if (!shown.length) return null;
  const furthest = shown.reduce((a, b) => (b.x > a.x ? b : a));
  return { ...made, note: `all ${band.of} diverged`, x: furthest.x, value: null, y: onAxis(furthest.y, view) };
}

/**
 * The longest label of a group, so that the room for it does not change with what happens to its seeds.
 * @param {Group} options
 */
export function groupName({ arm, note, runs }) {
  return { name: arm, note: [note, `1 of ${runs.length} seeds`].filter(Boolean).join(", ") };
}
