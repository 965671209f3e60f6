/** The words below a race that was started for a scene: what it is, and whether it trains. Without a DOM. */

/** A race that ended within this time was recorded just now. */
const JUST_NOW_MS = 3_600_000;

/**
 * What a talk is told of the race that was started for a scene, as app/views/talk.py has it.
 * @typedef {{ scene: number, race: number, title: string, seeds: number, runs: any[] }} LiveRace
 */

/**
 * The chip: LIVE while the race trains alone; "" before anything of it is known.
 * @param {string | null} state as in shared/run_states.js
 */
export function liveChip(state) {
  if (state === null) return "";
  return state === "live" ? "LIVE" : "RECORDED";
}

/**
 * Where the figures come from. ended: when this tab saw it end, in milliseconds since 1970.
 * @type {(live: LiveRace, state: string | null, ended: number | undefined, now: number) => string}
 */
export function liveWords({ title, seeds }, state, ended, now) {
  const what = `${title}, ${seeds === 1 ? "one seed" : `${seeds} seeds`}`;
  if (state === "live") return `${what}: trains on this machine now`;
  if (state === "paused") return `${what}: paused`;
  if (state === "ended") return `${what}: recorded ${ended !== undefined && now - ended < JUST_NOW_MS ? "just now" : "here"}, it trains no more`;
  return what;
}
