/** The texts and buttons around the chart: the state of the link, the finding, engine trouble, commands to all runs. */
import { element, setText, svgElement } from "../../shared/dom.js";
import { cleanImages, grouped, plural } from "../../shared/format.js";
import { drawChip, unreachableText } from "../../shared/link_status.js";
import { signed } from "../chart/labels.js";
import { AT_WORK, ENDED, PAUSABLE, RESUMABLE, runningMean } from "../../shared/run_states.js";

/** A screen reader reads the finding aloud, but not each change of a digit while the race trains. */
const SPOKEN_MS = 60_000;
/** A headline of more letters than these is set smaller. */
const LONG = 120;
const INTERVAL = { width: 150, height: 22 }, PAD = 18, NUMBER_PX = 30;
/** The bar of an interval lies at this height, the number of the line at 0 below both. */
const BAR_Y = 6;
const ALL = [["pause", PAUSABLE], ["resume", RESUMABLE]];

export class RaceStatus {
  /** part(name): the element of that name; ask(verb, run) sends a command. */
  constructor(part, ask) {
    Object.assign(this, { part, ask });
  }

  /** { headline, sure, basis, rows, engine, trouble, link, linkReason, engineGone, mayCommand, hidden, smoothing, gaps }: see view.js. */
  draw(runs, state) {
    drawChip(this.part("chip"), runs, state.link);
    this.#evaluated(runs, state.smoothing);
    drawHeadline(this.part("gap"), state.headline);
    this.#certainty(state);
    drawInterval(this.part("interval"), state.gaps?.of[0]);
    this.#speak(state);
    this.part("plot").setAttribute("aria-label", `Training and test curves of ${plural(runs.length, "run")}. ${state.headline}`);
    this.#engine(runs, state);
    for (const [verb, states] of ALL) {
      const all = this.part(`${verb}-all`);
      const able = runs.filter((run) => states.has(run.card.state)).length;
      all.hidden = !state.mayCommand;
      // Not `disabled`: the keyboard's focus would fall off the page the moment the button has done its work.
      all.setAttribute("aria-disabled", able < 2);
      all.onclick = () => able < 2 || this.ask(`${verb}-all`, 0);
    }
    this.part("bar").hidden = !runs.length;
  }

  /** A finding that is final, becomes hidden or is revealed is read at once; others wait for `SPOKEN_MS`. */
  #speak({ headline, sure: [, kind] = [], hidden }) {
    const now = performance.now(), spoken = this.part("spoken");
    if (hidden === this.wasHidden && kind === "training" && now - (this.spokenAt ?? -SPOKEN_MS) < SPOKEN_MS) return;
    if (spoken.textContent !== headline) this.spokenAt = now;
    this.wasHidden = hidden;
    setText(spoken, headline);
  }

  /** How sure the finding is, and the evidence, which is drawn anew only where it changed: a selection in it stays. */
  #certainty({ sure: [label, kind, why] = ["", "", ""], basis = [], rows = [] }) {
    const certainty = this.part("certainty");
    certainty.hidden = !label;
    certainty.dataset.kind = kind;
    setText(certainty, label);
    // Its term is explained where it can be pointed at, never on the stage.
    certainty.tabIndex = /seed/i.test(label) && !certainty.closest(".ss-presenting") ? 0 : -1;
    setText(this.part("why"), why);
    this.part("evidence").hidden = !basis.length && !rows.length;
    const key = JSON.stringify([basis, rows]);
    if (key === this.evidenceKey) return;
    this.evidenceKey = key;
    this.part("basis").replaceChildren(...basis.map((text) => element("li", "", text)));
    const body = this.part("rows").querySelector("tbody");
    body.replaceChildren(...rows.map((cells) => {
      const row = element("tr");
      // What was compared and has no interval or conclusion says so; single seeds and runs apart never have one.
      row.append(...cells.map((text, at) => element("td", "", text || (at > 2 && cells[0] && cells[2] ? "–" : ""))));
      return row;
    }));
    this.part("rows").hidden = !rows.length;
  }

  /** The labels of the curves: steps of the running mean, images of the evaluations. */
  #evaluated(runs, smoothing) {
    const { eval_images: images, closing_images: closing, bn = "running" } = runs[0]?.card ?? {};
    setText(this.part("running-label"), `training, ${runningMean(smoothing)}`);
    if (!images) return;
    setText(this.part("test-label"), `test (${grouped(images)} images)`);
    this.part("clean-label").parentElement.title = `${cleanImages(images, closing)}, without augmentation${bn && `, ${bn} batch-norm statistics`}`;
  }

  #engine(runs, { engine, trouble, link, linkReason, engineGone, mayCommand }) {
    const silent = engine && engine.state !== "alive";
    const waits = runs.some(({ card }) => AT_WORK.has(card.state) || card.detail === engineGone || card.outdated);
    this.part("engine").hidden = !(trouble || (silent && waits) || link === "gone");
    const reason = trouble || (link === "gone" ? unreachableText(linkReason) : engine?.message);
    setText(this.part("engine-text"), reason ?? "");
    const start = this.part("engine-start");
    start.hidden = !(mayCommand && engine?.state === "none" && waits) || Boolean(trouble);
    start.onclick = () => this.ask("engine", 0);
  }
}

