/**
 * After a zoom: finer points of what is seen, where the server had to leave some out; finer again with every further
 * zoom, and the whole as before when the zoom is over.
 */
const WAIT_MS = 150;
const FAR = 10 ** 9;

export class ZoomDetail {
  /**
   * runs(): the runs drawn; whole(): what points are asked for, in a replay the whole of each run, forks that have not begun
   * too; fetch(ids, ranges): asks the server (stream.js); done(): draw again.
   */
  constructor({ runs, whole = () => this.runs(), fetch, done }) {
    Object.assign(this, { runs, whole, fetch, done, attempt: 0 });
  }

  /** zoom: as in panel/view_state.js, null for the whole; kind: what the x axis counts. */
  look(zoom, kind) {
    clearTimeout(this.waiting);
    this.attempt += 1; // an answer that is still to come is of another look
    if (!zoom) {
      for (const { series } of this.runs()) series.coarsen();
      this.done();
      return;
    }
    this.waiting = setTimeout(() => this.#fetch(zoom.x, kind, this.attempt), WAIT_MS);
  }

  async #fetch([from, to], kind, attempt) {
    const thinned = this.whole().filter(({ series }) => series.train.step.length < series.total);
    if (!thinned.length) return;
    const ranges = thinned.map((run) => stepsBetween(run, kind, from, to));
    try {
      const { document: answer, atMost } = await this.fetch(thinned.map(({ card }) => card.run), ranges);
      if (attempt !== this.attempt) return;
      const range = new Map(thinned.map(({ card }, index) => [card.run, ranges[index]]));
      for (const { card, series } of this.runs()) {
        if (range.has(card.run)) series.refine(answer.runs[card.run]?.train ?? null, ...range.get(card.run), atMost);
      }
      this.done();
    } catch {
      // The coarse curve stays; the next zoom tries again.
    }
  }

  stop() {
    this.attempt += 1;
    clearTimeout(this.waiting);
  }
}

/** First and last step of a run that may lie in [from, to] of the x axis, one more on each side: lines leave the panel. */
function stepsBetween({ card, series }, kind, from, to) {
  const [first, last] = kind === "seconds" ? stepsOfSeconds(series.train, from, to) : [from, to].map((x) => stepAt(x, card, kind));
  const low = Math.min(FAR, Math.max(0, Math.floor(first) - 1));
  return [low, Math.max(low, Math.min(FAR, Math.ceil(last) + 1))];
}

function stepAt(x, card, kind) {
  return kind === "epoch" ? (x * (card.train_images || 1)) / card.batch_size : x;
}

/** The steps of the points just outside of a span of the clock. */
function stepsOfSeconds({ step, seconds }, from, to) {
  const before = seconds.findLastIndex((value) => value <= from);
  const after = seconds.findIndex((value) => value >= to);
  return [before < 0 ? 0 : step[before], after < 0 ? FAR : step[after]];
}
