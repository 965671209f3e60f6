/** What a message of the stream changes in the runs that a page holds. */
/** @import { Run } from "../types.js" */

/**
 * Put a message's points, evaluations and cards into the runs. Returns whether a curve has grown, and the runs that were
 * deleted, which stay in the list.
 * @type {(runs: Run[], message: Record<string, any>) => { fresh: boolean, gone: Set<number> }}
 */
export function takeMessage(runs, message) {
  const byId = new Map(runs.map((run) => [run.card.run, run]));
  let fresh = Boolean(message.e);
  for (const [id, seconds, ...rest] of message.p ?? []) {
    const flat = rest.pop(); // the running means stand between, about once a second
    const series = byId.get(id)?.series;
    fresh ||= Boolean(series && flat.at(-3) > series.lastStep);
    series?.append(seconds, rest[0] ?? null, rest[1] ?? null, flat);
  }
  for (const [id, split, step, loss, error, seconds] of message.e ?? []) byId.get(id)?.series.evaluate(split, step, loss, error, seconds);
  for (const card of message.c ?? []) {
    const run = byId.get(card.run);
    if (run) run.card = card;
  }
  return { fresh, gone: new Set(message.d ?? []) };
}
