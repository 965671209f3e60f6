/**
 * A stored race as a replay plays it: what its runs had done at a moment, how they stood, and what was to be concluded.
 * A moment is a place on the runs' own clocks, which start together, or a step of every run. Pure, but for the fetch.
 */
/** @import { Card, Points, Split } from "../../types.js" */
import { decimate, mapped } from "../decimate.js";
import { grouped } from "../format.js";
import { request } from "../source.js";

/** @typedef {"seconds" | "step"} By */
/** @typedef {{ by: By, at: number }} Moment */
/** @typedef {Record<string, any>} Conclusions as in a message of the stream, see app/live/stream/delta.py */

/** @type {Split[]} */
const EVALUATED = ["train_clean", "test_subset", "validation", "test"];
/** What is said of a race before it is compared, where nothing is on record of it. */
const UNSAID = { g: "", sure: ["", "", ""], alone: null, basis: [], rows: [], gaps: null, q: [], t: [], depths: {} };
/** Recordings of ended races, so that another page of the tab has its race at once. @type {Map<string, Recording>} */
const known = new Map();
const MAX_KNOWN = 2;
/** Points of a run while somebody drags the bar: a chart of so many answers at once. */
const COARSE_POINTS = 500;
/** Of a step that is computed from a clock. */
const ROUNDING = 1e-6;

/**
 * Fetch the record of some runs of one race. Throws an Error with the server's line.
 * @param {string} address of /live/recording
 * @param {number[]} runs
 * @returns {Promise<Recording>}
 */
export async function fetchRecording(address, runs) {
  const query = `${address}?${new URLSearchParams({ runs: runs.join(",") })}`;
  const kept = known.get(query);
  if (kept) return kept;
  const answer = await request(query);
  if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
  return new Recording(await answer.json());
}

/**
 * Keep the recording of a race that has ended for the tab's other pages.
 * @type {(address: string, runs: number[], recording: Recording) => void}
 */
export function keepRecording(address, runs, recording) {
  known.set(`${address}?${new URLSearchParams({ runs: runs.join(",") })}`, recording);
  for (const oldest of [...known.keys()].slice(0, -MAX_KNOWN)) known.delete(oldest);
}

/**
 * Keep no recording with one of these runs, or none at all: an ended race can go on.
 * @param {number[]} [runs]
 */
export function dropRecordings(runs) {
  for (const [query, { cards }] of known) if (!runs || cards.some(({ run }) => runs.includes(run))) known.delete(query);
}

export class Recording {
  /** @param {Record<string, any>} document an answer of /live/recording */
  constructor({ cards, runs, moments, cuts, differences, ends, ghosts }) {
    /** @type {Card[]} the cards at the end of the record */
    this.cards = cards;
    /** @type {Record<string, any>} */
    this.runs = runs;
    /** The imported lines, which are there from the start. */
    this.ghosts = ghosts;
    /** @type {Record<string, [number, string, string][]>} */
    this.differences = differences;
    /** @type {Record<By, [number, string][]>} what a cut had done from a place on */
    this.cuts = cuts;
    /** @type {Record<string, number[]>} the ends that runs had before they were extended */
    this.oldEnds = ends;
    /** @type {Record<string, Points>} the training curves with few points, extremes kept */
    this.coarse = Object.fromEntries(Object.entries(this.runs).map(([run, { train }]) => [run, decimate(train, COARSE_POINTS)]));
    /** @type {Record<string, any[]>} the values of each part of the conclusions; a moment has their places */
    this.parts = moments.parts;
    /** @type {Record<By, [number, ...number[]][]>} */
    this.moments = { seconds: moments.seconds, step: moments.step };
    this.ends = new Map(this.cards.map((card) => [card.run, this.#endOf(card)]));
    /** Where the replay ends. */
    this.end = { seconds: Math.max(0, ...this.ends.values()), step: Math.max(0, ...this.cards.map(({ step }) => step)) };
  }

  /**
   * Seconds after which a run does nothing more.
   * @param {Card} card
   */
  #endOf({ run, seconds }) {
    const splits = ["train", ...EVALUATED].map((split) => this.runs[run]?.[split]?.seconds.at(-1) ?? 0);
    return Math.max(seconds ?? 0, ...splits);
  }

  /**
   * The updates that a run has done at a moment; of a fork that has not begun those behind it.
   * @type {(card: Card, moment: Moment) => number}
   */
  stepOf(card, { by, at }) {
    const first = card.parent_step ?? 0;
    if (by === "step") return Math.max(first, Math.min(at, card.step));
    if (at >= (this.ends.get(card.run) ?? 0)) return card.step;
    const { step, seconds } = this.#train(card.run);
    const next = placeOf(seconds, at);
    if (next === 0) return card.parent === null && step.length ? Math.floor((step[0] * at) / (seconds[0] || 1)) : first;
    if (next === step.length) return Math.max(first, step.at(-1) ?? 0);
    return Math.floor(between(seconds, step, next, at) + ROUNDING);
  }

  /**
   * The seconds of a run's clock after so many updates.
   * @type {(card: Card, at: number) => number}
   */
  secondsOf({ run }, at) {
    const { step, seconds } = this.#train(run);
    const next = placeOf(step, at);
    if (next === 0 || next === step.length) return (next ? seconds.at(-1) : (seconds[0] * at) / (step[0] || 1)) || 0;
    return between(step, seconds, next, at);
  }

  /** @param {number} run @returns {Points} */
  #train(run) {
    return this.runs[run]?.train ?? { step: [], seconds: [] };
  }

  /**
   * The cards of the runs that have begun, as they were.
   * @param {Moment} moment
   * @returns {Card[]}
   */
  cardsAt(moment) {
    return this.cards.flatMap((card) => {
      if (this.isOver(card, moment)) return [card];
      const step = this.stepOf(card, moment);
      if (card.parent !== null && step <= (card.parent_step ?? 0)) return [];
      const seconds = moment.by === "seconds" ? moment.at : this.secondsOf(card, step);
      const [, difference, difference_name] = this.differences[card.run]?.findLast(([from]) => from <= step) ?? [0, "", ""];
      const changes = card.changes.filter(([from]) => from <= step);
      const total_steps = this.oldEnds[card.run]?.find((end) => end >= step) ?? card.total_steps;
      const state = step === total_steps && step < card.total_steps ? "finished" : "running";
      return [{ ...card, state, total_steps, detail: "", cause: "", step, seconds, difference, difference_name, changes }];
    });
  }

  /**
   * Whether a run does nothing more after a moment.
   * @type {(card: Card, moment: Moment) => boolean}
   */
  isOver(card, { by, at }) {
    return at >= (by === "step" ? card.step : this.ends.get(card.run) ?? 0);
  }

  /**
   * The points and evaluations of a run up to a moment, as in a history; coarse: few of them.
   * @type {(card: Card, moment: Moment, coarse?: boolean) => Record<string, any>}
   */
  seriesAt({ run, step: reached, parent_step: first }, { by, at }, coarse = false) {
    const whole = this.runs[run];
    if (!whole) return {};
    /** @type {Record<string, any>} */
    const cut = {}, total = { ...whole.total };
    const train = this.#train(run), count = placeOf(train.step, reached);
    cut.train = coarse ? this.#coarseUpTo(run, count) : firstOf(train, count);
    // Steps count up by one: how many of them the record left out before the moment is known.
    if (count < train.step.length) total.train = train.step.length === whole.total.train ? count : Math.max(count, reached - (first ?? 0));
    for (const split of EVALUATED) {
      const points = whole[split];
      if (!points) continue;
      const shown = placeOf(points[by], at);
      cut[split] = firstOf(points, shown);
      if (shown < points.step.length) total[split] = Math.round(((total[split] ?? 0) * shown) / points.step.length);
    }
    return { ...cut, total };
  }

  /**
   * The first points of a run, few of them and the last one: labels stand at it.
   * @type {(run: number, count: number) => Points}
   */
  #coarseUpTo(run, count) {
    const train = this.#train(run), few = this.coarse[run], last = train.step[count - 1];
    const first = firstOf(few, placeOf(few.step, last ?? 0));
    if (count && first.step.at(-1) !== last) for (const key of Object.keys(first)) first[key].push(train[key][count - 1]);
    return first;
  }

