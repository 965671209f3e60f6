/** The numbers of a band: when they are computed again, what a zoom brings into them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { along, decimateTable, onClock, seedGroups, seedStats } from "../../../../../app/live/race/chart/seed_stats.js";
import { ownArms, race, range, run, seeds } from "../runs.mjs";

test("a band is computed again only when a run has news", () => {
  const { runs } = seeds();
  const band = () => seedStats(runs, "train", "running_error");
  const before = band();
  assert.equal(before, band());
  for (const { series } of runs) series.append(40, 1, 7, [301, 1, 7]);
  const after = band();
  assert.notEqual(before, after);
  assert.deepEqual([after.step.at(-1), after.mean.at(-1)], [301, 7]);
});

test("a zoom shows the mean of the finer points in its range", () => {
  const coarse = range(100, 60_000, 100), fine = range(1000, 1400);
  const runs = [0, 1].map((seed) => run(seed, "A-20", coarse, coarse.map(() => 50 + seed), { seed }));
  seedStats(runs, "train", "running_error"); // before the zoom
  runs.forEach(({ series }, seed) => {
    const empty = Object.fromEntries(["error", "loss", "running_loss"].map((key) => [key, fine.map(() => 0)]));
    series.refine({ ...empty, step: [...fine], seconds: [...fine], running_error: fine.map((step) => (step === 1234 && seed === 0 ? 99 : 50 + seed)) }, 1000, 1400, 2000);
  });
  const { step, mean } = seedStats(runs, "train", "running_error");
  assert.deepEqual(step.filter((at) => at >= 1000 && at <= 1400), fine);
  assert.equal(mean[step.indexOf(1234)], (99 + 51) / 2);
});

test("forks and single runs stand alone, seeds of an arm together", () => {
  const at = range(1, 5);
  const runs = [run(1, "A-20", at, at), run(2, "A-20", at, at, { seed: 1 }), run(3, "B-20", at, at), run(4, "A-20", at, at, { parent: 1, parent_step: 2 })];
  const { groups, single } = seedGroups(runs);
  assert.deepEqual(groups.map(({ arm, note, runs: members }) => [arm, note, members.map(({ card }) => card.run)]), [["A-20", "", [1, 2]]]);
  assert.deepEqual(single.map(({ card }) => card.run), [3, 4]);
});

test("bands are those of the comparable runs alone", () => {
  const named = (runs) => seedGroups(runs).groups.map(({ arm, runs: members }) => [arm, members.map(({ card }) => card.run)]);
  const own = ownArms();
  assert.deepEqual(named([...race(3), ...own]), named(race(3)));
  assert.deepEqual(seedGroups([...race(3), ...own]).single, own, "each stands alone");
  assert.deepEqual(named(own.map((one) => ({ ...one, card: { ...one.card, arm: "A-56" } }))), [], "runs that all differ are no seeds either");
});

test("a walk visits the steps that any curve has and all cover, in order", () => {
  const curve = (step, value) => ({ step, value, seconds: value });
  const visited = [];
  along([curve([1, 5, 9], [10, 50, 90]), curve([3, 5, 7], [0, 2, 4])], (step, values, _seconds, points) => visited.push([step, ...values, points]));
  assert.deepEqual(visited, [[3, 30, 0, 1], [5, 50, 2, 2], [7, 70, 4, 1]]);
  along([curve([1], [1]), curve([], [])], () => assert.fail("a curve without a point covers nothing"));
});

test("a decimated table keeps the first, the last and every extreme of a bucket", () => {
  const step = range(1, 5000), low = step.map(() => 5), high = step.map(() => 6);
  [low[2500], high[2501]] = [-1, 60];
  const kept = decimateTable({ step, low, high }, "low", "high");
  assert.ok(kept.step.length < 700, String(kept.step.length));
  assert.deepEqual([kept.step[0], kept.step.at(-1), Math.min(...kept.low), Math.max(...kept.high)], [1, 5000, -1, 60]);
  const zoomed = decimateTable({ step, low, high }, "low", "high", [100, 300]);
  assert.deepEqual(zoomed.step.filter((at) => at >= 100 && at <= 300), range(100, 300), "a zoomed range is decimated by itself");
});

test("a seed stands at the mean clock of its band, and goes on by its own after the band", () => {
  const band = { step: [10, 20], seconds: [100, 200] };
  assert.deepEqual(onClock({ step: [10, 15, 20, 30], seconds: [1, 1.5, 2, 3] }, band), [100, 150, 200, 201]);
  assert.deepEqual(onClock({ step: [1], seconds: [7] }, { step: [], seconds: [] }), [7]);
});
