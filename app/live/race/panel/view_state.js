/**
 * What is looked at: panels, quantity, scale, axis, seeds, curves, zoom; presenter mode, the speaker's marks, whether the
 * curves are hidden, what the room was asked and predicted. Kept in the address.
 */
import { comparable, isComparable } from "../../shared/arm_names.js";
import { RUNNING_WINDOW } from "../../shared/run_states.js";
import { WINDOWS } from "../inspect/smoothing.js";
import { UrlState, rememberRace, rememberedRace } from "../../shared/address/url_state.js";

export const CHOICES = {
  layout: { side: "Side by side", overlaid: "Overlaid", gap: "Gap", depth: "Depth" },
  metric: { error: "Error", loss: "Loss" },
  scale: { linear: "Linear", log: "Log" },
  x: { step: "Step", epoch: "Epoch", seconds: "Seconds" },
  seeds: { band: "Bands", lines: "Each seed" },
};
export const CURVES = ["running", "raw", "test", "clean"];
/** Which curves there are, which are usual, and where a choice of them stands in the address. */
const OF_STEPS = { key: "curves", all: CURVES, usual: CURVES };
/** The claim is about training error: in front of a room it stands alone at first, running and as the verdict has it. */
const ON_STAGE = { ...OF_STEPS, usual: ["running", "clean"] };
/** Over depth one kind of error is read more easily than three, and single steps are none. */
const OF_DEPTH = { key: "points", all: ["running", "test", "clean"], usual: ["running"] };
/** A choice that differs from the first of its kind stands in the address under its own name, the rest here. */
const ZOOM = "zoom", PRESENT = "present", HIDDEN = "hidden", QUESTION = "question", PREDICTION = "guess", MARKS = "marks", OFF = "off", PINNED = "pin", SMOOTH = "smooth";
/** Before the reveal; and after it, while the answer stands there. */
const VEILED = "1", REVEALED = "0";
/** More lines than a picture can bear; an address may carry anything. */
const MAX_MARKS = 12;
const LOOKED_AT = [...Object.keys(CHOICES), OF_STEPS.key, OF_DEPTH.key, ZOOM, SMOOTH];
/** These are about the runs of one race. */
const OF_RACE = [ZOOM, HIDDEN, PREDICTION, MARKS, OFF, PINNED];
const KEYS = [...LOOKED_AT, PRESENT, HIDDEN, QUESTION, PREDICTION, MARKS, OFF, PINNED];

export class ViewState {
  /** changed(): called after every change. */
  constructor(changed) {
    this.changed = changed;
    // Each page has a chart of its own, and remembers its own.
    this.memory = `skipscope-view ${location.pathname}`;
    this.given = OF_RACE.some((key) => new URLSearchParams(location.search).has(key));
    this.address = new UrlState(KEYS, this.memory, changed);
  }

  /**
   * Whose curves are shown: what was remembered of another race is forgotten, what the address says is not. Another race
   * in the same place, as when one is started from the stage, has the whole curves and stays hidden.
   */
  of(race) {
    const key = `${this.memory} race`;
    if (this.race === undefined) {
      const before = this.given ? race : rememberedRace(key) ?? race;
      if (before !== race) for (const name of OF_RACE) this.address.put(name, null);
    } else if (this.race !== race) {
      for (const name of [MARKS, OFF, PINNED]) this.address.put(name, null);
      if (this.answered) this.address.put(HIDDEN, null);
      this.zoom = null;
    }
    if (this.race !== race) rememberRace(key, race);
    this.race = race;
  }

  /** The option chosen of one of CHOICES. */
  get(key) {
    return option(key, this.address.get(key));
  }

  set(key, value) {
    this.choose({ [key]: value });
  }

