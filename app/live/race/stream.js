/** The feed of a race, and how many points its runs may bring: 20,000 in all, so that a redraw stays quick. */
import { EventStream } from "../shared/event_stream.js";
import { sum } from "../shared/format.js";

const MAX_DRAWN = 20_000;
const MAX_PER_RUN = 2_000, MIN_PER_RUN = 100;
/** The share of the points that a history brings. The rest is room to grow until the next history. */
const ASKED = 0.8;
/** The share of a run's points for the zoomed range. The rest is drawn outside of the range. */
const ASKED_FINER = 0.7;
/** A curve longer than this is fetched again, decimated by the server, extremes kept. */
const MAX_POINTS = 4_000;
/** Not before it has grown by this factor: what the server sends is not fetched twice. */
const GROWTH = 1.1;

export class RaceStream extends EventStream {
  /** Finer points of one range of steps for each run: ranges as [[first, last], ...] in the order of `runs`. */
  async finer(runs, ranges) {
    return { document: await this.history(finerQuery(runs, ranges)), atMost: shareOf(runs.length) };
  }

  /** null: finer points are asked for as they are drawn. */
  whole() {
    return null;
  }

  /** Whether the runs hold more than may be drawn, zoomed or not, and more than they held after the last history. */
  isFull(runs) {
    const held = heldPoints(runs);
    return (held > MAX_DRAWN || runs.some(({ series }) => series.train.step.length > MAX_POINTS)) && held > GROWTH * (this.loaded ?? 0);
  }

  /** The history has come: what it brought is what the runs hold at least. */
  filled(runs) {
    this.loaded = heldPoints(runs);
  }
}

/** What a history is asked for finer points: see ZoomDetail. */
export function finerQuery(runs, ranges) {
  const n = Math.max(MIN_PER_RUN, Math.floor(ASKED_FINER * shareOf(runs.length)));
  const lists = { first: ranges.map(([first]) => first).join(), last: ranges.map(([, last]) => last).join() };
  return { runs: runs.join(), n, ...lists };
}

/** The most points that are drawn of each of so many runs. */
export function shareOf(runs) {
  return Math.max(MIN_PER_RUN, Math.min(MAX_PER_RUN, Math.floor((ASKED * MAX_DRAWN) / Math.max(1, runs))));
}

/** Not what a zoom draws of them: that stays as it is while the run goes on. */
function heldPoints(runs) {
  return sum(runs, ({ series }) => series.train.step.length + series.evaluations);
}