  /**
   * What was to be concluded at a moment.
   * @param {Moment} moment
   * @returns {Conclusions}
   */
  saidAt(moment) {
    // What is said at the end of the race is said there, though its seconds were rounded.
    const isThere = (/** @type {[number, ...any[]]} */ [from]) => moment.at >= from || moment.at >= this.end[moment.by];
    const said = this.moments[moment.by].findLast(isThere);
    const [, cut = ""] = this.cuts[moment.by].findLast(isThere) ?? [];
    if (!said) return { ...UNSAID, cut };
    const [, ...places] = said;
    const parts = Object.fromEntries(Object.entries(this.parts).map(([key, values], index) => [key, values[places[index]]]));
    return { ...parts, g: this.#dated(parts, moment), cut };
  }

  /**
   * The finding with the step that it is of: before the end it stands until the next moment, while the curves go on.
   * @type {(said: Record<string, any>, moment: Moment) => string}
   */
  #dated({ g, gaps }, { by, at }) {
    return gaps && !gaps.end && at < this.end[by] ? g.replace(/^So far /, `At step ${grouped(gaps.step)} `) : g;
  }

  /**
   * A snapshot of a moment, as the history of a race that trains; coarse: with few points of each curve.
   * @type {(moment: Moment, coarse?: boolean) => Record<string, any>}
   */
  historyAt(moment, coarse = false) {
    const cards = this.cardsAt(moment);
    return { recorded: true, a: null, cards, runs: Object.fromEntries(cards.map((card) => [card.run, this.seriesAt(card, moment, coarse)])), ghosts: this.ghosts, ...this.saidAt(moment) };
  }

  /**
   * The same moment by the other measure, as the run that is furthest has it.
   * @type {(moment: Moment, by: By) => number}
   */
  converted(moment, by) {
    if (moment.by === by) return moment.at;
    if (moment.at >= this.end[moment.by]) return this.end[by];
    if (by === "step") return Math.max(0, ...this.cardsAt(moment).map(({ step }) => step));
    const there = this.cards.filter(({ step }) => step >= moment.at);
    return there.length ? Math.min(...there.map((card) => this.secondsOf(card, moment.at))) : this.end.seconds;
  }

  /**
   * The place at which every run has done so many updates, those aside that ended before.
   * @type {(step: number, by: By) => number}
   */
  placeOfAll(step, by) {
    if (by === "step") return step;
    return Math.max(0, ...this.cards.filter((card) => card.step >= step).map((card) => this.secondsOf(card, step)));
  }
}

/**
 * How many values of a sorted list are not above this one.
 * @type {(sorted: (number | null)[], value: number) => number}
 */
export function placeOf(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(sorted[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @type {(from: number[], to: number[], next: number, at: number) => number} */
function between(from, to, next, at) {
  const share = (at - from[next - 1]) / (from[next] - from[next - 1]);
  return to[next - 1] + share * (to[next] - to[next - 1]);
}

/**
 * The first points; columns of their own, for the page appends to them.
 * @template {Record<string, any[]>} T
 * @param {T} points
 * @param {number} count
 * @returns {T}
 */
function firstOf(points, count) {
  return mapped(points, (column) => column.slice(0, count));
}
