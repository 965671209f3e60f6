/**
 * Above 16 runs a chart of every mark of every run takes too long to draw and cannot be read either. Then the single
 * steps are left out, test curves have no marks, of the clean marks a few stay, and what looks alike is one trace, so
 * that a redraw stays quick. The strip below the chart says so. Pure functions of what figure.js made.
 */
import { thinned } from "./thin.js";

export const MANY = 16;
/** Clean marks that stay of a run: the extremes of its buckets and the last. */
const MARKS = 8;

/** What is left out when there are so many runs, in words; empty when nothing is. */
export function leftOut(runs, curves) {
  if (runs.length <= MANY) return "";
  const words = [curves.includes("raw") && "single steps", curves.includes("clean") && "most clean marks", curves.includes("test") && "test marks"];
  const named = words.filter(Boolean);
  return named.length ? `${named.join(", ")} left out above ${MANY} runs` : "";
}

/** data: Plotly's traces; `meta` says which curve one is, `run` and `steps` whose points. Returns fewer of them. */
export function lighter(data, runs) {
  if (runs.length <= MANY) return data;
  const groups = Map.groupBy(data.filter(({ meta }) => meta !== "raw").map(lightened), likeness);
  return [...groups.values()].flatMap((alike) => (alike.length > 1 ? [joined(alike)] : alike));
}

function lightened(trace) {
  if (trace.meta === "test") {
    const { marker, ...line } = trace;
    return { ...line, mode: "lines" };
  }
  if (trace.meta === "clean" && trace.x.length > MARKS) return { ...trace, ...few(trace) };
  return trace;
}

function few({ x, y, steps }) {
  const kept = thinned({ step: steps, index: steps.map((_, index) => index), loss: y, error: y }, MARKS).index;
  return { x: kept.map((index) => x[index]), y: kept.map((index) => y[index]), steps: kept.map((index) => steps[index]) };
}

/** Curves that differ in their points alone are alike; what is no run's curve is like nothing else. */
function likeness(trace) {
  const { x, y, steps, run, hovertemplate, ...look } = trace;
  return run === undefined || !steps ? trace : JSON.stringify(look);
}

/** One trace of several, with a gap between two; `runs` says of every point whose it is. */
function joined(alike) {
  const all = { x: [], y: [], steps: [], runs: [], hovertemplate: [] };
  const put = (x, y, step, run, template) => {
    all.x.push(x);
    all.y.push(y);
    all.steps.push(step);
    all.runs.push(run);
    all.hovertemplate.push(template);
  };
  for (const trace of alike) {
    trace.x.forEach((x, index) => {
      // A gap is where the next run begins; a mean that was not told is no gap.
      if (trace.y[index] !== null || !trace.connectgaps) put(x, trace.y[index], trace.steps[index], trace.run, trace.hovertemplate);
    });
    put(null, null, null, trace.run, "");
  }
  const { run, ...first } = alike[0];
  return { ...first, ...all, connectgaps: false };
}