/** The 95 % interval of the first gap of the server as a bar beside a line at 0: that it holds 0 is seen. */
function drawInterval(node, [, , , , mean, low, high] = []) {
  node.hidden = typeof low !== "number";
  if (node.hidden) return;
  const words = `95 % interval of the difference: ${signed(low, "error")} to ${signed(high, "error")} points`;
  if (node.title === words) return;
  node.title = words;
  const [from, to] = [Math.min(0, low), Math.max(0, high)], at = (value) => PAD + ((INTERVAL.width - 2 * PAD) * (value - from)) / (to - from);
  const line = (x, more) => svgElement("line", { x1: at(x), x2: at(x), y1: BAR_Y - 5, y2: BAR_Y + 5, stroke: "currentColor", "stroke-width": 1.5, ...more });
  const picture = svgElement("svg", { ...INTERVAL, role: "img", "aria-label": words });
  const number = (textContent, x, anchor = "middle") => Object.assign(svgElement("text", { x, y: 21, "font-size": 11, "text-anchor": anchor, fill: "currentColor" }), { textContent });
  const text = (value) => signed(value, "error").replace("+", ""), far = (value) => Math.abs(at(value) - at(0)) > NUMBER_PX;
  // The ends have their numbers where those do not meet the 0; ends that meet each other stand in one text.
  const meet = at(high) - at(low) <= NUMBER_PX, both = `${text(low)} to ${text(high)}`;
  const ends = meet
    ? low > 0 ? [number(both, Math.min(INTERVAL.width, at(high) + PAD), "end")] : high < 0 ? [number(both, Math.max(0, at(low) - PAD), "start")] : []
    : [low, high].filter(far).map((value) => number(text(value), at(value)));
  const numbers = [number("0", at(0)), ...ends];
  picture.append(line(low, { x2: at(high), y1: BAR_Y, y2: BAR_Y, "stroke-width": 5, opacity: 0.5 }), svgElement("circle", { cx: at(mean), cy: BAR_Y, r: 4, fill: "currentColor" }), line(0, { "stroke-dasharray": "2 2" }), ...numbers);
  node.replaceChildren(picture);
}

/** Each sentence begins a line of its own where both need more than one. */
function drawHeadline(node, text) {
  if (node.textContent === text) return;
  node.classList.toggle("ss-long", text.length > LONG);
  node.replaceChildren(...text.split(/(?<=\.) /).flatMap((sentence, index) => [index ? " " : "", element("span", "", sentence)]));
}

/**
 * The parts of the statement that stand above the chart, and the line on a cut below them. Where a race compares nothing, what
 * cutting the shortcuts of a net did is its finding: `alone` is how sure that is. While the cut net trains each step changes
 * it: it is read aloud as seldom as any finding of a race that trains.
 *
 * @typedef {[label: string, kind: string, why: string]} Certainty
 * @type {<S extends { g?: string, sure?: Certainty, alone?: Certainty | null }>(statement: S, cut: string, trains: boolean) => { statement: S, cut: string }}
 */
export function placed(statement, cut, trains) {
  const { alone } = statement;
  if (!alone || !cut) return { statement, cut };
  const [label, kind, why] = alone;
  return { statement: { ...statement, g: cut, sure: trains ? ["Still training", "training", why] : [label, kind, why] }, cut: "" };
}

/** What the server calls a fork whose shortcuts are cut, and of which nothing else differs. */
const CUT = /^shortcuts cut at [\d,]+$/;

/**
 * Whether the cut net that the line is of, the newest one, still trains.
 * @param {{ card: { run: number, parent: number | null, state: string, difference_name: string } }[]} runs
 */
export function stillCut(runs) {
  const cuts = runs.filter(({ card }) => card.parent !== null && CUT.test(card.difference_name)).toSorted((a, b) => a.card.run - b.card.run);
  const newest = cuts.at(-1);
  return newest !== undefined && !ENDED.has(newest.card.state);
}
