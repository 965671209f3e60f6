/**
 * What the engine says of runs: the groups of their states (engine/events.py), and over how many steps a running mean
 * goes. The server sends both with each component, and mount.js hands them over before it makes a view.
 */

/** The engine works on a run in these states, or will by itself. */
export const AT_WORK = group();
/** A run in these states makes no further step. */
export const ENDED = group();
/** States of `ENDED` from which no run is resumed. */
export const FINAL = group();
/** The last numbers of a run in these states are no result. */
export const BROKEN = group();
/** A run in these states ended before its last step. Its numbers are sound. */
export const HALTED = group();
/** A run in these states can be paused. */
export const PAUSABLE = group();
/** A run in these states can be resumed. */
export const RESUMABLE = group();
/** Steps over which the running training error and loss are averaged. */
export let RUNNING_WINDOW = 0;

/** @type {Record<string, Set<string>>} */
const GROUPS = { AT_WORK, ENDED, FINAL, BROKEN, HALTED, PAUSABLE, RESUMABLE };

/**
 * The commands that a run takes in each state.
 * @type {Record<string, string[]>}
 */
export const VERBS = {
  queued: ["pause", "stop"],
  starting: ["pause", "stop"],
  running: ["pause", "stop"],
  stopping: [],
  paused: ["resume", "stop", "delete"],
  lost: ["resume", "stop", "delete"],
  failed: ["resume", "delete"],
  stopped: ["delete"],
  finished: ["delete"],
  diverged: ["delete"],
};

/** @returns {Set<string>} */
function group() {
  return new Set();
}

/**
 * Take over what the engine says.
 * @param {{ groups: Record<string, string[]>, runningWindow: number }} facts
 */
export function know({ groups, runningWindow }) {
  for (const [name, states] of Object.entries(GROUPS)) for (const state of groups[name]) states.add(state);
  RUNNING_WINDOW = runningWindow;
}

/** How running errors and losses are smoothed, in words: before so many steps are done, over all of them. 1 is no mean. */
export function runningMean(steps = RUNNING_WINDOW) {
  return steps === 1 ? "single steps" : `mean of up to ${steps} steps`;
}

/**
 * Whether one of these runs may still change by itself.
 * @param {{ card: { state: string } }[]} runs
 */
export function isLive(runs) {
  return runs.some(({ card: { state } }) => !ENDED.has(state) && state !== "paused");
}

/**
 * The state of a whole page: `live` while a run may still change, `paused`, `ended`.
 * @param {{ card: { state: string } }[]} runs
 */
export function stateOf(runs) {
  if (isLive(runs)) return "live";
  return runs.some(({ card }) => card.state === "paused") ? "paused" : "ended";
}
