/**
 * Above 16 runs a chart of every mark of every run takes too long to draw and cannot be read either. Then the single
 * steps are left out, the seeds' own lines where they have a band, marks and whiskers, and curves that look alike are
 * one trace, so that a redraw stays quick. The strip below the chart says so. Pure functions of what chart/figure.js made.
 */
/** @import { Trace } from "../../types.js" */
export const MANY = 16;
/** The curves of single runs; a mean has more to say of each of its points than whose it is. */
const JOINED = new Set(["running", "seed", "test", "clean"]);
const LINES = new Set(["running", "test"]);

/**
 * What is left out of so many runs, in words; empty when nothing is. `banded`: whether seeds are drawn as bands.
 * @type {(runs: unknown[], curves: string[], banded?: boolean) => string}
 */
export function leftOut(runs, curves, banded = false) {
  if (runs.length <= MANY) return "";
  const shown = (/** @type {string} */ curve) => curves.includes(curve);
  const words = [
    banded ? shown("running") && "the seeds' own lines" : shown("raw") && "single steps",
    shown("test") && (banded ? "marks and whiskers of test curves" : "marks of test curves"),
    shown("clean") && (shown("running") || shown("test")) && "clean marks",
  ].filter(Boolean);
  return words.length ? `not drawn of more than ${MANY} runs: ${words.join(", ")}` : "";
}

/**
 * Fewer of Plotly's traces. `meta` names the curve of a trace, `run` and `steps` the origin of its points.
 * @type {(data: Trace[], runs: unknown[]) => Trace[]}
 */
export function lighter(data, runs) {
  if (runs.length <= MANY) return data;
  const metas = new Set(data.map(({ meta }) => meta));
  const without = new Set(["raw", metas.has("band") && "seed", [...LINES].some((line) => metas.has(line)) && "clean"]);
  const groups = Map.groupBy(data.filter(({ meta }) => !without.has(meta)).map(lightened), likeness);
  return [...groups.values()].map((alike) => (alike.length > 1 ? joined(alike) : alike[0]));
}

/** @param {Trace} trace */
function lightened(trace) {
  if (trace.meta !== "test") return trace;
  const { marker, error_y, ...line } = trace;
  return { ...line, mode: "lines" };
}

/**
 * The key of the curves that become one trace. A trace of another kind is a key of its own.
 * @param {Trace} trace
 */
function likeness(trace) {
  if (!JOINED.has(trace.meta) || trace.customdata) return trace;
  const { x, y, steps, run, name, hovertemplate, ...look } = trace;
  return JSON.stringify(look);
}

/**
 * One trace of several, with a gap between two; `runs` says of every point whose it is.
 * @param {Trace[]} alike
 */
function joined(alike) {
  const { run, name, ...first } = alike[0];
  /** @type {Record<string, unknown[]>} */
  const all = { x: [], y: [], steps: [], runs: [], hovertemplate: [] };
  const put = (/** @type {unknown[]} */ ...values) => Object.values(all).forEach((column, index) => column.push(values[index]));
  for (const trace of alike) {
    trace.x.forEach((/** @type {number} */ x, /** @type {number} */ index) => {
      // A running mean that was not sent is no gap. A gap separates two runs.
      if (trace.y[index] !== null || !trace.connectgaps) put(x, trace.y[index], trace.steps[index], trace.run, trace.hovertemplate);
    });
    put(null, null, null, trace.run, "");
  }
  return { ...first, ...all, connectgaps: false };
}
