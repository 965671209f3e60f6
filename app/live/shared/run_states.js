/**
 * The states of a run as the engine names them (engine/events.py), in the groups that the page asks for. A test holds
 * them to the engine's own.
 */

/** A run in these states makes no further step. */
export const ENDED = new Set(["stopped", "finished", "diverged", "failed", "lost"]);
/** A run in these states waits for the engine or works. */
export const WAITING = new Set(["queued", "starting", "running", "stopping"]);
/** A run in these states can be paused: it has work before it. */
export const PAUSABLE = new Set(["queued", "starting", "running"]);
/** A run in these states can be resumed where it stands. */
export const RESUMABLE = new Set(["paused", "lost"]);
/** A run in these states broke: its last numbers are no result. */
export const BROKEN = new Set(["diverged", "failed"]);

/**
 * Whether something of these runs may still change by itself.
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
