/**
 * Mean, smallest and largest value of several seeds of one arm. Pure functions, no drawing.
 *
 * Seeds are decimated one by one, so a seed is interpolated linearly between its own kept points, at every step that
 * any of them kept. The mean reaches only as far as all of its seeds do: it never goes on over fewer of them.
 */
/** @import { Run, View, Card, Member, Table, Range, Split, Band, Curve, Group } from "../../types.js" */
/** @import { Series } from "../series.js" */
import { lastOf } from "./axes.js";
import { isComparable } from "../../shared/arm_names.js";
import { mapped } from "../../shared/decimate.js";
import { ENDED } from "../../shared/run_states.js";

/** The steps of a mean that are drawn. A longer mean is thinned, extremes kept. */
const MAX_STEPS = 600;
/** Of a bucket of steps these stay: the last, and those of the smallest and of the largest value. */
const PER_BUCKET = 3;

/**
 * What was computed of several runs, by the points of the first run and a name.
 * @type {WeakMap<Series, Map<string, { stamp: string, all: Series[], made: any }>>}
 */
const known = new WeakMap();

/**
 * The runs as groups of seeds, and those that stand alone: those with a difference, and arms with one run. Runs of one arm with
 * another learning rate or batch, or of another race, are no seeds of each other. Returns { groups: [{ arm, note, runs }],
 * single: [run] }; `note`: what tells a group from another of the same arm.
 * @param {Run[]} runs
 * @returns {{ groups: Group[], single: Run[] }}
 */
export function seedGroups(runs) {
  const sorted = Map.groupBy(runs.filter(isComparable), ({ card }) => `${card.race}|${card.arm}|${card.lr}|${card.batch_size}|${card.train_images}`);
  const groups = [...sorted.values()].filter((list) => list.length > 1);
  const grouped = new Set(groups.flat());
  const races = severalRaces(runs);
  const differ = (/** @type {string} */ key, /** @type {string} */ arm) => new Set(groups.filter(([{ card }]) => card.arm === arm).map(([{ card }]) => card[key])).size > 1;
  return {
    groups: groups.map((list) => {
      const { arm, race, lr, batch_size: batch } = list[0].card;
      const note = [races && `race ${race}`, differ("lr", arm) && lr !== null && `rate ${lr}`, differ("batch_size", arm) && `batch ${batch}`];
      return { arm, note: note.filter(Boolean).join(", "), runs: list };
    }),
    single: runs.filter((run) => !grouped.has(run)),
  };
}

/**
 * The groups that are drawn as a mean in a band, and the runs that are drawn alone.
 * @type {(runs: Run[], view: View) => { groups: Group[], single: Run[] }}
 */
export function drawnGroups(runs, view) {
  return bands(view) ? seedGroups(runs) : { groups: [], single: runs };
}

/** @param {View} view */
export function bands({ seeds = "band" }) {
  return seeds === "band";
}

/**
 * Whether the runs are of several races: then an arm's name alone does not say whose it is.
 * @param {Run[]} runs
 */
export function severalRaces(runs) {
  return new Set(runs.map(({ card }) => card.race)).size > 1;
}

/**
 * What an arm is called among these runs, by its card: with several races the race stands in the name.
 * @param {Run[]} runs
 */
export function armNames(runs) {
  const races = severalRaces(runs);
  return (/** @type {Card} */ { arm, race }) => (races ? `${arm} (race ${race})` : arm);
}

/**
 * The mean of a group's curve of one quantity. split: "train" (key: running_error, running_loss) or the name of
 * evaluations (key: error, loss). `thinned`: whether steps were left out; `seeds` of `of` are in the mean, `diverged`
 * are not; `end`: { seed, state, step } of the run whose end is the mean's end, or null.
 * The same object comes back as long as no run of the group has news.
 * @type {(runs: Run[], split: Split, key: string) => Band}
 */
export function seedStats(runs, split, key) {
  return remembered(`${split} ${key}`, runs, split, key, (detail) => {
    const members = runs.map((run) => ({ seed: run.card.seed, ...endOf([run], run), ...curveOf(run, split, key) }));
    return statsOf(members, detail, split !== "train");
  });
}

/**
 * What make(detail) returns for curves of these runs, kept under a name until a run has news. detail: the range of steps
 * in which a zoom has brought finer points, or null.
 * @type {<T>(name: string, runs: Run[], split: Split, key: string, make: (detail: Range | null) => T) => T}
 */
