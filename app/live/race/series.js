/**
 * The points of one run as the browser holds them. Training points come from the history (decimated by the server,
 * extremes kept) and then one by one from the stream; evaluations are few, and thinned only where many runs are shown.
 */
/** @import { Points, Run, Split, Detail } from "../types.js" */
import { decimate, mapped } from "../shared/decimate.js";
import { RUNNING_WINDOW } from "../shared/run_states.js";

/** @returns {Points} */
const EMPTY = () => ({ step: [], loss: [], error: [], running_loss: [], running_error: [], seconds: [] });
/** @type {Split[]} */
const EVALUATED = ["train_clean", "test_subset", "validation", "test"];
/** Of what lies outside the zoomed range so much of a run's points is drawn: a pan must not move into nothing. */
const OUTSIDE = 0.2;

export class Series {
  /**
   * `first`: the updates that a fork has behind it when it begins; its own rows come after them.
   * @param {any} history
   * @param {number} [first]
   */
  constructor(history, first = 0) {
    this.first = first;
    /** @type {Points} */
    this.train = { ...EMPTY(), ...history?.train };
    /** Rows in the store that the training points stand for. */
    this.total = history?.total?.train ?? this.train.step.length;
    /** @type {(split: Split) => Points} */
    const evaluated = (split) => history?.[split] ?? { step: [], loss: [], error: [], seconds: [] };
    this.train_clean = evaluated("train_clean");
    this.test_subset = evaluated("test_subset");
    this.validation = evaluated("validation");
    this.test = evaluated("test");
    /** Evaluations in the store that were left out, by split. */
    this.unseen = Object.fromEntries(EVALUATED.map((split) => [split, Math.max(0, (history?.total?.[split] ?? 0) - this[split].step.length)]));
    /** @type {Detail | null} finer points of the zoomed range, null when the whole is shown */
    this.detail = null;
    /** @type {{ before: Points, after: Points, count: number, begun: boolean } | null} decimated points outside of it */
    this.outside = null;
    /** @type {Points | null} the points that are drawn, null after news */
    this.merged = null;
  }

  /**
   * Show `points` for the steps from `first` to `last`, and what comes there from now on; at most `atMost` in all.
   * @type {(points: Points | null, first: number, last: number, atMost: number) => void}
   */
  refine(points, first, last, atMost) {
    this.merged = this.outside = null;
    this.detail = points && { points: { ...EMPTY(), ...points }, first, last, atMost };
    if (!points) return;
    // The stream may have sent steps that are newer than the answer.
    const newest = points.step.at(-1) ?? first;
    this.train.step.forEach((step, index) => {
      if (step > newest && step <= last && points.step.length && this.detail) push(this.detail.points, row(this.train, index));
    });
  }

  /**
   * Show finer points as of `refine`, those up to a step alone; null for none.
   * @type {(step: number, detail: Detail | null) => void}
   */
  refineUpTo(step, detail) {
    if (!detail) return;
    const { points, first, last, atMost } = detail, end = placeOf(points.step, step + 1);
    this.refine(part(points, 0, end), first, last, atMost);
  }

  /** Show the whole again as it was loaded. */
  coarsen() {
    this.detail = this.merged = this.outside = null;
  }

  /** How many evaluations are drawn. */
  get evaluations() {
    return EVALUATED.reduce((sum, split) => sum + this[split].step.length, 0);
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
   * @type {(seconds: number, runningLoss: number | null, runningError: number | null, flat: number[]) => void}
   */
  append(seconds, runningLoss, runningError, flat) {
    const fromStep = this.lastStep;
    const fromSeconds = this.lastSeconds;
    const toStep = flat.at(-3) ?? 0;
    for (let i = 0; i < flat.length; i += 3) {
      const step = flat[i];
      const last = step === toStep;
      if (step <= this.lastStep) {
        // Already here: a step is drawn once. At the end of a run its last running means come after it.
        if (last && step === this.lastStep) this.#settle(runningLoss, runningError);
        continue;
      }
      const share = toStep > fromStep ? (step - fromStep) / (toStep - fromStep) : 1;
      const point = {
        step, loss: flat[i + 1], error: flat[i + 2],
        running_loss: last ? runningLoss : null, running_error: last ? runningError : null,
        seconds: fromSeconds + share * (seconds - fromSeconds),
      };
      push(this.train, point);
      if (this.detail && this.#belongs(step)) push(this.detail.points, point);
    }
    this.merged = null;
    // Steps count up by one and the server may leave some out, so the last step tells the number of rows in the store.
    this.total = Math.max(this.total, toStep - this.first);
  }

  /**
   * Whether a new step lies in the zoomed range and is not there yet.
   * @param {number} step
   */
  #belongs(step) {
    return this.detail !== null && step <= this.detail.last && step > (this.detail.points.step.at(-1) ?? this.detail.first - 1);
  }

  /** @type {(runningLoss: number | null, runningError: number | null) => void} */
  #settle(runningLoss, runningError) {
    for (const points of [this.train, this.detail?.points]) {
      if (points?.step.at(-1) !== this.lastStep) continue;
      if (runningLoss !== null) points.running_loss.splice(-1, 1, runningLoss);
      if (runningError !== null) points.running_error.splice(-1, 1, runningError);
    }
  }

