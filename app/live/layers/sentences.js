/** The sentences of the probe pages: what cannot be shown and why, how the gradient grows, what the pointer is on. */
import { grouped, spoken } from "../shared/format.js";
import { ENDED } from "../shared/run_states.js";

const BEFORE = new Set(["queued", "starting"]);

/** Why a run has nothing to show, "" when it has. */
export function absence(card, columns) {
  if (columns.steps.length) return "";
  if (!columns.planned.length) return "This race was recorded without probes. Start a new one on the Race page to look inside.";
  if (BEFORE.has(card.state)) return `${card.arm} is ${card.state}: the first probe comes before the first update.`;
  if (card.step > 0) return "This race was recorded before there were probes. Start a new one on the Race page to look inside.";
  if (ENDED.has(card.state)) return `${card.arm} is ${card.state}; it ended before its first probe.`;
  if (card.state === "paused") return `${card.arm} is paused before its first probe.`;
  return "The first probe comes before the first update.";
}

/** What is special about a run at this moment, "" when nothing is. */
export function remark(run, scale, step) {
  const { card, columns, label } = run;
  const parts = [];
  const column = columns.at(step);
  if (column >= 0) {
    const codes = columns.codes(scale.row.name, column);
    const place = scale.row.per === "block" ? "block" : "layer";
    const unmeasured = !codes || column < columns.firstMeasured(scale.row.name);
    const bad = codes ? codes.reduce((sum, code) => sum + (code === 0 || code === 65535), 0) : 0;
    if (unmeasured) parts.push(`no ${scale.row.label} at this step`);
    else if (bad) parts.push(`${bad === codes.length ? "no" : `${bad} of ${codes.length}`} ${place}s ${bad === codes.length ? "has a finite value" : "without a finite value"}`);
  }
  if (card.state === "diverged" && columns.steps.length) {
    parts.push(`diverged at step ${grouped(card.step)}; the last probe before it is step ${grouped(columns.lastStep)}`);
  } else if (!columns.steps.length) {
    return absence(card, columns);
  }
  return parts.length ? `${label}: ${parts.join("; ")}.` : "";
}

/**
 * How the gradient grows towards the input at a step: the whole net, then its stages. Seeds of one arm are taken together:
 * geometric means, and how far apart the seeds are. Returns [{ run, name, words }], one per arm.
 */
export function growth(runs, scale, step) {
  const arms = Map.groupBy(runs.filter(({ columns }) => columns.codes("gradient_growth", columns.at(step))), ({ card }) => card.arm);
  return [...arms].map(([arm, seeds]) => ({ run: seeds[0], name: seeds.length > 1 ? arm : seeds[0].label, words: growthOf(seeds, scale, step) }));
}

function growthOf(seeds, scale, step) {
  const factors = seeds.map(({ columns }) => Array.from(columns.codes("gradient_growth", columns.at(step)), (code) => scale.value(code)));
  const [whole, ...stages] = factors[0].map((_, place) => geometricMean(factors.map((one) => one[place])));
  if (!Number.isFinite(whole)) return "the growth has no finite value";
  if (stages.some((stage) => !(stage > 0.1 && stage < 10))) return `changes by no single factor (stages ${stages.map(factor).join(", ")})`;
  const verb = whole > 1.005 ? "grows" : whole < 0.995 ? "shrinks" : "stays level,";
  const nets = factors.map(([net]) => net);
  const spread = seeds.length > 1 ? `; ${seeds.length} seeds: ${factor(Math.min(...nets))} to ${factor(Math.max(...nets))}` : "";
  return `${verb} ×${whole.toFixed(2)} per layer towards the input (stages ${stages.map(factor).join(", ")}${spread})`;
}

function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

function factor(value) {
  return Number.isFinite(value) ? `×${value < 0.1 ? value.toPrecision(1) : value.toFixed(2)}` : "not finite";
}

/** The reading under the pointer, in one line. */
export function readout(run, scale, place, step) {
  const column = run.columns.lastStep < step ? -1 : run.columns.at(step);
  const codes = column < 0 ? null : run.columns.codes(scale.row.name, column);
  const kind = scale.row.per === "block" ? "block" : "layer";
  const name = run.columns.places(scale.row)[place]?.[0] ?? "";
  const value = codes ? scale.value(codes[place]) : undefined;
  const word = value === undefined ? "not measured" : Number.isNaN(value) ? "no finite value" : value === Infinity ? "infinite" : spoken(value);
  return `${run.label} · ${kind} ${place + 1}, ${name} · step ${grouped(step)} · ${scale.row.label} ${word}`;
}
