/**
 * A fork and its parent as one tree: the fork's dashed line begins on its parent's, at the step that both share. Pure
 * functions.
 */
/** @import { Run, View, ForkPoint, Points } from "../../types.js" */
import { xs } from "./axes.js";

/**
 * Where each fork among the runs leaves its parent: Map of the fork's number to { x, y, parent }. A fork has no
 * point where its parent is not drawn or has no running mean at that step.
 * @type {(runs: Run[], view: View) => Map<number, ForkPoint>}
 */
export function forkPoints(runs, view) {
  const byId = new Map(runs.map((run) => [run.card.run, run]));
  const points = new Map();
  for (const { card } of runs) {
    const parent = card.parent === null ? undefined : byId.get(card.parent);
    const point = parent && pointAt(parent.series.drawn(), card.parent_step ?? 0, `running_${view.metric}`);
    if (!point || (view.scale === "log" && point.value <= 0)) continue;
    points.set(card.run, { x: xs({ step: [point.step], seconds: [point.seconds] }, parent.card, view.x)[0], y: point.value, parent });
  }
  return points;
}

/**
 * A curve's value at a step, interpolated between the points that are drawn; null outside of them.
 * @type {(points: Points, step: number, key: string) => { step: number, value: number, seconds: number } | null}
 */
function pointAt(points, step, key) {
  const values = points[key];
  const after = points.step.findIndex((other, index) => other >= step && Number.isFinite(values[index]));
  if (after < 0) return null;
  if (points.step[after] === step) return { step, value: Number(values[after]), seconds: points.seconds[after] };
  const before = values.findLastIndex((value, index) => index < after && points.step[index] < step && Number.isFinite(value));
  if (before < 0) return null;
  const share = (step - points.step[before]) / (points.step[after] - points.step[before]);
  const between = (/** @type {(number | null)[]} */ column) => Number(column[before]) + share * (Number(column[after]) - Number(column[before]));
  return { step, value: between(values), seconds: between(points.seconds) };
}