  /** @type {(split: Split, step: number, loss: number | null, error: number | null, seconds: number) => void} */
  evaluate(split, step, loss, error, seconds) {
    const series = this[split];
    if (!series || series.step.includes(step)) return;
    push(series, { step, loss, error, seconds });
  }

  /** Training points to draw: coarse outside the zoomed range, fine inside. The same object until something is new. */
  drawn() {
    if (!this.detail?.points.step.length) return this.train;
    return (this.merged ??= this.#merge(this.detail));
  }

  /** @param {Detail} options */
  #merge({ points, first, last, atMost }) {
    const { step } = this.train;
    const to = placeOf(step, last + 1);
    const most = Math.max(5, Math.round((OUTSIDE / 2) * atMost));
    // Thinned once, and again when as many have come: a range of the past is looked at while the run goes on.
    if (!this.outside || step.length - this.outside.count > most || !this.outside.begun) {
      const from = placeOf(step, first);
      // The last point's running means may still come.
      const count = Math.max(to, step.length - 1);
      this.outside = { before: decimate(part(this.train, 0, from), most), after: decimate(part(this.train, to, count), most), count, begun: from < step.length };
    }
    const { before, after, count } = this.outside;
    const newest = part(this.train, Math.max(to, count));
    return mapped(points, (_column, key) => [...before[key], ...points[key], ...after[key], ...newest[key]]);
  }

  /**
   * Latest value of a split, for example latest("test_subset", "error"); undefined when there is none.
   * @type {(split: Split, key: string) => number | undefined}
   */
  latest(split, key) {
    const own = split === "train" && key.startsWith("running_") ? ownMean(this, key.slice("running_".length)) : null;
    if (own !== null) return own;
    const values = this[split]?.[key] ?? [];
    return values.findLast((value) => value !== null && value !== undefined) ?? undefined;
  }
}

/**
 * The mean of a fork's own steps while they do not fill the window: the stored mean still holds steps of its parent, which
 * its curve does not (inspect/smoothing.js). null where the stored one will do, or steps were left out.
 * @type {(series: Series, column: string) => number | null}
 */
function ownMean({ first, lastStep, train }, column) {
  const count = lastStep - first;
  if (!first || count <= 0 || count >= RUNNING_WINDOW || train.step.length !== count) return null;
  const values = train[column].filter((value) => value !== null && Number.isFinite(value)).map(Number);
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

/** @type {(run: Run) => number} */
export function stepOf({ card, series }) {
  return Math.max(card.step, series.lastStep);
}

/**
 * Put a message's points, evaluations and cards into the runs. Returns whether a curve has grown, whether a run has
 * another state, and the runs that were deleted, which stay in the list.
 * @type {(runs: Run[], message: Record<string, any>) => { fresh: boolean, moved: boolean, gone: Set<number> }}
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
  let moved = false;
  for (const card of message.c ?? []) {
    const run = byId.get(card.run);
    moved ||= run !== undefined && run.card.state !== card.state;
    if (run) run.card = card;
  }
  return { fresh, moved, gone: new Set(message.d ?? []) };
}

/** @type {(points: Points, point: Record<string, number | null>) => void} */
function push(points, point) {
  for (const key of Object.keys(points)) points[key].push(point[key]);
}

/** @type {(points: Points, index: number) => Record<string, number | null>} */
function row(points, index) {
  return Object.fromEntries(Object.entries(points).map(([key, column]) => [key, column[index]]));
}

/**
 * The points from one place to another.
 * @type {(points: Points, from: number, to?: number) => Points}
 */
function part(points, from, to = Infinity) {
  return mapped(points, (column) => column.slice(from, to));
}

/**
 * The first place in a sorted list whose value is not below this one.
 * @type {(sorted: number[], value: number) => number}
 */
function placeOf(sorted, value) {
  const at = sorted.findIndex((other) => other >= value);
  return at < 0 ? sorted.length : at;
}
