/** The sentences of the probe pages: what cannot be shown and why, what was found, what the pointer is on. */
import { grouped, spoken } from "../shared/format.js";
import { ENDED } from "../shared/run_states.js";
import { armKey, armName, isCompared } from "./arm_names.js";

const BEFORE = new Set(["queued", "starting"]);

/** Why a run has nothing to show, "" when it has. */
export function absence(card, columns) {
  if (columns.steps.length) return "";
  if (!columns.planned.length) return "This race was recorded without probes. Start a new one on the Race page to look inside.";
  if (BEFORE.has(card.state)) return `${armName(card)} is ${card.state}: the first probe comes before the first update.`;
  const missed = !card.parent && columns.planned.some((step) => step <= card.step);
  if (card.step > 0 && missed) return "This race was recorded before there were probes. Start a new one on the Race page to look inside.";
  if (ENDED.has(card.state)) return `${armName(card)} is ${card.state}; it ended before its first probe.`;
  if (card.state === "paused") return `${armName(card)} is paused before its first probe.`;
  const next = columns.planned.find((step) => step > card.step);
  if (card.step > 0) return `${armName(card)} waits for its first probe${next === undefined ? "" : `, after step ${grouped(next)}`}.`;
  return "The first probe comes before the first update.";
}

/** What is special about a run at this moment, "" when nothing is. */
export function remark(run, scale, step) {
  const { card, columns, label } = run;
  const parts = [];
  const column = columns.at(step);
  if (column >= 0) {
    const codes = columns.codes(scale.row.name, column);
    const unmeasured = !codes || column < columns.firstMeasured(scale.row.name);
    const bad = codes ? codes.reduce((sum, code) => sum + (code === 0 || code === 65535), 0) : 0;
    if (unmeasured) parts.push(`no ${scale.row.label} at this step`);
    else if (bad) parts.push(`${bad === codes.length ? "no" : `${bad} of ${codes.length}`} ${scale.place}s ${bad === codes.length ? "has a finite value" : "without a finite value"}`);
  }
  if (card.state === "diverged" && columns.steps.length) {
    parts.push(`diverged at step ${grouped(card.step)}; the last probe before it is step ${grouped(columns.lastStep)}`);
  } else if (!columns.steps.length) {
    return absence(card, columns);
  }
  return parts.length ? `${label}: ${parts.join("; ")}.` : "";
}

/** What layer_findings.py found at a step: [opening, { arm: words }, closing]. Hidden arms are left out, and with a compared one the closing. */
export function finding(found, shown) {
  const [opening, arms, closing] = found ?? ["", {}, ""];
  const visible = Object.keys(arms).filter((arm) => shown.some(({ card }) => armKey(card) === arm));
  const words = visible.map((arm) => arms[arm]);
  const all = Object.keys(arms).every((arm) => !isCompared(arm) || visible.includes(arm));
  return words.length ? [opening, `${words.join(", ")}.`, all && closing].filter(Boolean).join(" ") : "";
}

/** The same as [{ run, name, words }], one for each arm; a run that is alone in its arm has its own name. */
export function growth(found, shown) {
  return Object.entries(found?.[1] ?? {}).flatMap(([arm, words]) => {
    const [run, ...others] = shown.filter(({ card }) => armKey(card) === arm);
    return run ? [{ run, name: others.length ? arm : run.label, words }] : [];
  });
}

/** A quantity as a title, with its unit. */
export function titled({ label, unit }) {
  return label[0].toUpperCase() + label.slice(1) + (unit ? ` (${unit})` : "");
}

/** The reading under the pointer, in one line. */
export function readout(run, scale, place, step) {
  const column = run.columns.lastStep < step ? -1 : run.columns.at(step);
  const codes = column < 0 ? null : run.columns.codes(scale.row.name, column);
  const name = run.columns.places(scale.row)[place]?.[0] ?? "";
  const value = codes ? scale.value(codes[place]) : undefined;
  const word = value === undefined ? "not measured" : Number.isNaN(value) ? "no finite value" : value === Infinity ? "infinite" : spoken(value);
  return `${run.label} · ${scale.place} ${place + 1}, ${name} · step ${grouped(step)} · ${scale.row.label} ${word}`;
}
