/**
 * The curves of one run and the name at its end. Training error is thick, because the claim is about it, over the faint
 * single steps; test error is dotted, with marks; hue = shortcut, lightness = depth. Pure functions.
 */
/** @import { Run, Theme, View, Trace, ForkPoint, Points, RunEnd, DifferenceCurve } from "../../types.js" */
import { LABELS, axesOf, lastOf, onAxis, positive, sizes, xs } from "./axes.js";
import { written } from "./labels.js";
import { ENDED, RUNNING_WINDOW, runningMean } from "../../shared/run_states.js";

/** From back to front, over all runs of a panel. */
const ORDER = ["band", "raw", "seed", "imported", "test", "running", "clean", "link", "told", "dot", "stated", "change", "beyond"];
/**
 * Open marks beside words, by Plotly's name of the mark.
 * @type {Record<string, string>}
 */
const OPEN = { circle: "○", square: "□", diamond: "◇", "triangle-up": "△", "triangle-down": "▽", star: "☆", cross: "✚", x: "✖" };
/** A name that says the clean error of a race that has ended. */
export const AT_END = "at the end";
/** The mark that a label is about is larger by this factor. */
const TOLD_LARGER = 1.6;
/** Where a point stands, in the words of the cross-hair: a step is never rounded. */
const PLACES = { step: "step %{x:,d}", epoch: "epoch %{x:.2f}", seconds: "%{x:.1f} s of training" };
/** Widths of the lines in pixels. */
export const WIDTHS = { raw: 1, seed: 1, running: 2.6, test: 1.5 };

/**
 * The dots of the test curve are larger where lines are thicker.
 * @param {{ big?: boolean }} view
 */
export function dots(view) {
  const { line } = sizes(view);
  return `${1.5 * line}px,${3 * line}px`;
}

/** @type {(traces: Trace[]) => Trace[]} */
export function inOrder(traces) {
  return traces.toSorted((a, b) => ORDER.indexOf(a.meta) - ORDER.indexOf(b.meta));
}

/**
 * The smoothed and the evaluated curves by name: what of a run, in which column, under which words.
 * @type {(view: Pick<View, "metric" | "smoothing">) => Record<"running" | "clean" | "test", DifferenceCurve>}
 */
export function curveTable({ metric, smoothing }) {
  return {
    running: ["train", `running_${metric}`, `training ${metric}, ${runningMean(smoothing)}`],
    clean: ["train_clean", metric, `clean training ${metric}`],
    test: ["test_subset", metric, `test ${metric}`],
  };
}

/**
 * Plotly's style of each curve of a run. wider: the factor of the thick line's width.
 * @type {(run: Run, view: View, theme: Theme, wider?: number) => Record<string, Trace>}
 */
export function curveStyles(run, view, theme, wider = 1) {
  const color = run.color[theme.scheme];
  const { line, mark } = sizes(view);
  const markPx = (run.mark === "circle" ? 5 : 7) * mark;
  return {
    raw: { mode: "lines", meta: "raw", line: { color, width: WIDTHS.raw * line }, opacity: 0.22, hoverinfo: "skip" },
    seed: { mode: "lines", meta: "seed", line: { color, width: WIDTHS.seed * line }, opacity: 0.5 },
    running: { mode: "lines", meta: "running", line: { color, width: WIDTHS.running * wider * line } },
    clean: { mode: "markers", meta: "clean", marker: { symbol: `${run.mark}-open`, size: 7 * mark, color, line: { width: 1.5 * line } } },
    test: { mode: "lines+markers", meta: "test", line: { color, width: WIDTHS.test * line, dash: dots(view) }, marker: { symbol: run.mark, size: markPx, color } },
  };
}

/**
 * raw: whether single steps are drawn; join: where a fork leaves its parent (see chart/edit_marks.js), or null.
 * @param {Run} run
 * @param {View} view
 * @param {Theme} theme
 * @param {string} suffix
 * @param {{ raw: boolean, join: ForkPoint | null }} options
 * @returns {Trace[]}
 */
export function runTraces(run, view, theme, suffix, { raw, join }) {
  const { card, series } = run;
  const styles = curveStyles(run, view, theme);
  // `run` and `steps` tell the step of a clicked point.
  const curve = (/** @type {Points} */ points, /** @type {string} */ key) => ({
    ...axesOf(suffix), name: run.label, run: card.run, steps: points.step, x: xs(points, card, view.x), y: positive(points[key], view.scale),
  });
  /** @type {Trace[]} */
  const list = view.curves.includes("raw") && raw ? [{ ...curve(series.drawn(), view.metric), ...styles.raw }] : [];
  for (const [name, [split, key, words]] of Object.entries(curveTable(view))) {
    if (!view.curves.includes(name)) continue;
    const trace = { ...curve(split === "train" ? series.drawn() : series[split], key), ...styles[name], hovertemplate: hoverText(run.label, view, words) };
    if (name === "running") Object.assign(trace, { connectgaps: true }, join && { x: [join.x, ...trace.x], y: [join.y, ...trace.y], steps: [card.parent_step, ...trace.steps] });
    list.push(trace);
    if (name === "clean" && toldCurve([run], view).end) list.push(toldMark(trace));
  }
  return list;
}

