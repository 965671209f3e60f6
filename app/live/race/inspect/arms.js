/** The arms of a race as they are hidden, shown alone and pinned: each by the smallest number of its runs. Pure functions. */
/** @import { Run } from "../../types.js" */
import { armNames } from "../chart/seed_stats.js";
import { isComparable } from "../../shared/arm_names.js";

/** @typedef {{ id: number, name: string, runs: Run[] }} Arm */

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
  const shown = shownArms(arms, off).map((arm) => arm.id);
  const next = shown.includes(id) ? shown.filter((other) => other !== id) : [...shown, id];
  return hiddenBeside(arms, next.length ? next : shown);
}

/**
 * What is hidden after an arm was chosen to stand alone; once more shows all.
 * @type {(arms: Arm[], off: number[], id: number) => number[]}
 */
export function alone(arms, off, id) {
  const shown = shownArms(arms, off);
  return shown.length === 1 && shown[0].id === id ? [] : hiddenBeside(arms, [id]);
}

/** @type {(arms: Arm[], shown: number[]) => number[]} */
function hiddenBeside(arms, shown) {
  return arms.map(({ id }) => id).filter((id) => !shown.includes(id));
}
