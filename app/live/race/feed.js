/**
 * Where the page of a race has its data from: the stream of the server, or a recording.
 *
 * @typedef {object} Feed
 * @property {() => Promise<void>} open bring the whole as it is now, then what follows; a later call overtakes an earlier one
 * @property {() => void} close bring nothing more
 * @property {(ids: number[]) => void} forget ask no more for these runs, for they were deleted
 * @property {(runs: Run[]) => void} filled the page holds what the last history brought
 * @property {(runs: Run[]) => boolean} isFull whether the page holds so much that the whole must come anew, thinned
 * @property {() => { card: Card, series: { train: Points, total: number } }[] | null} whole the runs as finer points are asked for,
 *   null: as they are drawn
 * @property {(ids: number[], ranges: Range[]) => Promise<{ document: any, atMost: number }>} finer points of one range of steps for
 *   each run, and how many of a run are drawn at most; rejects where they cannot be had
 *
 * @typedef {object} Handlers what a feed calls, first of all history
 * @property {(document: any) => void} history a snapshot: cards, points and conclusions; in a replay `recorded` is true, `moment` is its
 *   place and `words` say it
 * @property {(message: any) => void} message what is new since
 * @property {(state: "opening" | "live" | "waiting" | "gone" | "replay", reason?: string) => void} link how it stands with the source
 *
 * @import { Card, Points, Run, Range } from "../types.js"
 */
import { RaceStream } from "./stream.js";
import { RecordedRace } from "./recorded_race.js";

/**
 * The feed of some runs. data.recording: the replay that is on (shared/replay/replay.js), or null for what trains now.
 * @type {(data: { urls: Record<string, string>, recording: any }, ids: number[], handlers: Handlers) => Feed}
 */
export function feedFor({ urls, recording }, ids, handlers) {
  return recording ? new RecordedRace({ urls, replay: recording }, ids, handlers) : new RaceStream(urls, ids, handlers);
}