export function remembered(name, runs, split, key, make) {
  const stamp = runs.map(({ card, series }) => {
    const { detail } = series;
    const finer = detail && split === "train" ? [detail.first, detail.last, detail.points.step.length] : [];
    return [card.run, card.state, series[split].step.length, series[split][key].at(-1), ...finer].join(":");
  }).join();
  const all = runs.map(({ series }) => series);
  const kept = known.get(all[0]) ?? new Map();
  known.set(all[0], kept);
  const before = kept.get(name);
  if (before?.stamp === stamp && before.all.every((/** @type {Series} */ series, /** @type {number} */ index) => series === all[index])) return before.made;
  const made = make(split === "train" ? detailOf(runs) : null);
  kept.set(name, { stamp, all, made });
  return made;
}

/**
 * How a curve of these runs ends: as the run that stops first.
 * @type {(runs: Run[], first: Run) => Pick<Member, "state" | "diverged" | "over">}
 */
export function endOf(runs, { card: { state } }) {
  return { state, diverged: runs.some(({ card }) => card.state === "diverged"), over: ENDED.has(state) };
}

/**
 * The points of a run that have a value.
 * @type {(run: Run, split: Split, key: string) => Curve}
 */
export function curveOf({ series }, split, key) {
  const points = split === "train" ? series.drawn() : series[split];
  const values = points[key];
  const curve = table(["step", "value", "seconds"], values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    // A value that is not finite comes as null, as does a running mean that was not sent.
    if (value === null || !Number.isFinite(value)) continue;
    curve.step[count] = points.step[i];
    curve.value[count] = value;
    curve.seconds[count] = points.seconds[i];
    count += 1;
  }
  return /** @type {any} */ (firstRows(curve, count));
}

/** @type {(runs: Run[]) => Range | null} */
function detailOf(runs) {
  const finer = runs.flatMap(({ series: { detail } }) => (detail?.points.step.length ? [detail] : []));
  return finer.length ? [Math.min(...finer.map(({ first }) => first)), Math.max(...finer.map(({ last }) => last))] : null;
}

/**
 * The statistics of curves. detail: a range of steps that is thinned by itself; measured: whether only steps count at
 * which every member has a point of its own, where there are any.
 * @type {(members: Member[], detail: Range | null, measured: boolean) => Band}
 */
export function statsOf(members, detail, measured) {
  const counted = members.filter(({ step, diverged }) => step.length && !diverged);
  /** @type {Band} */
  const band = { ...spread(counted, detail, measured), seeds: counted.length, of: members.length, diverged: members.filter(({ diverged }) => diverged).length, end: null };
  const end = Math.min(...counted.map(({ step }) => lastOf(step)));
  const ended = counted.find(({ step, over }) => over && lastOf(step) === end);
  if (ended && counted.some(({ step }) => lastOf(step) > end)) band.end = { seed: ended.seed, state: ended.state, step: end };
  return band;
}

/**
 * The seconds of one seed's points by the mean clock of its band: all seeds have one place for one step. After the band's
 * end the seed's own clock goes on.
 * @type {(points: { step: number[], seconds: number[] }, band: { step: number[], seconds: number[] }) => number[]}
 */
export function onClock(points, band) {
  const { step, seconds } = band;
  if (!step.length) return points.seconds;
  const result = [];
  let at = 0, ahead = 0;
  for (let i = 0; i < points.step.length; i++) {
    const now = points.step[i];
    while (at < step.length && step[at] < now) at += 1;
    if (at === step.length) {
      result.push(points.seconds[i] + ahead);
      continue;
    }
    const share = at ? (now - step[at - 1]) / (step[at] - step[at - 1]) : 1;
    result.push(at ? seconds[at - 1] + share * (seconds[at] - seconds[at - 1]) : seconds[0] - Math.max(0, step[0] - now) * (seconds[0] / step[0]));
    ahead = result[i] - points.seconds[i];
  }
  return result;
}

/**
 * Mean, smallest and largest of curves at the steps that all of them cover, thinned. Seconds: the mean of their clocks.
 * @param {Curve[]} curves
 * @param {Range | null} detail
 * @param {boolean} measured
 * @returns {Pick<Band, "step" | "mean" | "low" | "high" | "seconds" | "thinned">}
 */
function spread(curves, detail, measured) {
  const rows = table(["step", "mean", "low", "high", "seconds"], curves.reduce((sum, { step }) => sum + step.length, 0));
  /** @type {number[]} */
  const shared = [];
  let count = 0;
  along(curves, (step, values, seconds, points) => {
    let sum = 0, clock = 0, low = Infinity, high = -Infinity;
    for (let i = 0; i < values.length; i++) {
      sum += values[i];
      clock += seconds[i];
      if (values[i] < low) low = values[i];
      if (values[i] > high) high = values[i];
    }
    rows.step[count] = step;
    rows.mean[count] = sum / values.length;
    rows.low[count] = low;
    rows.high[count] = high;
    rows.seconds[count] = clock / values.length;
    if (measured && points === curves.length) shared.push(count);
    count += 1;
  });
  return reduced(firstRows(rows, count), shared, ["low", "high"], detail);
}

