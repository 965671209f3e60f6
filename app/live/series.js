/**
 * The points of one run as the browser holds them. Training points come from the history (decimated by the server,
 * extremes kept) and then one by one from the stream; evaluations are few and kept whole.
 */
const EMPTY = () => ({ step: [], loss: [], error: [], running_loss: [], running_error: [], seconds: [] });
const EVALUATED = ["train_clean", "test_subset", "validation", "test"];

export class Series {
  /** `first`: the updates that a fork has behind it when it begins; its own rows come after them. */
  constructor(history, first = 0) {
    this.first = first;
    this.train = { ...EMPTY(), ...history?.train };
    /** Rows in the store that the training points stand for. */
    this.total = history?.total?.train ?? this.train.step.length;
    for (const split of EVALUATED) this[split] = history?.[split] ?? { step: [], loss: [], error: [], seconds: [] };
    /** Finer points of the zoomed range, null when the whole is shown. */
    this.detail = null;
  }

  get lastStep() {
    return this.train.step.at(-1) ?? 0;
  }

  get lastSeconds() {
    return this.train.seconds.at(-1) ?? 0;
  }

  /**
   * Append streamed training points: flat [step, loss, error, step, ...]. The running means and the clock come once
   * per message, for its last step; the clock between is interpolated, the running means are left out (null).
   */
  append(seconds, runningLoss, runningError, flat) {
    const fromStep = this.lastStep;
    const fromSeconds = this.lastSeconds;
    const toStep = flat.at(-3);
    for (let i = 0; i < flat.length; i += 3) {
      const step = flat[i];
      const last = step === toStep;
      if (step <= this.lastStep) {
        // Already here: a step is drawn once. At the end of a run its last running means come after it.
        if (last && step === this.lastStep) this.#settle(runningLoss, runningError);
        continue;
      }
      const share = toStep > fromStep ? (step - fromStep) / (toStep - fromStep) : 1;
      this.train.step.push(step);
      this.train.loss.push(flat[i + 1]);
      this.train.error.push(flat[i + 2]);
      this.train.running_loss.push(last ? runningLoss : null);
      this.train.running_error.push(last ? runningError : null);
      this.train.seconds.push(fromSeconds + share * (seconds - fromSeconds));
    }
    // Steps count up by one and the server may leave some out, so the last step tells the number of rows in the store.
    this.total = Math.max(this.total, (toStep ?? 0) - this.first);
  }

  #settle(runningLoss, runningError) {
    if (runningLoss !== null) this.train.running_loss.splice(-1, 1, runningLoss);
    if (runningError !== null) this.train.running_error.splice(-1, 1, runningError);
  }

  evaluate(split, step, loss, error, seconds) {
    const series = this[split];
    if (!series || series.step.includes(step)) return;
    series.step.push(step);
    series.loss.push(loss);
    series.error.push(error);
    series.seconds.push(seconds);
  }

  /** Training points to draw: coarse outside the zoomed range, fine inside. */
  drawn() {
    if (!this.detail?.step.length) return this.train;
    const [first, last] = [this.detail.step[0], this.detail.step.at(-1)];
    const merged = EMPTY();
    for (const key of Object.keys(merged)) {
      const coarse = this.train[key];
      merged[key] = [
        ...coarse.filter((_, i) => this.train.step[i] < first),
        ...this.detail[key],
        ...coarse.filter((_, i) => this.train.step[i] > last),
      ];
    }
    return merged;
  }

  /** Latest value of a split, for example latest("test_subset", "error"); undefined when there is none. */
  latest(split, key) {
    const values = this[split]?.[key] ?? [];
    for (let i = values.length - 1; i >= 0; i--) if (values[i] !== null && values[i] !== undefined) return values[i];
    return undefined;
  }
}