  /** Several choices at once. */
  choose(choices) {
    const changed = Object.entries(choices).filter(([key, value]) => value !== this.get(key));
    if (!changed.length) return;
    const before = this.get("layout");
    for (const [key, value] of changed) this.address.put(key, value === first(key) ? null : value);
    // Another quantity or scale has another height; another axis has other places altogether.
    const { x } = (changed.some(([, value]) => [value, before].includes("depth")) ? null : this.zoom) ?? {};
    this.address.put(ZOOM, x && !changed.some(([key]) => key === "x") ? zoomText({ x }) : null);
    this.changed();
  }

  /** The curves that are shown in a layout. */
  curvesOf(layout) {
    const { key, all, usual } = this.#choiceOf(layout);
    const text = this.address.get(key);
    return text === null ? [...usual] : all.filter((curve) => text.split("-").includes(curve));
  }

  toggleCurve(curve, layout) {
    const { key, all, usual } = this.#choiceOf(layout);
    const before = this.curvesOf(layout);
    const text = all.filter((other) => before.includes(other) !== (other === curve)).join("-");
    this.address.put(key, text === usual.join("-") ? null : text);
    this.changed();
  }

  #choiceOf(layout) {
    if (layout === "depth") return OF_DEPTH;
    return this.present ? ON_STAGE : OF_STEPS;
  }

  /** The part that is zoomed into, { x: [from, to], y: [from, to] } in the axes' own units, either may be absent; or null. */
  get zoom() {
    return zoomFrom(this.address.get(ZOOM));
  }

  set zoom(zoom) {
    if (zoomText(zoom) === zoomText(this.zoom)) return;
    this.address.put(ZOOM, zoomText(zoom));
    this.changed();
  }

  get present() {
    return this.address.get(PRESENT) === "1";
  }

  set present(on) {
    this.address.put(PRESENT, on ? "1" : null);
    this.address.put(OF_STEPS.key, null); // the stage chooses its own curves, and the page keeps what it had
    this.changed();
  }

  /** Whether what the race has shown is hidden until the reveal. */
  get hidden() {
    return this.address.get(HIDDEN) === VEILED;
  }

  set hidden(on) {
    if (on === this.hidden) return;
    this.address.put(HIDDEN, on ? VEILED : REVEALED);
    this.changed();
  }

  /** Whether the answer stands where the verdict does. */
  get answered() {
    return this.address.get(HIDDEN) === REVEALED;
  }

  set answered(on) {
    this.address.put(HIDDEN, on ? REVEALED : null);
    this.changed();
  }

  /** Which of the questions is asked, by its key; null for the usual one. */
  get question() {
    return this.address.get(QUESTION);
  }

  set question(key) {
    this.address.put(QUESTION, key);
    this.changed();
  }

  /** The steps that the speaker has marked, in order. */
  get marks() {
    return this.#numbers(MARKS).slice(0, MAX_MARKS);
  }

  /** Mark a step, or take the mark away that is at most `reach` steps beside it. */
  mark(step, reach) {
    const { marks } = this;
    const near = marks.toSorted((a, b) => Math.abs(a - step) - Math.abs(b - step))[0];
    const left = Math.abs(near - step) <= reach ? marks.filter((other) => other !== near) : [...marks, step].slice(-MAX_MARKS);
    this.address.put(MARKS, left.length ? left.join("-") : null);
    this.changed();
  }

  /** The steps of the means that are drawn, see inspect/smoothing.js. */
  get smoothing() {
    const steps = Number(this.address.get(SMOOTH) ?? NaN);
    return WINDOWS.includes(steps) ? steps : RUNNING_WINDOW;
  }

  set smoothing(steps) {
    this.address.put(SMOOTH, steps === RUNNING_WINDOW ? null : String(steps));
    this.changed();
  }

  /** The arms that are hidden, see inspect/arms.js. */
  get off() {
    return this.#numbers(OFF);
  }

  set off(ids) {
    this.address.put(OFF, ids.length ? ids.join("-") : null);
    this.changed();
  }

  /** The arms that are drawn wide, and above the others. */
  get pinned() {
    return this.#numbers(PINNED);
  }

  pin(id) {
    const { pinned } = this;
    const left = pinned.includes(id) ? pinned.filter((other) => other !== id) : [...pinned, id];
    this.address.put(PINNED, left.length ? left.join("-") : null);
    this.changed();
  }

  /** The whole numbers of a parameter, in order. */
  #numbers(key) {
    const numbers = (this.address.get(key) ?? "").split("-").filter((text) => /^[1-9]\d{0,8}$/.test(text)).map(Number);
    return [...new Set(numbers)].toSorted((a, b) => a - b);
  }

  /** The room's prediction of a race, see engine/analysis/prediction.py; null when there is none. */
  prediction(race) {
    const [of, ...choice] = (this.address.get(PREDICTION) ?? "").split("-");
    return of === String(race) && choice.length ? choice.join("-") : null;
  }

  predict(race, choice) {
    this.address.put(PREDICTION, choice === null ? null : `${race}-${choice}`);
    this.changed();
  }

  /** What is looked at, to come back to it. */
  kept() {
    return LOOKED_AT.map((key) => [key, this.address.get(key)]);
  }

  restore(kept) {
    for (const [key, value] of kept) this.address.put(key, value);
    this.changed();
  }

  /** Everything at once, as buildFigure wants it; kinds: what the runs allow. */
  all(kinds = { sides: true, gap: true, depth: true }) {
    const chosen = Object.fromEntries(Object.keys(CHOICES).map((key) => [key, this.get(key)]));
    const layout = laidOut(chosen.layout, kinds);
    const smoothing = layout === "depth" || this.smoothing === RUNNING_WINDOW ? {} : { smoothing: this.smoothing };
    return { ...chosen, ...(layout === "depth" ? { metric: "error", scale: "linear" } : {}), ...smoothing, layout, curves: this.curvesOf(layout), zoom: this.zoom, marks: this.marks };
  }

  /** See UrlState. */
  keep() {
    this.address.keep();
  }

  stop() {
    this.address.stop();
  }
}

