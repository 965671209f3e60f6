/**
 * Predict, then reveal: the question that fits a race, and one line that holds the room's prediction against the truth. Pure.
 *
 * Two to six arms: which has the lowest training error. More, of both families: whether a plain net or one with a
 * shortcut has it; of one family: the shallowest or the deepest. One arm: how high its error will be.
 *
 * The truth is the running training error at one step, as in engine/analysis/statement.py: the largest step that all runs which take
 * part have reached, from step 50 on. Diverged and failed runs take no part, nor do runs that stopped or were lost
 * before step 50; forks are no arms. An arm stands by the mean of those seeds that all arms have.
 *
 * Too close to call: with several seeds, when the ranges of two arms over their seeds touch; with one seed, when they
 * differ by less than one point. A mean over 50 small batches moves by about that much, and so does another seed.
 */
import { armNames } from "../chart/seed_stats.js";
import { grouped } from "../../shared/format.js";
import { BROKEN, ENDED, HALTED, RUNNING_WINDOW } from "../../shared/run_states.js";

const CLOSE_POINTS = 1;
const MAX_ARMS = 6;
const MAX_NAMED = 3;
/** For one arm alone: [key, words, from, below], in percent. */
const RANGES = [["low", "below 10 %", 0, 10], ["mid", "10 to 30 %", 10, 30], ["high", "30 to 60 %", 30, 60], ["top", "60 % and more", 60, 101]];

/** Returns { text, choices: [{ key, label, arms: [...], of: a range or undefined }] }, null without runs. */
export function question(runs) {
  const own = arms(runs);
  if (!own.size) return null;
  const cards = [...own.values()].flat().map(({ card }) => card);
  const after = `After ${grouped(Math.min(...cards.map((card) => card.total_steps)))} steps`;
  const seeds = new Set(cards.map((card) => card.seed)).size;
  const error = `training error${seeds > 1 ? `, mean of ${seeds} seeds` : ""}`;
  const names = [...own.keys()];
  const choices = names.map((name) => ({ key: name, label: name, arms: [name] }));
  if (names.length === 1) {
    const ranges = RANGES.map(([key, label, ...of]) => ({ key, label, of, arms: names }));
    return { text: `${after}, how high will the ${error} of ${names[0]} be?`, choices: ranges };
  }
  if (names.length <= MAX_ARMS) return { text: `${after}, which will have the ${names.length > 2 ? "lowest" : "lower"} ${error}?`, choices };
  const sides = [["plain", true], ["with a shortcut", false]].map(([label, plain]) => {
    return { key: plain ? "plain" : "shortcut", label, arms: names.filter((name) => own.get(name)[0].card.plain === plain) };
  });
  if (sides.every((side) => side.arms.length)) return { text: `${after}, which kind of net will have the lowest ${error}?`, choices: sides };
  const byDepth = choices.toSorted((a, b) => own.get(a.key)[0].card.depth - own.get(b.key)[0].card.depth);
  const [first, last] = [byDepth[0], byDepth.at(-1)];
  if (own.get(first.key)[0].card.depth === own.get(last.key)[0].card.depth) return { text: `${after}, which will have the lowest ${error}?`, choices };
  return { text: `${after}, which will have the lower ${error}: the shallowest or the deepest?`, choices: [first, last] };
}

/** The prediction beside the truth, in words; "" when the prediction is none of the choices. */
export function answer(runs, asked, prediction) {
  const said = asked?.choices.find(({ key }) => key === prediction);
  if (!said) return "";
  const wanted = new Set(asked.choices.flatMap((choice) => choice.arms));
  const own = new Map([...arms(runs)].filter(([name]) => wanted.has(name)));
  const broken = [...own].filter(([, list]) => !list.some(takesPart)).map(([name, list]) => ({ name, words: fate(list) }));
  const fallen = broken.find(({ name }) => name === said.label);
  const opening = `The room said ${said.label}${fallen ? `, which ${fallen.words}` : ""}.`;
  const others = broken.filter((one) => one !== fallen).slice(0, MAX_NAMED).map(({ name, words }) => `${name} ${words}.`);
  return [opening, truth(asked.choices, said, own), ...others].join(" ");
}

