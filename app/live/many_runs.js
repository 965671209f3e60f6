/**
 * Above 16 runs a chart of every mark of every run takes too long to draw and cannot be read either. Then the single
 * steps are left out, test curves have no marks, of the clean marks a few stay, and curves that look alike are one
 * trace, so that a redraw stays quick. The strip below the chart says so. Pure functions of what figure.js made.
 */
import { thinned } from "./thin.js";

export const MANY = 16;
/** Clean marks that stay of a curve: the extremes of its buckets and the last. */
const MARKS = 8;
/** The curves of single runs; a mean has more to say of each of its points than whose it is. */
const JOINED = new Set(["running", "seed", "test", "clean"]);

/** What is left out of so many runs, in words; empty when nothing is. */
export function leftOut(runs, curves) {
  if (runs.length <= MANY) return "";
  const names = { raw: "single steps", test: "marks of test curves", clean: "most clean marks" };
  const words = Object.keys(names).filter((curve) => curves.includes(curve)).map((curve) => names[curve]);
  return words.length ? `above ${MANY} runs left out: ${words.join(", ")}` : "";
}

/** data: Plotly's traces; `meta` says which curve one is, `run` and `steps` whose points. Returns fewer of them. */
export function lighter(data, runs) {
  if (runs.length <= MANY) return data;
  const groups = Map.groupBy(data.filter(({ meta }) => meta !== "raw").map(lightened), likeness);
  return [...groups.values()].map((alike) => (alike.length > 1 ? joined(alike) : alike[0]));
}

function lightened(trace) {
  if (trace.meta === "test") {
    const { marker, ...line } = trace;
    return { ...line, mode: "lines" };
  }
  return trace.meta === "clean" && trace.x.length > MARKS ? fewer(trace) : trace;
}

function fewer(trace) {
  const { steps, y } = trace;
  const { index: kept } = thinned({ step: steps, index: steps.map((_, index) => index), loss: y, error: y }, MARKS);
  const columns = Object.entries(trace).filter(([, column]) => Array.isArray(column) && column.length === steps.length);
  return { ...trace, ...Object.fromEntries(columns.map(([key, column]) => [key, kept.map((index) => column[index])])) };
}

/** What curves have in common that are drawn as one; a trace of another kind is like nothing else. */
function likeness(trace) {
  if (!JOINED.has(trace.meta) || trace.customdata) return trace;
  const { x, y, steps, run, name, hovertemplate, ...look } = trace;
  return JSON.stringify(look);
}

/** One trace of several, with a gap between two; `runs` says of every point whose it is. */
function joined(alike) {
  const { run, name, ...first } = alike[0];
  const all = { x: [], y: [], steps: [], runs: [], hovertemplate: [] };
  const put = (...values) => Object.values(all).forEach((column, index) => column.push(values[index]));
  for (const trace of alike) {
    trace.x.forEach((x, index) => {
      // A mean that was not told is no gap: gaps are where the next run begins.
      if (trace.y[index] !== null || !trace.connectgaps) put(x, trace.y[index], trace.steps[index], trace.run, trace.hovertemplate);
    });
    put(null, null, null, trace.run, "");
  }
  return { ...first, ...all, connectgaps: false };
}
