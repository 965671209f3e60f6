/**
 * Several seeds of one arm as one mean between a smallest and a largest value, in numbers: pure functions, no drawing.
 *
 * Seeds are decimated one by one, so a seed is interpolated linearly between its own kept points, at every step that
 * any of them kept. The mean reaches only as far as all of its seeds do: it never goes on over fewer of them.
 */

/** As many steps are drawn of one mean; more are thinned, extremes kept. */
const MOST_STEPS = 600;
/** Of a bucket of steps these stay: the last, and those of the smallest and of the largest value. */
const PER_BUCKET = 3;
/** States in which a run makes no further step. */
export const ENDED = new Set(["stopped", "finished", "diverged", "failed", "lost"]);

const known = new WeakMap();

/**
 * The runs as groups of seeds, and those that stand alone: forks, and arms with one run. Runs of one arm with another
 * learning rate or batch are no seeds of each other. Returns { groups: [{ arm, note, runs }], single: [run] }.
 */
export function seedGroups(runs) {
  const sorted = Map.groupBy(runs.filter(({ card }) => card.parent === null), ({ card }) => `${card.arm}|${card.lr}|${card.batch_size}|${card.train_images}`);
  const groups = [...sorted.values()].filter((list) => list.length > 1);
  const grouped = new Set(groups.flat());
  const twice = (arm) => groups.filter(([{ card }]) => card.arm === arm).length > 1;
  return {
    groups: groups.map((list) => {
      const { arm, lr } = list[0].card;
      return { arm, note: twice(arm) && lr !== null ? `rate ${lr}` : "", runs: list };
    }),
    single: runs.filter((run) => !grouped.has(run)),
  };
}

/**
 * The mean of a group's curve of one quantity. split: "train" (key: running_error, running_loss) or the name of
 * evaluations (key: error, loss). Returns { step, mean, low, high, seconds, seeds, of, diverged, end }: `seeds` of `of`
 * are in the mean, `diverged` are not; `end`: { seed, state, step } of the run whose end is the mean's end, or null.
 * The same object comes back as long as no run of the group has news.
 */
export function seedBand(runs, split, key) {
  const stamp = runs.map(({ card, series }) => {
    const list = split === "train" ? series.train : series[split];
    return [card.run, card.state, list.step.length, list[key].at(-1), split === "train" ? detailOf([{ series }]) : ""].join(":");
  }).join();
  const all = runs.map(({ series }) => series);
  const kept = known.get(all[0]) ?? known.set(all[0], new Map()).get(all[0]);
  const before = kept.get(`${split} ${key}`);
  if (before?.stamp === stamp && before.all.every((series, index) => series === all[index])) return before.band;
  const band = bandOf(runs.map((run) => ({ ...memberOf(run.card), ...curveOf(run, split, key) })), split === "train" ? detailOf(runs) : null, split !== "train");
  kept.set(`${split} ${key}`, { stamp, all, band });
  return band;
}

function memberOf({ seed, state }) {
  return { seed, state, diverged: state === "diverged", over: ENDED.has(state) };
}

/** The points of a run that have a value: { step, value, seconds }. */
export function curveOf({ series }, split, key) {
  const points = split === "train" ? series.drawn() : series[split];
  const curve = { step: [], value: [], seconds: [] };
  const values = points[key];
  for (let i = 0; i < values.length; i++) {
    // A value that is not finite comes as null, as does a running mean that was not sent.
    if (!Number.isFinite(values[i])) continue;
    curve.step.push(points.step[i]);
    curve.value.push(values[i]);
    curve.seconds.push(points.seconds[i]);
  }
  return curve;
}

/** The range of steps in which a zoom has brought finer points, or null. */
export function detailOf(runs) {
  const ranges = runs.map(({ series }) => series.detail?.step ?? []).filter((step) => step.length);
  return ranges.length ? [Math.min(...ranges.map((step) => step[0])), Math.max(...ranges.map((step) => step.at(-1)))] : null;
}