/**
 * Which ways of looking make sense: { both families, several depths or families to subtract, an error over depth,
 * several seeds of an arm }.
 * Only comparable runs decide; where there is none, the families of all of them do. depths: see View.
 */
export function kindsOf(runs, depths = {}) {
  const several = (list, key) => new Set(list.map(({ card }) => card[key])).size > 1;
  const arms = runs.filter(isComparable);
  return { sides: several(comparable(runs), "plain"), gap: several(arms, "depth") || several(arms, "variant"), depth: "running" in depths, seeds: several(arms, "seed") };
}

/**
 * The panels as these runs allow them, kinds as in kindsOf: what is chosen stays in the address for the next race, and
 * figure and controls both show what is possible of it.
 */
export function laidOut(layout, { sides, gap, depth }) {
  if ((layout === "gap" && gap) || (layout === "depth" && depth)) return layout;
  return layout === "overlaid" || !sides ? "overlaid" : "side";
}

function first(key) {
  return Object.keys(CHOICES[key])[0];
}

/** An address may carry anything, a label in place of a name too; what means nothing is the first option. */
function option(key, text) {
  const wanted = (text ?? "").toLowerCase();
  const match = Object.entries(CHOICES[key]).find(([name, label]) => [name, label.toLowerCase()].includes(wanted));
  return match ? match[0] : first(key);
}

/** `100_300` or `100_300_5_40`: x and y of the zoom. */
function zoomText(zoom) {
  if (!zoom?.x) return null;
  return [...zoom.x, ...(zoom.y ?? [])].map((value) => Number(value.toPrecision(7))).join("_");
}

function zoomFrom(text) {
  const numbers = (text ?? "").split("_").map(Number);
  if (![2, 4].includes(numbers.length) || !text || !numbers.every(Number.isFinite)) return null;
  const [x, y] = [numbers.slice(0, 2), numbers.slice(2)];
  if (x[0] >= x[1] || (y.length && y[0] >= y[1])) return null;
  return y.length ? { x, y } : { x };
}
