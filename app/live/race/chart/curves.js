/**
 * The curves of one run and the name at its end. Style of Fig. 6 (He et al. 2015): training error thin and dashed over
 * the faint single steps, test error bold; hue = shortcut, lightness = depth. Pure functions.
 */
/** @import { Run, Theme, View, Trace, ForkPoint, Split, RunEnd } from "../../types.js" */
import { LABELS, lastOf, onAxis, positive, sizes, xs } from "./axes.js";
import { written } from "./labels.js";
import { runningMean } from "../../shared/run_states.js";

/** From back to front, over all runs of a panel. */
const ORDER = ["band", "raw", "seed", "running", "clean", "test", "dot", "change"];
/** Widths of the lines in pixels. */
export const WIDTHS = { raw: 1, seed: 1, running: 1.8, test: 3 };

/**
 * Longer where lines are thicker.
 * @param {{ big?: boolean }} view
 */
export function dash(view) {
  const { line } = sizes(view);
  return `${5 * line}px,${3 * line}px`;
}

/** @param {Trace[]} traces */
export function inOrder(traces) {
  return traces.toSorted((a, b) => ORDER.indexOf(a.meta) - ORDER.indexOf(b.meta));
}

/**
 * raw: whether single steps are drawn; join: where a fork leaves its parent (see chart/fork_lineage.js), or null.
 * @param {Run} run
 * @param {View} view
 * @param {Theme} theme
 * @param {string} suffix
 * @param {{ raw: boolean, join: ForkPoint | null }} options
 */
export function runTraces(run, view, theme, suffix, { raw, join }) {
  const { card, series } = run;
  const color = run.color[theme.scheme];
  const show = new Set(view.curves);
  const points = series.drawn();
  // `run` and `steps` are for whoever clicks a point.
  const axes = { ...axesOf(suffix), name: run.label, run: card.run, steps: points.step };
  const { line, mark } = sizes(view);
  const hover = (/** @type {string} */ what) => hoverWords(run.label, view, what);
  /** @type {Trace[]} */
  const list = [];
  if (show.has("raw") && raw) {
    list.push({
      ...axes, mode: "lines", x: xs(points, card, view.x), y: positive(points[view.metric], view.scale),
      line: { color, width: WIDTHS.raw * line }, opacity: 0.22, hoverinfo: "skip", meta: "raw",
    });
  }
  if (show.has("running")) {
    const [x, y] = [xs(points, card, view.x), positive(points[`running_${view.metric}`], view.scale)];
    list.push({
      ...axes, mode: "lines", ...(join ? { x: [join.x, ...x], y: [join.y, ...y], steps: [card.parent_step, ...points.step] } : { x, y }),
      connectgaps: true, line: { color, width: WIDTHS.running * line, dash: dash(view) }, meta: "running",
      hovertemplate: hover(`training ${view.metric}, ${runningMean()}:`),
    });
  }
  if (show.has("clean")) {
    list.push({
      ...axes, steps: series.train_clean.step, mode: "markers", x: xs(series.train_clean, card, view.x),
      y: positive(series.train_clean[view.metric], view.scale), meta: "clean",
      marker: { symbol: `${run.mark}-open`, size: 7 * mark, color, line: { width: 1.5 * line } },
      hovertemplate: hover(`clean training ${view.metric}:`),
    });
  }
  if (show.has("test")) {
    list.push({
      ...axes, steps: series.test_subset.step, mode: "lines+markers", x: xs(series.test_subset, card, view.x),
      y: positive(series.test_subset[view.metric], view.scale), meta: "test",
      line: { color, width: WIDTHS.test * line }, marker: { symbol: run.mark, size: markPx(run, view), color },
      hovertemplate: hover(`test ${view.metric}:`),
    });
  }
  return list;
}

/** @param {string} suffix */
export function axesOf(suffix) {
  return { xaxis: `x${suffix}`, yaxis: `y${suffix}`, type: "scatter" };
}

/**
 * @param {Run} run
 * @param {View} view
 */
export function markPx(run, view) {
  return (run.mark === "circle" ? 6 : 8) * sizes(view).mark;
}

/**
 * @param {string} name
 * @param {View} view
 * @param {string} what
 */
function hoverWords(name, view, what) {
  return `${name}<br>${view.x} %{x:.4~g}<br>${what} %{y:${numberFormat(view)}}${LABELS[view.metric].unit}<extra></extra>`;
}

/** @param {View} view */
export function numberFormat(view) {
  return view.metric === "error" ? ".1f" : ".3f";
}

/**
 * Which curve carries the names: the dashed one, or the bold one where that is not drawn; null where neither is.
 * @param {View} options
 * @returns {[split: Split, key: string] | null}
 */
export function namedCurve({ curves, metric }) {
  if (curves.includes("running")) return ["train", `running_${metric}`];
  return curves.includes("test") ? ["test_subset", metric] : null;
}

/**
 * What endLabels needs of a run, or null.
 * @param {Run} run
 * @param {View} view
 * @param {string} [note]
 * @returns {RunEnd | null}
 */
export function runEnd(run, view, note = "") {
  const named = namedCurve(view);
  if (!named) return null;
  const [split, key] = named;
  const value = run.series.latest(split, key);
  if (value === undefined || (view.scale === "log" && value <= 0)) return null;
  const x = lastOf(xs(run.series[split], run.card, view.x));
  const tested = view.curves.includes("test") ? xs(run.series.test_subset, run.card, view.x).at(-1) ?? x : x;
  // By the clock, the last test comes a little later than the last step.
  return { run, name: run.label, note, x: Math.max(x, tested), number: value, value: written(value, view.metric), y: onAxis(value, view), textColor: run.textColor, color: run.color };
}
