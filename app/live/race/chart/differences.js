/**
 * Differences between runs of one race at equal steps, in numbers: of each shortcut type the deepest net minus the shallowest, and
 * at each depth plain minus residual; seed by seed, then as one band. Pure functions.
 */
/** @import { Run, Pair, Gap, Range, Split, Band, Member, Gaps } from "../../types.js" */
import { along, curveOf, endOf, firstRows, reduced, remembered, severalRaces, statsOf, table } from "./seed_stats.js";
import { depthName, isComparable } from "../../shared/arm_names.js";

/**
 * The pairs of arms that can be compared: { depth: [gap], family: [gap] }, gap: { name, run, pairs: [{ seed, from, take }] }:
 * `from` minus `take`, and `run`, whose colour the gap has. Runs with a difference are no part of it.
 * @param {Run[]} runs
 * @returns {Gaps}
 */
export function differencesOf(runs) {
  const arms = [...Map.groupBy(runs.filter(isComparable), ({ card }) => `${card.race}|${card.arm}`).values()];
  const races = severalRaces(runs);
  const ofRace = (/** @type {Run} */ { card: { race } }) => (races ? ` (race ${race})` : "");
  const byVariant = [...Map.groupBy(arms, ([{ card }]) => `${card.race}|${card.variant}`).values()];
  const depth = byVariant.flatMap((list) => {
    const ordered = list.toSorted(([a], [b]) => a.card.depth - b.card.depth);
    const [shallow, deep] = [ordered[0], ordered[ordered.length - 1]];
    return gap(`${deep[0].card.variant}: ${depthName(deep[0].card)} minus ${depthName(shallow[0].card)}${ofRace(deep[0])}`, deep[0], deep, shallow);
  });
  const plain = arms.filter(([{ card }]) => card.plain);
  const family = arms.filter(([{ card }]) => !card.plain).flatMap((residual) =>
    plain.filter(([{ card }]) => card.race === residual[0].card.race && card.depth === residual[0].card.depth).flatMap((other) =>
      gap(`${other[0].card.variant} minus ${residual[0].card.variant} at ${depthName(residual[0].card).replace(/^(?=\d+$)/, "depth ")}${ofRace(residual[0])}`, residual[0], other, residual)));
  return { depth, family };
}

/**
 * A list of one gap, empty where no seed has trained both nets. Of two runs of one seed the later run counts.
 * @type {(name: string, run: Run, from: Run[], take: Run[]) => Gap[]}
 */
function gap(name, run, from, take) {
  const [minuends, subtrahends] = [from, take].map((members) => new Map(members.map((member) => [member.card.seed, member])));
  const pairs = [...minuends].flatMap(([seed, minuend]) => {
    const subtrahend = subtrahends.get(seed);
    return subtrahend && subtrahend !== minuend ? [{ seed, from: minuend, take: subtrahend }] : [];
  });
  return pairs.length ? [{ name, run, pairs }] : [];
}

/**
 * A gap's curve of one quantity, as seedStats has it (`seconds`: the clock of the minuend), and the difference of every
 * seed. Kept until a run has news.
 * @type {(gap: Gap, split: Split, key: string) => { band: Band, curves: Member[] }}
 */
export function differenceStats({ pairs }, split, key) {
  const runs = runsOf({ pairs });
  return remembered(`${split} ${key} ${runs.map(({ card }) => card.run)}`, runs, split, key, (detail) => {
    const curves = pairs.map((pair) => difference(pair, split, key, detail));
    return { band: statsOf(curves, detail, split !== "train"), curves };
  });
}

/** @param {Pick<Gap, "pairs">} gap */
export function runsOf({ pairs }) {
  return pairs.flatMap(({ from, take }) => [from, take]);
}

/**
 * The difference of one seed. The curve ends with the run that stops first.
 * @type {(pair: Pair, split: Split, key: string, detail: Range | null) => Member}
 */
function difference({ seed, from, take }, split, key, detail) {
  const [minuend, subtrahend] = [curveOf(from, split, key), curveOf(take, split, key)];
  const rows = table(["step", "value", "seconds"], minuend.step.length + subtrahend.step.length);
  /** @type {number[]} */
  const shared = [];
  let count = 0;
  along([minuend, subtrahend], (step, values, seconds, points) => {
    if (split !== "train" && points === 2) shared.push(count);
    rows.step[count] = step;
    rows.value[count] = values[0] - values[1];
    rows.seconds[count] = seconds[0];
    count += 1;
  });
  const first = (minuend.step.at(-1) ?? 0) <= (subtrahend.step.at(-1) ?? 0) ? from : take;
  return { seed, ...endOf([from, take], first), ...reduced(firstRows(rows, count), shared, ["value", "value"], detail) };
}
