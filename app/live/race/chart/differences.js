/**
 * Differences between runs of one race at equal steps, in numbers: of each shortcut type the deepest net minus the shallowest, and
 * at each depth plain minus residual; seed by seed, then as one band. Pure functions.
 */
/** @import { Run, Pair, Gap, Range, Split, Band, Member, Gaps } from "../../types.js" */
/** @import { Series } from "../series.js" */
import { ENDED } from "../../shared/run_states.js";
import { along, statsOf, curveOf, detailOf, detailStamp, firstRows, pick, severalRaces, table, decimateTable } from "./seed_stats.js";

const MINUS = "−";

/**
 * What was computed of the runs' points, by the first run's points.
 * @type {WeakMap<Series, Map<string, { stamp: string, all: Series[], made: { band: Band, curves: Member[] } }>>}
 */
const known = new WeakMap();

/**
 * The pairs of arms that can be compared: { depth: [gap], family: [gap] }, gap: { name, run, pairs: [{ seed, from, take }] }:
 * `from` minus `take`, and `run`, whose colour the gap has. Forks are no part of it.
 * @param {Run[]} runs
 * @returns {Gaps}
 */
export function differencesOf(runs) {
  const arms = [...Map.groupBy(runs.filter(({ card }) => card.parent === null), ({ card }) => `${card.race}|${card.arm}`).values()];
  const races = severalRaces(runs);
  const ofRace = (/** @type {Run} */ { card: { race } }) => (races ? ` (race ${race})` : "");
  const byVariant = [...Map.groupBy(arms, ([{ card }]) => `${card.race}|${card.variant}`).values()];
  const depth = byVariant.flatMap((list) => {
    const ordered = list.toSorted(([a], [b]) => a.card.depth - b.card.depth);
    const [shallow, deep] = [ordered[0], ordered[ordered.length - 1]];
    const { variant, depth: most } = deep[0].card;
    return gap(`${variant}: ${most} ${MINUS} ${shallow[0].card.depth}${ofRace(deep[0])}`, deep[0], deep, shallow);
  });
  const plain = arms.filter(([{ card }]) => card.plain);
  const family = arms.filter(([{ card }]) => !card.plain).flatMap((residual) =>
    plain.filter(([{ card }]) => card.race === residual[0].card.race && card.depth === residual[0].card.depth).flatMap((other) =>
      gap(`${residual[0].card.depth}: ${other[0].card.variant} ${MINUS} ${residual[0].card.variant}${ofRace(residual[0])}`, residual[0], other, residual)));
  return { depth, family };
}

/**
 * One gap in a list, none where no seed has trained both nets. Of two runs of one seed the later one counts.
 * @param {string} name
 * @param {Run} run
 * @param {Run[]} from
 * @param {Run[]} take
 */
function gap(name, run, from, take) {
  const other = new Map(take.map((one) => [one.card.seed, one]));
  const seeds = new Map(from.map((one) => [one.card.seed, one]));
  const pairs = [...seeds].flatMap(([seed, one]) => {
    const twin = other.get(seed);
    return twin && twin !== one ? [{ seed, from: one, take: twin }] : [];
  });
  return pairs.length ? [{ name, run, pairs }] : [];
}

/**
 * A gap's curve of one quantity, as seedStats has it (`seconds`: the clock of the minuend), and the difference of every
 * seed: { band, curves: [{ seed, step, value, seconds }] }. Kept until a run has news.
 * @param {Gap} options
 * @param {Split} split
 * @param {string} key
 * @returns {{ band: Band, curves: Member[] }}
 */
export function differenceStats({ pairs }, split, key) {
  const runs = pairs.flatMap(({ from, take }) => [from, take]);
  const detail = split === "train" ? detailOf(runs) : null;
  const stamp = runs.map(({ card, series }) => [card.run, card.state, series[split].step.length, series[split][key].at(-1), detailStamp(series)].join(":")).join();
  const all = runs.map(({ series }) => series);
  const kept = known.get(all[0]) ?? new Map();
  known.set(all[0], kept);
  const name = `${split} ${key} ${runs.map(({ card }) => card.run).join()}`;
  const before = kept.get(name);
  if (before?.stamp === stamp && before.all.every((/** @type {Series} */ series, /** @type {number} */ index) => series === all[index])) return before.made;
  const curves = pairs.map((pair) => difference(pair, split, key, detail));
  const made = { band: statsOf(curves, detail, split !== "train"), curves };
  kept.set(name, { stamp, all, made });
  return made;
}

/**
 * One seed's difference, a member of a band: it ends where the run ends that stopped first.
 * @param {Pair} options
 * @param {Split} split
 * @param {string} key
 * @param {Range | null} detail
 * @returns {Member}
 */
function difference({ seed, from, take }, split, key, detail) {
  const [minuend, subtrahend] = [curveOf(from, split, key), curveOf(take, split, key)];
  const found = table(["step", "value", "seconds"], minuend.step.length + subtrahend.step.length);
  /** @type {number[]} */
  const shared = [];
  let count = 0;
  along([minuend, subtrahend], (step, values, seconds, points) => {
    if (points === 2) shared.push(count);
    found.step[count] = step;
    found.value[count] = values[0] - values[1];
    found.seconds[count] = seconds[0];
    count += 1;
  });
  const walked = firstRows(found, count);
  // Evaluations are made at equal steps: between them nothing was measured.
  const kept = split !== "train" && shared.length ? pick(walked, shared) : decimateTable(walked, "value", "value", detail);
  const states = [from, take].map(({ card }) => card.state);
  const shorter = (minuend.step.at(-1) ?? 0) <= (subtrahend.step.at(-1) ?? 0) ? from : take;
  return { seed, .../** @type {any} */ (kept), thinned: kept.step.length < count, state: shorter.card.state, diverged: states.includes("diverged"), over: ENDED.has(shorter.card.state) };
}
