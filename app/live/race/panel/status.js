/** The texts and buttons around the chart: the state of the link, the verdict, engine trouble, commands to all runs. */
import { setText } from "../../shared/dom.js";
import { cleanImages, grouped } from "../../shared/format.js";
import { drawChip, unreachableText } from "../../shared/link_status.js";
import { AT_WORK, PAUSABLE, RESUMABLE, runningMean } from "../../shared/run_states.js";

/** A screen reader reads the conclusion aloud, but not each change of a digit. */
const SPOKEN_MS = 20_000;
const ALL = [["pause", PAUSABLE], ["resume", RESUMABLE]];

export class RaceStatus {
  /** part(name): the element of that name; ask(verb, run) sends a command. */
  constructor(part, ask) {
    Object.assign(this, { part, ask });
  }

  /** state: { verdict, engine, trouble, link, linkReason, engineGone, mayCommand, hidden }, see view.js. */
  draw(runs, state) {
    drawChip(this.part("chip"), runs, state.link);
    this.#evaluated(runs);
    verdict(this.part("gap"), state.verdict ?? "");
    this.#speak(state.verdict ?? "", state.hidden);
    this.part("plot").setAttribute("aria-label", `Training and test curves of ${runs.length} runs. ${state.verdict ?? ""}`);
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

  /** A conclusion that becomes hidden or revealed changes at once; other changes wait for `SPOKEN_MS`. */
  #speak(words, hidden) {
    const now = performance.now();
    if (hidden === this.wasHidden && now - (this.spokenAt ?? -SPOKEN_MS) < SPOKEN_MS) return;
    const spoken = this.part("spoken"), said = words.slice(0, conclusionEnd(words));
    if (spoken.textContent !== said) this.spokenAt = now;
    this.wasHidden = hidden;
    setText(spoken, said);
  }

  /** The labels of the curves: steps of the running mean, images of the evaluations. */
  #evaluated(runs) {
    const { eval_images: images, closing_images: closing, bn = "running" } = runs[0]?.card ?? {};
    setText(this.part("running-label"), `training, ${runningMean()}`);
    if (!images) return;
    setText(this.part("test-label"), `test (${grouped(images)} images)`);
    setText(this.part("clean-label"), `clean training (${cleanImages(images, closing)})`);
    this.part("clean-label").parentElement.title = `Training images without augmentation, ${bn} batch-norm statistics`;
  }

  #engine(runs, { engine, trouble, link, linkReason, engineGone, mayCommand }) {
    const silent = engine && engine.state !== "alive";
    const waits = runs.some(({ card }) => AT_WORK.has(card.state) || card.detail === engineGone);
    this.part("engine").hidden = !(trouble || (silent && waits) || link === "gone");
    const reason = trouble || (link === "gone" ? unreachableText(linkReason) : engine?.message);
    setText(this.part("engine-text"), reason ?? "");
    const start = this.part("engine-start");
    start.hidden = !(mayCommand && silent && waits) || Boolean(trouble);
    start.onclick = () => this.ask("engine", 0);
  }
}

/** The first sentence is the conclusion and stands out. The rest is its evidence. */
function verdict(node, words) {
  if (node.textContent === words) return;
  const end = conclusionEnd(words);
  const conclusion = document.createElement("strong");
  conclusion.textContent = words.slice(0, end);
  node.replaceChildren(conclusion, words.slice(end));
}

function conclusionEnd(words) {
  return words.indexOf(". ") + 1 || words.length;
}
