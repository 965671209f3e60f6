/**
 * What runs are called, and which of them are compared. A run with a difference is an arm of its own: a fork, a run that
 * was changed while it trained, one of another recipe. The server says which and why (engine/analysis/difference.py). Pure
 * functions.
 */
/** @import { Run, Card } from "../types.js" */

/**
 * Whether a run is a seed of its arm.
 * @param {Pick<Run, "card">} run
 */
export function isComparable({ card }) {
  return !card.difference;
}

/**
 * The runs without a difference, all of them where each has one.
 * @type {<R extends Pick<Run, "card">>(runs: R[]) => R[]}
 */
export function comparable(runs) {
  const list = runs.filter(isComparable);
  return list.length ? list : runs;
}

/**
 * The depth of a net as people say it: `56`, or `12 blocks (50 layers)`.
 * @type {(card: Pick<Card, "depth" | "depth_name">) => string}
 */
export function depthName({ depth, depth_name: name }) {
  return name ?? String(depth);
}

/**
 * A name with the difference of its run: `A-56, shortcuts cut at 60`.
 * @type {(name: string, card: Card) => string}
 */
export function withDifference(name, { difference_name: difference }) {
  return difference ? `${name}, ${difference}` : name;
}

/**
 * Name the runs: as the page named them (`usual`), with their differences; where two have one name, with their numbers.
 * @param {Pick<Run, "card" | "label" | "usual">[]} runs
 */
export function nameRuns(runs) {
  for (const run of runs) run.label = withDifference(run.usual, run.card);
  for (const same of Map.groupBy(runs, ({ label }) => label).values()) {
    if (same.length > 1) for (const run of same) run.label += ` (run ${run.card.run})`;
  }
}
