/** The instant races on the record, as the server streams them, and what the dial shows of them. Pure but for the stream. */
import { EventStream } from "../../shared/event_stream.js";

/** @typedef {{ depth: number, shortcut: string, strength: number, lr: number, seed: number }} Choice */
/** @typedef {{ run: number, label: string, plain: boolean, depth: number, state: string, error: number | null, color: Record<string, string>, textColor: Record<string, string>, mark: string, glyph: string }} RingRun */
/** @typedef {Choice & { race: number, steps: number, over: boolean, seconds: number | null, runs: RingRun[] }} RingRace */
/** @typedef {{ strength: number, error: number, race: number }} DialPoint */

const KEYS = /** @type {const} */ (["depth", "shortcut", "strength", "lr", "seed"]);

/** Every message stands for itself: the first one of a connection has all races and is marked `whole`. */
export class RingStream extends EventStream {
  async history() {
    return {};
  }

  /** @override */
  query() {
    return new URLSearchParams();
  }
}

/**
 * The races after a message, newest first. A whole one does not name as gone what left during a break of the connection.
 * @type {(races: RingRace[], message: { races?: RingRace[], gone?: number[], whole?: boolean }) => RingRace[]}
 */
export function taken(races, { races: fresh = [], gone = [], whole = false }) {
  const changed = new Set([...gone, ...fresh.map(({ race }) => race)]);
  return [...races.filter(({ race }) => !whole && !changed.has(race)), ...fresh].toSorted((a, b) => b.race - a.race);
}

/**
 * What was set for a race.
 * @type {(race: Choice) => Choice}
 */
export function choiceOf({ depth, shortcut, strength, lr, seed }) {
  return { depth, shortcut, strength, lr, seed };
}

/**
 * Whether what was asked for when `after` was the newest race has its answer: a later race has ended, which may be that of
 * another visitor who took its place.
 * @type {(newest: RingRace | undefined, after: number) => boolean}
 */
export function answered(newest, after) {
  return Boolean(newest?.over) && Number(newest?.race) > after;
}

/** @type {(a: Choice, b: Choice) => boolean} */
export function same(a, b) {
  return KEYS.every((key) => a[key] === b[key]);
}

/**
 * The last error of the deep net over the strength of its shortcut, from all races that differ in the strength alone;
 * without a shortcut the net is plain, so the plain net is the point at 0. Of several races at one strength the newest; nets without an error have no point.
 * @type {(races: RingRace[], choice: Choice, dialled: string) => DialPoint[]}
 */
export function dialPoints(races, choice, dialled) {
  const alike = races.filter((race) => race.over && race.shortcut === dialled && same({ ...race, strength: 0 }, { ...choice, shortcut: dialled, strength: 0 }));
  const points = alike.flatMap(({ race, runs, depth, strength }) => runs.filter((run) => run.depth === depth && run.error !== null)
    .map(({ plain, error }) => ({ strength: plain ? 0 : strength, error: /** @type {number} */ (error), race })));
  /** @type {Map<number, DialPoint>} */
  const newest = new Map();
  for (const point of points) if (!newest.has(point.strength)) newest.set(point.strength, point);
  return [...newest.values()].toSorted((a, b) => a.strength - b.strength);
}
