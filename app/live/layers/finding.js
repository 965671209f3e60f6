/**
 * What the profiles say in numbers: the mean over the layers of every arm, and, for the response std, whether finding 1
 * of Fig. 7 (He et al. 2015) shows here: residual nets quieter than their plain twins, deeper residual nets quieter still.
 */
import { grouped, spoken } from "../shared/format.js";

const MARGIN = 0.005;

/** runs: those shown; returns one sentence or two, "" when there is nothing to say. */
export function finding(runs, scale, step) {
  const found = runs.map((run) => ({ ...run.card, mean: meanAt(run, scale, step) })).filter(({ mean }) => mean !== null);
  if (!found.length) return "";
  const arms = [...Map.groupBy(found, ({ arm }) => arm)].map(([arm, list]) => `${arm} ${steady(average(list.map(({ mean }) => mean)))}`);
  const place = scale.row.per === "block" ? "blocks" : "layers";
  const means = `Mean over the ${place} at step ${grouped(step)}: ${arms.join(", ")}.`;
  // At the start every response std is 1 in every net: there is nothing to find yet.
  return scale.row.name === "response_std" && step > 0 ? [means, seven(found)].filter(Boolean).join(" ") : means;
}

function meanAt({ columns }, scale, step) {
  if (columns.lastStep < step) return null; // not there yet: nothing to compare at this step
  const codes = columns.codes(scale.row.name, columns.at(step));
  const values = codes ? Array.from(codes, (code) => scale.value(code)).filter(Number.isFinite) : [];
  return values.length ? average(values) : null;
}

/** With as many digits at every moment, so that the line does not jump while time is dragged. */
function steady(value) {
  const size = Math.abs(value);
  return size >= 0.01 && size < 100 ? value.toFixed(size < 0.1 ? 4 : 3).replace("-", "−") : spoken(value);
}

function average(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function seven(found) {
  const twin = (one) => (other) => other.plain && other.depth === one.depth && other.seed === one.seed;
  const residual = found.filter(({ plain }) => !plain);
  const pairs = residual.flatMap((one) => found.filter(twin(one)).map((plain) => below(one, plain)));
  const deeper = residual.flatMap((one) => residual
    .filter((other) => other.shortcut === one.shortcut && other.seed === one.seed && other.depth < one.depth)
    .map((other) => below(one, other)));
  const parts = [];
  if (pairs.length) parts.push(`residual nets are at least 0.5 % below their plain twins in ${count(pairs)}`);
  if (deeper.length) parts.push(`the deeper residual net is as much below the shallower one in ${count(deeper)}`);
  return parts.length ? `Finding 1 of the paper's Fig. 7, about trained nets, here: ${parts.join("; ")}.` : "";
}

/** Closer than this means are called equal. */
function below(one, other) {
  return one.mean < (1 - MARGIN) * other.mean;
}

function count(list) {
  return `${list.filter(Boolean).length} of ${list.length} pair${list.length === 1 ? "" : "s"}`;
}
