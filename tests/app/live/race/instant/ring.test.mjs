/** The instant races as messages bring them, what the dial makes of them, and the curves that fade. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dialInWords } from "../../../../../app/live/race/instant/dial.js";
import { MAX_GHOSTS, instantFigure } from "../../../../../app/live/race/instant/figure.js";
import { answered, choiceOf, dialPoints, same, taken } from "../../../../../app/live/race/instant/ring.js";
import { THEME, run, traces } from "../runs.mjs";

function race(number, strength, error, more = {}) {
  const depth = more.depth ?? 32;
  const runs = [[true, 8, 17], [true, depth, 48], [false, 8, 17], [false, depth, error]].map(([plain, layers, last], index) => ({ run: 10 * number + index, plain, depth: layers, error: last }));
  return { race: number, depth, shortcut: "A", strength, lr: 0.001, seed: 0, over: true, runs, ...more };
}

test("a message adds, replaces and removes races; the newest is first", () => {
  let races = taken([], { races: [race(2, 1, 18), race(1, 0.5, 25)] });
  races = taken(races, { races: [race(3, 0.25, null, { over: false })], gone: [1] });
  assert.deepEqual(races.map((one) => one.race), [3, 2]);
  races = taken(races, { races: [race(3, 0.25, 37)] });
  assert.deepEqual(races.map((one) => [one.race, one.over]), [[3, true], [2, true]]);
  assert.deepEqual(taken(races, { busy: [7] }), races);
});

test("the first message after a break of the connection forgets what left meanwhile", () => {
  const before = taken([], { races: [race(9, 1, 18), race(8, 0.5, 25)] });
  assert.deepEqual(taken(before, { whole: true, races: [race(8, 0.5, 25)] }).map((one) => one.race), [8]);
  assert.deepEqual(taken(before, { whole: true }), [], "another database");
});

test("a later race that has ended answers what was asked for, whoever set it", () => {
  assert.equal(answered(race(7, 0.3, 30), 6), true);
  assert.equal(answered(race(7, 0.3, 30, { over: false }), 6), false, "it trains");
  assert.equal(answered(race(6, 0.3, 30), 6), false, "it was there before");
  assert.equal(answered(undefined, 0), false);
});

test("the dial has a point for each strength that was tried, the newest of several, and the plain net at 0", () => {
  const races = [race(6, 1, 18), race(5, 0.5, 26), race(4, 0.5, 99), race(3, 0.75, 30, { seed: 1 }), race(2, 0.25, 40, { over: false }), race(1, 0.9, 20, { depth: 64 })];
  assert.deepEqual(dialPoints(races, choiceOf(races[0]), "A").map(({ strength, error }) => [strength, error]), [[0, 48], [0.5, 26], [1, 18]]);
  assert.deepEqual(dialPoints(races, { ...choiceOf(races[0]), seed: 7 }, "A"), []);
  assert.deepEqual(dialPoints([race(1, 0.5, null)], choiceOf(races[1]), "A").map(({ strength }) => strength), [0], "a net that diverged has no point");
});

test("the points are those of the shortcut that can be dialled, whatever else is set", () => {
  const races = [race(2, 1, 20, { shortcut: "skipinit" }), race(1, 1, 18)];
  assert.deepEqual(dialPoints(races, choiceOf(races[0]), "A").map(({ error }) => error), [48, 18]);
  assert.equal(same(choiceOf(races[0]), choiceOf(races[1])), false);
});

test("the picture is told in words", () => {
  assert.match(dialInWords([], "the net"), /nothing was tried/);
  assert.equal(dialInWords(dialPoints([race(1, 0.5, 25.31)], choiceOf(race(1, 0.5, 0)), "A"), "the net"), "Error of the net over the strength of its shortcut: 48.0 % at 0, 25.3 % at 0.5");
});

test("earlier curves are thin, in their panel, and the fainter the older; a few races are enough", () => {
  const past = Array.from({ length: MAX_GHOSTS + 2 }, (_, age) => [run(2 * age, "plain-8", [1, 2], [80, 40]), run(2 * age + 1, "A-8", [1, 2], [70, 30])]);
  const now = [run(98, "plain-8", [1], [80]), run(99, "A-8", [1], [70])], built = instantFigure(now, past, THEME, { width: 1000, height: 400 });
  const drawn = traces(built, "ghost");
  assert.equal(built.data.indexOf(drawn.at(-1)), drawn.length - 1, "behind the curves of the newest race");
  assert.equal(drawn.length, 2 * MAX_GHOSTS);
  assert.deepEqual([...new Set(drawn.map(({ xaxis, name }) => `${name} ${xaxis}`))].toSorted(), ["A-8 s0 x2", "plain-8 s0 x"]);
  const faintness = drawn.map(({ opacity }) => opacity);
  assert.deepEqual(faintness, faintness.toSorted((a, b) => a - b), "the newest are drawn last");
  assert.ok(faintness.at(-1) < 0.5 && drawn.every(({ hoverinfo }) => hoverinfo === "skip"));
});

test("on a narrow page all curves share one panel", () => {
  const now = [run(98, "plain-8", [1], [80]), run(99, "A-8", [1], [70])];
  const built = instantFigure(now, [now], THEME, { width: 390, height: 300 });
  assert.deepEqual([...new Set(built.data.map(({ xaxis }) => xaxis))], ["x"]);
});
