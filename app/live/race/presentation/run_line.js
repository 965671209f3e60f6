/**
 * The runs of the race in one slim line for the stage: name in its colour, progress, state, training error as in the verdict.
 * Many runs are shown by arm. While the curves are hidden it tells who has come how far, and no result.
 */
import { armNames } from "../chart/seed_stats.js";
import { isComparable } from "../../shared/arm_names.js";
import { element, keepRows, setText } from "../../shared/dom.js";
import { stepOf } from "../series.js";
import { fixed, grouped, sum } from "../../shared/format.js";
import { BROKEN, ENDED } from "../../shared/run_states.js";

const MAX_NAMED = 8;
/** The error beside each run; named, for both are in percent. */
const RUNNING = { of: ["train", "running_error"], name: "running training error" };
const CLEAN = { of: ["train_clean", "error"], name: "training error at the end (clean)" };
/** What a run that broke looks like before the reveal: that it broke would be half an answer. */
const UNTOLD = ["◼", "ended"];

export class RunLine {
  /** states: {state: [symbol, tone]} */
  constructor(list, states) {
    Object.assign(this, { list, states, rows: new Map() });
  }

  /** gaps: what the verdict is about, null where it compares nothing. */
  draw(runs, theme, hidden, gaps) {
    this.error = saysClean(runs, gaps) ? CLEAN : RUNNING;
    const groups = runs.length > MAX_NAMED ? byArm(runs) : runs.map((run) => ({ name: run.label, members: [run] }));
    const keys = groups.map(({ name, members }) => `${name}|${members.length}`);
    keepRows(this.list, this.rows, keys, made);
    groups.forEach((group, index) => this.#fill(this.rows.get(keys[index]), group, theme, hidden));
  }

  #fill(row, { name, members }, theme, hidden) {
    const [{ color, textColor, glyph }] = members;
    row.root.style.setProperty("--ss-run", color[theme.scheme]);
    row.root.style.setProperty("--ss-ink", textColor[theme.scheme]);
    setText(row.swatch, glyph ?? "");
    setText(row.name, members.length > 1 ? `${name} × ${members.length}` : name);
    const [step, total] = [sum(members, stepOf), sum(members, ({ card }) => card.total_steps)];
    row.progress.max = total;
    row.progress.value = step;
    const said = members.map(({ card: { state } }) => (hidden && BROKEN.has(state) ? UNTOLD : [this.states[state]?.[0] ?? "", state]));
    const words = [...new Set(said.map(([, word]) => word))];
    row.progress.setAttribute("aria-label", `${name}: ${words.join(", ")}, step ${grouped(Math.round(step / members.length))} of ${grouped(Math.round(total / members.length))}`);
    setText(row.state, words.length > 1 ? "…" : said[0][0]);
    const errors = hidden ? [] : members.map(({ series }) => series.latest(...this.error.of)).filter((value) => value !== undefined);
    row.error.title = this.error.name;
    setText(row.error, errors.length ? `${fixed(sum(errors, (error) => error) / errors.length, 1)} %` : "");
  }
}

/**
 * Whether the headline has the clean error: as it says itself, and where nothing is compared, as of a cut, once all have ended.
 * Of one quantity for all runs: those that broke have no clean error at their end.
 */
export function saysClean(runs, gaps) {
  if (gaps) return gaps.end;
  const sound = runs.filter(({ card }) => !BROKEN.has(card.state));
  const measured = ({ train, train_clean }) => train_clean.step.length > 0 && train_clean.step.at(-1) === train.step.at(-1);
  return sound.length > 0 && sound.every(({ card, series }) => ENDED.has(card.state) && measured(series));
}

function made() {
  const row = { root: element("li", "ss-stage-run") };
  for (const part of ["swatch", "name", "progress", "state", "error"]) {
    const attributes = ["swatch", "state"].includes(part) ? { "aria-hidden": "true" } : {};
    row[part] = element(part === "progress" ? "progress" : "span", `ss-stage-${part}`, "", attributes);
    row.root.append(row[part]);
  }
  return row;
}

function byArm(runs) {
  const arm = armNames(runs);
  const groups = Map.groupBy(runs, (run) => (isComparable(run) ? arm(run.card) : run.label));
  return [...groups].map(([name, members]) => ({ name, members }));
}
