/** Runs as the page holds them, and the independent calculations that the tests hold its figures against. */
import assert from "node:assert/strict";
import { buildFigure } from "../../../../app/live/race/chart/figure.js";
import { Series } from "../../../../app/live/race/series.js";

export const THEME = { scheme: "light", text: "#111111", muted: "#777777", grid: "#dddddd", page: "#fefefe", font: "Arial" };
export const VIEW = { race: 1, layout: "side", metric: "error", scale: "linear", x: "step", curves: ["running"] };
const TOLERANCE = 1e-9;

/** A colour of its own for each arm. */
export function colorOf(arm) {
  const code = [...arm].reduce((sum, letter) => (31 * sum + letter.codePointAt(0)) % 0xffffff, 7);
  return `#${code.toString(16).padStart(6, "0")}`;
}

/** Whole numbers from the first to the last. */
export function range(first, last, by = 1) {
  return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, index) => first + by * index);
}

/** What a run was before the page held it; `errors` are its running means, `tests` pairs of step and error. */
export function history(steps, errors, tests = [], seed = 0) {
  const loss = errors.map((error) => (error === null ? null : error / 40));
  const clock = (step) => (step * (1 + seed)) / 10;
  return {
    total: { train: steps.length },
    // Each column is a list of its own: the page appends to each.
    train: { step: [...steps], seconds: steps.map(clock), error: [...errors], running_error: [...errors], loss: [...loss], running_loss: [...loss] },
    test_subset: { step: tests.map(([step]) => step), error: tests.map(([, error]) => error), loss: tests.map(([, error]) => error / 40), seconds: tests.map(([step]) => clock(step)) },
  };
}

export function run(number, arm, steps, errors, { seed = 0, tests = [], label = `${arm} s${seed}`, ...card } = {}) {
  const at = arm.lastIndexOf("-");
  const [variant, depth] = [arm.slice(0, at), Number(arm.slice(at + 1))];
  const color = { light: colorOf(arm), dark: colorOf(`${arm} dark`) };
  const usual = {
    run: number, race: 1, arm, depth, shortcut: variant === "plain" ? "none" : variant, variant, seed, plain: variant === "plain",
    state: "running", parent: null, parent_step: null, changes: [], optimizer: "SGD", lr: 0.1, warmup_steps: 0, batch_size: 100, train_images: 1000, total_steps: 300,
    step: steps.at(-1) ?? 0, eval_images: 1000, precision: "fp32", device: "cpu",
  };
  // A fork always has a difference: the server says so.
  const fork = card.parent ? { difference: `fork of run ${card.parent} at step ${card.parent_step}`, difference_name: `fork at ${card.parent_step}` } : {};
  const full = { ...usual, difference: "", difference_name: "", ...fork, ...card };
  return { card: full, series: new Series(history(steps, errors, tests, seed), full.parent_step ?? 0), color, textColor: color, label, usual: label, mark: "circle" };
}

/** The Plotly figure of runs as plain values: what is not finite is null, as Plotly would have it. */
export function figure(runs, view = {}, width = 1100) {
  return JSON.parse(JSON.stringify(buildFigure(runs, { ...VIEW, ...view }, THEME, width)));
}

export function traces(built, meta, name) {
  return built.data.filter((one) => one.meta === meta && (name === undefined || one.name === name));
}

export function words(built) {
  return built.layout.annotations.map(({ text }) => text);
}

/** Whether all numbers are as expected but for rounding; lists may lie in lists. */
export function assertClose(actual, expected, message = "") {
  const [one, other] = [actual.flat(), expected.flat()];
  assert.equal(one.length, other.length, message);
  one.forEach((value, index) => assert.ok(Math.abs(value - other[index]) <= TOLERANCE, `${message} at ${index}: ${value}, expected ${other[index]}`));
}

/** A source of numbers from 0 to 1 that is the same at every run (mulberry32). */
export function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Sorted steps with the first and the last, as a decimated history has them. */
export function decimatedSteps(next, steps, kept) {
  const chosen = new Set([1, steps]);
  while (chosen.size < kept + 2) chosen.add(2 + Math.floor(next() * (steps - 2)));
  return [...chosen].toSorted((a, b) => a - b);
}

/** Runs of one arm whose points lie at different steps, and their curves for the independent calculation. */
export function seeds({ count = 3, steps = 300, kept = 60, arm = "plain-20", first = 1 } = {}) {
  const next = random(first);
  const curves = Array.from({ length: count }, () => {
    const at = decimatedSteps(next, steps, kept);
    return { at, values: at.map((step) => 90 * Math.exp(-step / 100) + 4 * (next() + next() - 1) + 5) };
  });
  return { runs: curves.map(({ at, values }, seed) => run(first + seed, arm, at, values, { seed })), curves };
}

/** Every curve at every step that any of them has and all reach, on the straight line between its own points. */
export function interpolated(curves) {
  const end = Math.min(...curves.map(({ at }) => at.at(-1)));
  const grid = [...new Set(curves.flatMap(({ at }) => at))].filter((step) => step <= end).toSorted((a, b) => a - b);
  const value = ({ at, values }, step) => {
    const left = at.filter((other) => other <= step).length - 1;
    if (at[left] === step) return values[left];
    return values[left] * ((at[left + 1] - step) / (at[left + 1] - at[left])) + values[left + 1] * ((step - at[left]) / (at[left + 1] - at[left]));
  };
  return { grid, values: curves.map((curve) => grid.map((step) => value(curve, step))) };
}

/** The mean, the smallest and the largest of several lists, place by place. */
export function spreadOf(lists) {
  const columns = lists[0].map((_, index) => lists.map((list) => list[index]));
  return {
    mean: columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length),
    low: columns.map((column) => Math.min(...column)),
    high: columns.map((column) => Math.max(...column)),
  };
}

/** What the server says of a run whose shortcuts were cut; of a fork with `parent` that is its only change. */
export function cut(step, more = {}) {
  return { difference: `shortcuts cut at step ${step}`, difference_name: `shortcuts cut at ${step}`, ...more };
}

/** Runs of race() that are arms of their own: a fork of A-56, a changed A-20, a plain-56 of another recipe. */
export function ownArms(steps = 100) {
  const at = range(1, steps), later = range(41, steps);
  return [
    run(90, "A-56", later, later.map(() => 88), { ...cut(40), label: "A-56, shortcuts cut at 40", parent: 30, parent_step: 40, seed: 0, changes: [[40, "fork of run 30 at step 40"], [41, "shortcut strength 1 to 0"]] }),
    run(91, "A-20", at, at.map(() => 77), { ...cut(60), label: "A-20, shortcuts cut at 60", seed: 7, changes: [[60, "shortcut strength 1 to 0"]] }),
    run(92, "plain-56", at, at.map(() => 11), { difference: "weight decay 0.001", difference_name: "weight decay 0.001", label: "plain-56, weight decay 0.001", seed: 0 }),
  ];
}

/** plain-20, plain-56, A-20, A-56 with constant distances and one test each; of A-56 every other step is kept. */
export function race(count = 2, steps = 100) {
  const at = range(1, steps);
  return Object.entries({ "plain-20": 40, "plain-56": 50, "A-20": 30, "A-56": 28 }).flatMap(([arm, height], place) =>
    Array.from({ length: count }, (_, seed) => {
      const kept = arm === "A-56" ? at.filter((_step, index) => index >= seed && (index - seed) % 2 === 0) : at;
      return run(10 * place + seed, arm, kept, kept.map(() => height + seed * place), { seed, tests: [[50, height + 5]] });
    }));
}
