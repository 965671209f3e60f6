/** What an offline race answers where the live page asks its server: the record, finer points of a zoom, columns of the layers. */
import { decodedRun } from "./columns.js";
import { decimate, mapped } from "../../shared/decimate.js";
/** @import { Kit } from "./page.js" */

/** Digits of a number that was rounded before: as the server has them. */
const DIGITS = 5;

/**
 * @param {Pick<Kit, "json" | "bytes">} kit
 * @param {{ steps: boolean }} told whether the file holds more steps than the curves do
 * @returns {(address: URL) => Promise<string>}
 */
export function answers(kit, { steps }) {
  /** @type {Record<string, Promise<any>>} */
  const kept = {};
  const once = (/** @type {string} */ name, /** @type {() => Promise<any>} */ read) => (kept[name] ??= read());
  const race = () => once("race", () => kit.json("race"));
  /** @type {Record<string, (query: URLSearchParams) => Promise<any>>} */
  const routes = {
    "/recording": () => race(),
    "/history": async (query) => {
      if (!steps) return { runs: {} };
      const [index, bytes] = await Promise.all([once("index", () => kit.json("steps-index")), once("steps", () => kit.bytes("steps"))]);
      const columns = (/** @type {string} */ run) => index[run] && once(`steps of ${run}`, async () => decodedRun(bytes, index[run]));
      return finer(query, columns, await race());
    },
    "/probes/history": async (query) => insideOf(await once("layers", () => kit.json("layers")), query),
  };
  return async ({ pathname, searchParams }) => {
    if (!routes[pathname]) throw new Error("this file does not hold that");
    return JSON.stringify(await routes[pathname](searchParams));
  };
}

/**
 * Points of one range of steps of each run, few enough to be drawn; of a run whose curve has all its steps those of the curve.
 * @type {(query: URLSearchParams, columns: (run: string) => Promise<Record<string, Float64Array>> | undefined, race: any) => Promise<any>}
 */
async function finer(query, columns, race) {
  const list = (/** @type {string} */ name) => (query.get(name) ?? "").split(",");
  const [first, last, n] = [list("first").map(Number), list("last").map(Number), Number(query.get("n"))];
  /** @type {Record<string, any>} */
  const runs = {};
  for (const [at, run] of list("runs").entries()) {
    const whole = (await columns(run)) ?? race.runs[run]?.train;
    if (whole) runs[run] = { train: shown(rangeOf(whole, first[at] ?? first[0], last[at] ?? last[0]), n) };
  }
  return { runs };
}

/**
 * @param {Record<string, ArrayLike<number | null>>} columns
 * @param {number} first
 * @param {number} last
 * @returns {Record<string, (number | null)[]>}
 */
export function rangeOf(columns, first, last) {
  const steps = /** @type {ArrayLike<number>} */ (columns.step);
  const [from, to] = [rank(steps, first - 1), rank(steps, last)];
  return mapped(columns, (column) => Array.prototype.slice.call(column, from, to).map((value) => (Number.isNaN(value) ? null : value)));
}

/** @type {(points: Record<string, (number | null)[]>, n: number) => Record<string, (number | null)[]>} */
function shown(points, n) {
  return mapped(decimate(points, n), (column, key) => (key === "step" ? column : column.map((value) => value === null ? null : Number(value.toPrecision(DIGITS)))));
}

/** How many values of a sorted list are not above this one. @type {(sorted: ArrayLike<number>, value: number) => number} */
function rank(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The columns of the asked quantities, with the findings of one of them.
 * @type {(layers: any, query: URLSearchParams) => any}
 */
export function insideOf({ f, runs, ...rest }, query) {
  const names = (query.get("quantities") ?? "").split(",");
  const some = Object.entries(runs).map(([run, { arrays, ...columns }]) => [run, { ...columns, arrays: Object.fromEntries(names.filter((name) => name in arrays).map((name) => [name, arrays[name]])) }]);
  return { ...rest, runs: Object.fromEntries(some), f: f[query.get("about") ?? ""] ?? {} };
}