/**
 * members: [{ seed, state, diverged, over, step, value, seconds }]; detail: a range of steps that is thinned by itself;
 * measured: only steps at which every member has a point of its own, where there are any. Returns what seedBand does.
 */
export function bandOf(members, detail = null, measured = false) {
  const counted = members.filter(({ step, diverged }) => step.length && !diverged);
  const band = { ...spread(counted, detail, measured), seeds: counted.length, of: members.length, diverged: members.filter(({ diverged }) => diverged).length, end: null };
  const last = Math.min(...counted.map(({ step }) => step.at(-1)));
  const first = counted.find(({ step, over }) => over && step.at(-1) === last);
  if (first && counted.some(({ step }) => step.at(-1) > last)) band.end = { seed: first.seed, state: first.state, step: last };
  return band;
}

/** Mean, smallest and largest of curves at the steps that all of them cover, thinned. Seconds: the mean of their clocks. */
function spread(curves, detail, measured) {
  const found = { step: [], mean: [], low: [], high: [], seconds: [] };
  const own = [];
  along(curves, (step, values, seconds, points) => {
    let sum = 0, clock = 0, low = Infinity, high = -Infinity;
    for (let i = 0; i < values.length; i++) {
      sum += values[i];
      clock += seconds[i];
      if (values[i] < low) low = values[i];
      if (values[i] > high) high = values[i];
    }
    found.step.push(step);
    found.mean.push(sum / values.length);
    found.low.push(low);
    found.high.push(high);
    found.seconds.push(clock / values.length);
    own.push(points);
  });
  if (!measured) return thinned(found, ["low", "high"], detail);
  const shared = own.flatMap((points, index) => (points === curves.length ? [index] : []));
  return shared.length ? pick(found, shared) : found;
}

/**
 * Walk through the steps that any curve has and all cover, in order. visit(step, values, seconds, points): values and
 * seconds by curve, interpolated where a curve has no point of its own (the arrays are used again for the next step);
 * points: how many curves have one there.
 */
export function along(curves, visit) {
  if (!curves.length || curves.some(({ step }) => !step.length)) return;
  const from = Math.max(...curves.map(({ step }) => step[0]));
  const to = Math.min(...curves.map(({ step }) => step.at(-1)));
  const at = curves.map(({ step }) => Math.max(0, step.findIndex((other) => other >= from)));
  const values = new Array(curves.length), seconds = new Array(curves.length);
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

/** A table of columns with at most about MOST_STEPS rows: of every bucket its last row and the extremes of `keys`. */
export function thinned(table, keys, detail = null) {
  const { step } = table;
  if (step.length <= MOST_STEPS) return table;
  const parts = detail ? [[-Infinity, detail[0] - 1], detail, [detail[1] + 1, Infinity]] : [[-Infinity, Infinity]];
  const kept = new Set([0]);
  for (const [low, high] of parts) {
    const from = step.findIndex((value) => value >= low);
    const to = step.findLastIndex((value) => value <= high);
    if (from < 0 || to < from) continue;
    // Buckets start at step 0 and double in width, so what is kept moves seldom while a run grows.
    let width = 1;
    while (Math.floor(step[to] / width) - Math.floor(step[from] / width) + 1 > MOST_STEPS / PER_BUCKET) width *= 2;
    if (to - from < MOST_STEPS) width = 0;
    let least = from, most = from;
    for (let i = from; i <= to; i++) {
      if (table[keys[0]][i] < table[keys[0]][least]) least = i;
      if (table[keys.at(-1)][i] > table[keys.at(-1)][most]) most = i;
      if (width && i < to && Math.floor(step[i + 1] / width) === Math.floor(step[i] / width)) continue;
      kept.add(least).add(most).add(i);
      least = most = i + 1;
    }
  }
  return pick(table, [...kept].sort((a, b) => a - b));
}

function pick(table, rows) {
  return Object.fromEntries(Object.entries(table).map(([key, column]) => [key, rows.map((row) => column[row])]));
}
