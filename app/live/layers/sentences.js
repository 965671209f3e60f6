/** The sentences of the probe pages: absences, findings, and the reading under the pointer. */
import { grouped, spoken } from "../shared/format.js";
import { ENDED } from "../shared/run_states.js";

const BEFORE = new Set(["queued", "starting"]);
/** So many runs that wait for their first probe have a line each; more share one. */
const MAX_LINES = 4;

/** Where the words of a net stand in a finding, as engine/analysis/layers/findings.py has it: a net with a difference is an arm of its own. */
export function armKey({ run, arm, difference }) {
  return difference ? `run ${run}` : arm;
}

/** Whether a key of a finding is that of a net that is compared with others. */
function isCompared(key) {
  return !key.startsWith("run ");
}

/** The reason for a run without probes, else "". */
export function absence({ card, columns, label }) {
  if (columns.steps.length) return "";
  if (!columns.planned.length) return "This race was recorded without probes. A new race has them.";
  if (BEFORE.has(card.state)) return `${label} is ${card.state}: the first probe comes before the first update.`;
  const missed = !card.parent && columns.planned.some((step) => step <= card.step);
  if (card.step > 0 && missed) return "This race was recorded before there were probes. A new race has them.";
  if (ENDED.has(card.state)) return `${label} is ${card.state}; it ended before its first probe.`;
  if (card.state === "paused") return `${label} is paused before its first probe.`;
  const next = columns.planned.find((step) => step > card.step);
  if (card.step > 0) return `${label} waits for its first probe${next === undefined ? "" : `, after step ${grouped(next)}`}.`;
  return "The first probe comes before the first update.";
}

/** The remark on a run at this step, or "". */
export function remark(run, scale, step) {
  const { card, columns, label } = run;
  const parts = [];
  const column = columns.at(step);
  if (column >= 0) {
    const codes = columns.codes(scale.row.name, column);
    const unmeasured = !codes || column < columns.firstMeasured(scale.row.name);
    const bad = codes ? codes.reduce((sum, code) => sum + (code === 0 || code === 65535), 0) : 0;
    if (unmeasured) parts.push(`no ${scale.row.label} at this step`);
    else if (bad) parts.push(bad === codes.length ? `no ${scale.place} has a finite value` : `${bad} of ${codes.length} ${scale.place}s without a finite value`);
  }
  if (card.state === "diverged" && columns.steps.length) {
    parts.push(`diverged at step ${grouped(card.step)}; the last probe before it is step ${grouped(columns.lastStep)}`);
  } else if (!columns.steps.length) {
    return absence(run);
  }
  return parts.length ? `${label}: ${parts.join("; ")}.` : "";
}

/** The remarks on all runs at this step, a line each; of many runs without a worker one line. */
export function remarks(runs, scale, step) {
  const waiting = runs.filter(({ card, columns }) => BEFORE.has(card.state) && columns.planned.length && !columns.steps.length);
  const shared = waiting.length > MAX_LINES ? waiting : [];
  const counts = [...BEFORE].map((state) => [shared.filter(({ card }) => card.state === state).length, state]).filter(([count]) => count);
  const line = counts.map(([count, state], index) => `${count} ${index ? "" : count === 1 ? "run " : "runs "}${count === 1 ? "is" : "are"} ${state}`);
  const lines = runs.filter((run) => !shared.includes(run)).map((run) => remark(run, scale, step));
  if (line.length) lines.push(`${line.join(", ")}: the first probe comes before the first update.`);
  return [...new Set(lines)].filter(Boolean).join("\n");
}

/**
 * The finding of layers/findings.py at a step, [opening, { arm: words }, closing, headline, place], as { means, closing }: the
 * means of the shown arms, and what is concluded of all of them; a hidden compared arm hides the conclusion.
 */
export function finding(parts, shown) {
  const [opening, arms, closing] = parts ?? ["", {}, ""];
  const visible = Object.keys(arms).filter((arm) => shown.some(({ card }) => armKey(card) === arm));
  const all = Object.keys(arms).every((arm) => !isCompared(arm) || visible.includes(arm));
  return visible.length ? { means: `${opening} ${visible.map((arm) => arms[arm]).join(", ")}.`, closing: all ? closing : "" } : { means: "", closing: "" };
}

/** The headline of a finding: { text, place: { key, first, last, word } or null }. */
export function headlineOf(parts) {
  const [, , , text = "", place] = parts ?? [];
  return { text, place: place ? { key: place[0], first: place[1], last: place[2], word: place[3] } : null };
}

/**
 * The headline that stands on a page that follows a race: a new sentence must hold for two columns, so that it does not
 * flicker. shown: the one that stands there, or null; before, now: those of the last two columns.
 */
export function steadyHeadline(shown, before, now) {
  return !shown?.text || shown.text === now.text || before.text === now.text ? now : shown;
}

/** The same as [{ run, name, words }], one for each arm; the only run of an arm has its own name. */
export function growth(parts, shown) {
  return Object.entries(parts?.[1] ?? {}).flatMap(([arm, words]) => {
    const [run, ...others] = shown.filter(({ card }) => armKey(card) === arm);
    return run ? [{ run, name: others.length ? arm : run.label, words }] : [];
  });
}

export function titled({ label, unit }) {
  return label[0].toUpperCase() + label.slice(1) + (unit ? ` (${unit})` : "");
}

export function readout(run, scale, place, step) {
  const column = run.columns.lastStep < step ? -1 : run.columns.at(step);
  const codes = column < 0 ? null : run.columns.codes(scale.row.name, column);
  const name = run.columns.places(scale.row)[place]?.[0] ?? "";
  const value = codes ? scale.value(codes[place]) : undefined;
  const word = value === undefined ? "not measured" : Number.isNaN(value) ? "no finite value" : value === Infinity ? "infinite" : spoken(value);
  return `${run.label} · ${scale.place} ${place + 1}, ${name} · step ${grouped(step)} · ${scale.row.label} ${word}`;
}