function truth(choices, said, own) {
  const { taking, step, total } = common(own);
  if (!taking.length) return "No run is left to compare.";
  if (step < Math.min(RUNNING_WINDOW, total)) return `Too early to tell: step ${grouped(step)} of ${grouped(total)}, which takes ${RUNNING_WINDOW} steps of every run.`;
  const figures = new Map([...own].map(([name, list]) => [name, figure(name, list.filter((run) => taking.includes(run)), step)]).filter(([, { values }]) => values.length));
  if (!figures.size) return "No figures to compare yet.";
  const when = moment(taking, step, total);
  if (said.of) {
    const [only] = figures.values();
    return `${when} the running training error of ${only.name} is ${percent(only)}.`;
  }
  const best = (choice) => choice.arms.map((name) => figures.get(name)).filter(Boolean).toSorted((a, b) => a.mean - b.mean)[0];
  const ranked = choices.map((choice) => ({ choice, figure: best(choice) })).filter((one) => one.figure).toSorted((a, b) => a.figure.mean - b.figure.mean);
  const [first, ...rest] = ranked;
  const close = rest.filter((one) => isClose(first.figure, one.figure));
  if (close.length) {
    return `${when} it is too close to call in running training error: ${listed([first, ...close].map((one) => named(one)))}${first.figure.values.length > 1 ? "" : ", with one seed"}.`;
  }
  const beside = ranked.find(({ choice }) => choice === said && choice !== first.choice) ?? rest[0];
  const lowest = choices.length > 2 || first.choice.arms.length > 1 ? "lowest" : "lower";
  return `${when} ${nameOf(first)} has the ${lowest} running training error, ${percent(first.figure)}${beside ? `; ${named(beside)}` : ""}.`;
}

/** Which runs are compared, and at which step of how many. */
function common(own) {
  const sound = [...own.values()].map((list) => list.filter(takesPart)).filter((list) => list.length);
  const seeds = sound.map((list) => new Set(list.map(({ card }) => card.seed)));
  const shared = [...(seeds[0] ?? [])].filter((seed) => seeds.every((set) => set.has(seed)));
  const taking = sound.flat().filter(({ card }) => !shared.length || shared.includes(card.seed));
  return { taking, step: Math.min(...taking.map(({ series }) => series.lastStep)), total: Math.min(...taking.map(({ card }) => card.total_steps)) };
}

function takesPart({ card, series }) {
  return !BROKEN.has(card.state) && !(HALTED.has(card.state) && series.lastStep < Math.min(RUNNING_WINDOW, card.total_steps));
}

function figure(name, list, step) {
  const values = list.map(({ series }) => runningErrorAt(series.train, step)).filter((value) => value !== undefined);
  return { name, values, mean: values.reduce((sum, value) => sum + value, 0) / values.length };
}

/** The stream leaves running means out between its messages: then they are the mean of the single steps, if all are here. */
export function runningErrorAt({ step: steps, error, running_error: means }, step) {
  let at = steps.findLastIndex((other) => other <= step);
  if (at < 0) return undefined;
  const from = Math.max(0, at - RUNNING_WINDOW + 1);
  const whole = steps[at] === step && steps[at] - steps[from] === at - from && (at - from === RUNNING_WINDOW - 1 || steps[from] === 1);
  if (means[at] === null && whole) return error.slice(from, at + 1).reduce((sum, value) => sum + value, 0) / (at - from + 1);
  while (at >= 0 && means[at] === null) at -= 1;
  return means[at];
}

function isClose(a, b) {
  if (a.values.length > 1 && b.values.length > 1) return Math.max(...a.values) >= Math.min(...b.values) && Math.max(...b.values) >= Math.min(...a.values);
  return Math.abs(a.mean - b.mean) < CLOSE_POINTS;
}

function moment(taking, step, total) {
  if (taking.every(({ card }) => card.state === "finished")) return `After ${grouped(step)} steps`;
  const live = taking.some(({ card }) => !ENDED.has(card.state) && card.state !== "paused");
  return `${live ? "So far" : "As it stands"} (step ${grouped(step)} of ${grouped(total)})`;
}

function fate(list) {
  const { card, series } = list[0];
  return `${card.state === "lost" ? "was lost" : card.state} at step ${grouped(Math.max(card.step, series.lastStep))}`;
}

function percent({ values, mean }) {
  const range = values.length > 1 ? ` (${values.length} seeds, ${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})` : "";
  return `${mean.toFixed(1)} %${range}`;
}

/** A kind of net stands by its best arm, which is named. */
function nameOf({ choice, figure: { name } }) {
  return choice.label === name ? name : `${name} (${choice.label})`;
}

function named(one) {
  return `${nameOf(one)} ${percent(one.figure)}`;
}

function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** {name: runs} of the race's arms, in its order; of several races each has its own. */
function arms(runs) {
  const name = armNames(runs);
  return Map.groupBy(runs.filter(({ card }) => card.parent === null), ({ card }) => name(card));
}
