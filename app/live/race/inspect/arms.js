/** The arms of a race as they are hidden, shown alone and pinned: each by the smallest number of its runs. Pure functions. */
/** @import { Ghost, Run } from "../../types.js" */
import { armNames } from "../chart/seed_stats.js";
import { isComparable } from "../../shared/arm_names.js";

/** @typedef {{ id: number, name: string, runs: Run[] }} Arm */

/** Where arms stand by the number of a run, imported lines stand by their own and this: no run has such a number. */
const LINES = 500_000_000;

/**
 * The imported lines as entries of the key: they have no runs.
 * @type {(lines: Ghost[]) => Arm[]}
 */
export function linesAsArms(lines) {
  return lines.map(({ id, name }) => ({ id: LINES + id, name, runs: [] }));
}

/**
 * The imported lines with whether they are shown and pinned.
 * @type {(lines: Ghost[], off: number[], pinned: number[]) => Ghost[]}
 */
export function seenLines(lines, off, pinned) {
  return lines.map((line) => ({ ...line, shown: !off.includes(LINES + line.id), pinned: pinned.includes(LINES + line.id) }));
}

/**
 * The seeds of an arm are one entry; a run with a difference is an arm of its own.
 * @type {(runs: Run[]) => Arm[]}
 */
export function armsOf(runs) {
  const nameOf = armNames(runs);
  return [...Map.groupBy(runs, (run) => (isComparable(run) ? nameOf(run.card) : run)).values()].map((list) => ({
    id: Math.min(...list.map(({ card }) => card.run)), name: isComparable(list[0]) ? nameOf(list[0].card) : list[0].label, runs: list,
  }));
}

/**
 * The arms that are drawn. One stays at least: where all are hidden, none is.
 * @type {(arms: Arm[], off: number[]) => Arm[]}
 */
export function shownArms(arms, off) {
  const shown = arms.filter(({ id }) => !off.includes(id));
  return shown.length ? shown : arms;
}

/**
 * What is hidden after an arm was hidden or shown.
 * @type {(arms: Arm[], off: number[], id: number) => number[]}
 */
export function toggled(arms, off, id) {
  if (id > LINES) return off.includes(id) ? off.filter((other) => other !== id) : [...off, id];
  const shown = shownArms(arms, off).map((arm) => arm.id);
  const next = shown.includes(id) ? shown.filter((other) => other !== id) : [...shown, id];
  return hiddenBeside(arms, next.length ? next : shown, off);
}

/**
 * What is hidden after an arm was chosen to stand alone; once more shows all.
 * @type {(arms: Arm[], off: number[], id: number) => number[]}
 */
export function alone(arms, off, id) {
  const shown = shownArms(arms, off);
  return shown.length === 1 && shown[0].id === id ? off.filter((other) => other > LINES) : hiddenBeside(arms, [id], off);
}

/**
 * All arms but these, and the lines that were hidden before.
 * @type {(arms: Arm[], shown: number[], off: number[]) => number[]}
 */
function hiddenBeside(arms, shown, off) {
  return [...arms.map(({ id }) => id).filter((id) => !shown.includes(id)), ...off.filter((id) => id > LINES)];
}