/**
 * The rows at the shared steps where there are any: between two evaluations nothing was measured. Otherwise the rows of
 * decimateTable, with the extremes of two columns kept.
 * @type {(rows: Table, shared: number[], extremes: [low: string, high: string], detail: Range | null) => any}
 */
export function reduced(rows, shared, [low, high], detail) {
  const kept = shared.length ? pick(rows, shared) : decimateTable(rows, low, high, detail);
  return { ...kept, thinned: !shared.length && kept.step.length < rows.step.length };
}

/**
 * Walk through the steps that any curve has and all cover, in order. visit(step, values, seconds, points): values and
 * seconds by curve, interpolated where a curve has no point of its own (the arrays are used again for the next step);
 * points: how many curves have one there.
 * @param {Curve[]} curves
 * @param {(step: number, values: Float64Array, seconds: Float64Array, points: number) => void} visit
 * @returns {void}
 */
export function along(curves, visit) {
  if (!curves.length || curves.some(({ step }) => !step.length)) return;
  const from = Math.max(...curves.map(({ step }) => step[0]));
  const to = Math.min(...curves.map(({ step }) => lastOf(step)));
  const at = curves.map(({ step }) => Math.max(0, step.findIndex((other) => other >= from)));
  const values = new Float64Array(curves.length), seconds = new Float64Array(curves.length);
  for (let now = from; now <= to;) {
    let points = 0, next = Infinity;
    for (let i = 0; i < curves.length; i++) {
      const { step, value, seconds: clock } = curves[i];
      const index = at[i]; // the first point at or after this step
      if (step[index] === now) {
        points += 1;
        values[i] = value[index];
        seconds[i] = clock[index];
        at[i] += 1;
      } else {
        const share = (now - step[index - 1]) / (step[index] - step[index - 1]);
        values[i] = value[index - 1] + share * (value[index] - value[index - 1]);
        seconds[i] = clock[index - 1] + share * (clock[index] - clock[index - 1]);
      }
      if (at[i] < step.length && step[at[i]] < next) next = step[at[i]];
    }
    visit(now, values, seconds, points);
    now = next;
  }
}

/**
 * A table of columns with at most about MAX_STEPS rows: of every bucket its last row, the row with the smallest value in
 * column `low` and the row with the largest in column `high`.
 * @type {(rows: Table, low: string, high: string, detail?: Range | null) => Table}
 */
export function decimateTable(rows, low, high, detail = null) {
  const { step, [low]: lows, [high]: highs } = rows;
  const parts = detail ? [[-Infinity, detail[0] - 1], detail, [detail[1] + 1, Infinity]] : [[-Infinity, Infinity]];
  const kept = new Set(step.length ? [0] : []);
  for (const [least, most] of parts) {
    const from = step.findIndex((value) => value >= least);
    const to = step.findLastIndex((value) => value <= most);
    if (from < 0 || to < from) continue;
    // Buckets start at step 0 and double in width, so what is kept moves seldom while a run grows.
    let width = 1;
    while (Math.floor(step[to] / width) - Math.floor(step[from] / width) + 1 > MAX_STEPS / PER_BUCKET) width *= 2;
    if (to - from < MAX_STEPS) width = 0;
    let lowest = from, highest = from;
    for (let i = from; i <= to; i++) {
      if (lows[i] < lows[lowest]) lowest = i;
      if (highs[i] > highs[highest]) highest = i;
      if (width && i < to && Math.floor(step[i + 1] / width) === Math.floor(step[i] / width)) continue;
      kept.add(lowest).add(highest).add(i);
      lowest = highest = i + 1;
    }
  }
  return pick(rows, [...kept].toSorted((a, b) => a - b));
}

/**
 * An empty table with room for so many rows. Columns are typed arrays because lists that grow are slower by a half.
 * @type {(names: string[], rows: number) => Table}
 */
export function table(names, rows) {
  return /** @type {any} */ (Object.fromEntries(names.map((name) => [name, new Float64Array(rows)])));
}

/**
 * The first rows of a table, which share its memory.
 * @type {(rows: Table, count: number) => Table}
 */
export function firstRows(rows, count) {
  return mapped(/** @type {any} */ (rows), (/** @type {any} */ column) => column.subarray(0, count));
}

/**
 * Some rows of a table, as plain arrays.
 * @type {(rows: Table, chosen: number[]) => Table}
 */
function pick(rows, chosen) {
  return mapped(rows, (column) => chosen.map((row) => column[row]));
}
