/** After a zoom: finer points of what is seen, where the server had to leave some out. */
import { xs } from "./figure.js";

const WAIT_MS = 200;

export class Finer {
  /** runs(): the runs drawn; history(range): asks the server; done(): draw again. */
  constructor({ runs, history, done }) {
    Object.assign(this, { runs, history, done });
  }

  /** zoom: as in view_state.js, null for the whole; kind: what the x axis counts. */
  look(zoom, kind) {
    clearTimeout(this.waiting);
    if (!zoom || !this.runs().some(({ series }) => series.train.step.length < series.total)) return;
    this.waiting = setTimeout(() => this.#fetch(zoom.x, kind), WAIT_MS);
  }

  async #fetch([from, to], kind) {
    const steps = this.runs().flatMap((run) => stepsBetween(run, kind, from, to));
    if (!steps.length) return;
    try {
      const document_ = await this.history({ first: Math.min(...steps), last: Math.max(...steps) });
      for (const run of this.runs()) run.series.detail = document_.runs[run.card.run]?.train ?? null;
      this.done();
    } catch {
      // The coarse curve stays; the next zoom tries again.
    }
  }

  stop() {
    clearTimeout(this.waiting);
  }
}

/** First and last step of a run whose x values lie in [from, to]; nothing when there are none. */
function stepsBetween({ card, series }, kind, from, to) {
  const { step } = series.train;
  const x = xs(series.train, card, kind);
  const inside = step.filter((_, index) => x[index] >= from && x[index] <= to);
  return inside.length ? [inside[0], inside.at(-1)] : [];
}