/**
 * The last mark of a trace, larger: the label at its curve is about it.
 * @type {(trace: Trace) => Trace}
 */
export function toldMark({ marker, ...trace }) {
  const last = Object.fromEntries(["x", "y", "steps", "customdata"].flatMap((key) => (trace[key] ? [[key, trace[key].slice(-1)]] : [])));
  return { ...trace, ...last, meta: "told", marker: { ...marker, size: TOLD_LARGER * marker.size, line: { ...marker.line, width: TOLD_LARGER * marker.line.width } } };
}

/**
 * A trace that keeps the axes of a panel without curves.
 * @param {string} suffix
 */
export function emptyTrace(suffix) {
  return { ...axesOf(suffix), x: [null], y: [null], hoverinfo: "skip", meta: "unseen" };
}

/**
 * Plotly's template of a curve's hover: name, place and value in lines, then more lines. The gap chart has differences.
 * @type {(name: string, view: View, words: string, more?: string[]) => string}
 */
export function hoverText(name, view, words, more = []) {
  const { unit, difference } = LABELS[view.metric];
  const number = `%{y:${numberFormat(view)}}`;
  const value = view.layout === "gap" ? `difference in ${words}: ${number} ${difference}` : `${words}: ${number}${unit}`;
  return `${[name, PLACES[view.x], value, ...more].join("<br>")}<extra></extra>`;
}

/** @type {(view: View) => string} */
export function numberFormat({ metric, layout }) {
  return `${layout === "gap" ? "+" : ""}${metric === "error" ? ".1f" : ".3f"}`;
}

/**
 * The smoothed and the test curve where they are drawn. The first carries the names; none does where neither is drawn.
 * @type {(view: View) => DifferenceCurve[]}
 */
export function namedCurves(view) {
  const { running, test } = curveTable(view);
  return Object.entries({ running, test }).flatMap(([name, curve]) => (view.curves.includes(name) ? [curve] : []));
}

/**
 * What endLabels needs of a run, or null.
 * @type {(run: Run, view: View) => RunEnd | null}
 */
export function runEnd(run, view) {
  const { curve: [split, key], kind } = toldCurve([run], view);
  const value = run.series.latest(split, key);
  if (value === undefined || (view.scale === "log" && value <= 0)) return null;
  const [[drawn, column]] = namedCurves(view);
  const points = drawn === "train" ? run.series.drawn() : run.series[drawn];
  const curve = { x: xs(points, run.card, view.x), y: points[column] };
  return { ...nameOf(run, run.label), kind, curve, x: lastOf(xs(run.series[split], run.card, view.x)), number: value, value: written(value, view.metric), y: onAxis(value, view) };
}

/**
 * The curve whose last value stands beside a name, as in the headline: the running error, and of a race that has ended the
 * clean one (`end`), whose mark stands in the label. Runs: one, the seeds of an arm, or both sides of a difference.
 * @type {(runs: Run[], view: View) => { curve: DifferenceCurve, kind: string, end: boolean }}
 */
export function toldCurve(runs, view) {
  const { curves, gaps, layout, metric } = view;
  // A fork of a race that has ended may go on.
  const ended = runs.every(({ card }) => ENDED.has(card.state));
  const over = gaps ? gaps.end && (ended || layout === "gap") : ended;
  const measured = runs.every(({ series }) => series.train_clean.step.length && series.train_clean.step.at(-1) === series.train.step.at(-1));
  const seen = curves.includes("running") && (layout === "gap" || curves.includes("clean"));
  if (over && measured && seen && metric === "error") return { curve: curveTable(view).clean, kind: `${AT_END} ${OPEN[runs[0].mark]}`, end: true };
  const [curve] = namedCurves(view);
  return { curve, kind: view.smoothing && curve[0] === "train" ? `${RUNNING_WINDOW}-step mean` : "", end: false };
}

/**
 * A run with the stored means: a number is of these, however the curve is smoothed.
 * @param {Run} run
 */
export function withStored(run) {
  return run.stored ? { ...run, series: run.stored } : run;
}

/** @type {(run: Run, name: string) => Pick<RunEnd, "run" | "name" | "textColor" | "color">} */
export function nameOf(run, name) {
  return { run, name, textColor: run.textColor, color: run.color };
}
