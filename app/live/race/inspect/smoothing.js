/**
 * Training curves smoothed by choice: means over other numbers of steps than the stored ones, of the single steps that the
 * page holds. The runs keep their stored means beside them, for labels and tables. Pure functions.
 */
/** @import { Points, Run } from "../../types.js" */
/** @import { Series } from "../series.js" */
import { RUNNING_WINDOW } from "../../shared/run_states.js";

/** Steps of a mean that can be chosen; 1 is no smoothing. */
export const WINDOWS = [1, 20, 50, 100, 200];

/** @type {WeakMap<Series, Map<number, Series>>} */
const known = new WeakMap();

/**
 * The runs with other means; without a window, or with the stored one, the stored means, of forks those of their own steps.
 * @type {(runs: Run[], window?: number | null) => Run[]}
 */
export function smoothedRuns(runs, window) {
  const usual = !window || window === RUNNING_WINDOW;
  return runs.map((run) => {
    if (usual && run.card.parent === null) return run;
    return { ...run, series: usual ? forkSeries(run) : smoothedSeries(run.series, window), stored: run.series };
  });
}

/**
 * A fork as any run begins: its first means hold its own steps alone. The stored ones hold steps of its parent too, and draw
 * the jump of a cut as a slope. Where points were left out, a slope is too short to be seen.
 * @type {(run: Run) => Series}
 */
function forkSeries({ card, series }) {
  const byWindow = known.get(series) ?? new Map();
  known.set(series, byWindow);
  if (!byWindow.has(RUNNING_WINDOW)) {
    const begin = card.parent_step ?? 0;
    const drawn = () => {
      const points = series.drawn(), after = points.step.findIndex((step) => step >= begin + RUNNING_WINDOW);
      const count = after < 0 ? points.step.length : after;
      if (!count || points.step[0] !== begin + 1 || points.step[count - 1] !== begin + count) return points;
      const own = (/** @type {"error" | "loss"} */ name) => [
        ...means(points.step.slice(0, count), points[name].slice(0, count), RUNNING_WINDOW), ...points[`running_${name}`].slice(count),
      ];
      return { ...points, running_error: own("error"), running_loss: own("loss") };
    };
    byWindow.set(RUNNING_WINDOW, Object.assign(Object.create(series), { drawn }));
  }
  return byWindow.get(RUNNING_WINDOW);
}

/** The same object for a series and a window: what is computed of it is kept by it. @type {(series: Series, window: number) => Series} */
function smoothedSeries(series, window) {
  const byWindow = known.get(series) ?? new Map();
  known.set(series, byWindow);
  if (!byWindow.has(window)) {
    const drawn = () => {
      const points = series.drawn();
      return { ...points, running_error: means(points.step, points.error, window), running_loss: means(points.step, points.loss, window) };
    };
    byWindow.set(window, Object.assign(Object.create(series), { drawn }));
  }
  return byWindow.get(window);
}

/**
 * Of every step the mean over the values of the last `window` steps up to it. A value that is not finite is left out.
 * @type {(steps: number[], values: (number | null)[], window: number) => (number | null)[]}
 */
export function means(steps, values, window) {
  let first = 0, total = 0, count = 0;
  const counts = (/** @type {number | null} */ value) => value !== null && Number.isFinite(value);
  return steps.map((step, index) => {
    if (counts(values[index])) [total, count] = [total + Number(values[index]), count + 1];
    for (; steps[first] <= step - window; first += 1) if (counts(values[first])) [total, count] = [total - Number(values[first]), count - 1];
    return count && counts(values[index]) ? total / count : null;
  });
}
