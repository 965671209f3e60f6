/**
 * What an ended race leads to: cards below the chart and buttons beside the certainty. A step is a link, or a press that
 * the page's script carries out. The script names the steps; here is decided when they are seen.
 */
import { button, element } from "../../shared/dom.js";
import { ENDED } from "../../shared/run_states.js";

/** The words of a step that was pressed, until the script has answered. */
const ASKED = "Starting …";
/** So long a press without an answer stays pressed. */
const ANSWER_MS = 8_000;

export class NextSteps {
  /** list, actions: the elements of the cards and of the buttons; act(step) carries out a press. */
  constructor(list, actions, act) {
    Object.assign(this, { list, actions, act });
  }

  /** steps: see NextSteps in component.py; hidden: whether the curves are. */
  draw(steps, runs, hidden) {
    const seen = !hidden && hasEnded(runs) && steps.ended.length > 0;
    this.list.hidden = !seen || !steps.cards.length;
    this.actions.hidden = !seen || !steps.buttons.length;
    this.steps = steps;
    if (JSON.stringify(steps) !== this.key) this.#make();
  }

  #make() {
    const { steps } = this;
    this.key = JSON.stringify(steps);
    this.stop();
    replace(this.list, steps.cards.map((step) => this.#card(step)));
    replace(this.actions, steps.buttons.map((step) => {
      const made = button(withTime(step.title, step.time), () => this.#press(step, made, made), "ss-button");
      return made;
    }));
  }

  /**
   * New data from the script. Other steps, another race or a notice answer a press: what was pressed can be pressed again,
   * or is another step by now. Data that says the same does not.
   */
  heard({ next, race, notice }) {
    const said = JSON.stringify([next, race]);
    if (notice || said !== this.said) this.key = null;
    this.said = said;
  }

  stop() {
    clearTimeout(this.waiting);
  }

  #card(step) {
    const words = [element("strong", "ss-step-title", step.title), element("span", "ss-step-text", withTime(step.text, step.time))];
    const made = step.href ? element("a", "ss-step", "", { href: step.href }) : button("", () => this.#press(step, made, words[1]), "ss-step");
    made.append(...words);
    return made;
  }

  #press(step, pressed, says) {
    if (pressed.getAttribute("aria-disabled") === "true") return;
    this.act(step);
    if (step.key === "show") return;
    // Not `disabled`: the keyboard's focus would fall off the page.
    pressed.setAttribute("aria-disabled", "true");
    says.textContent = ASKED;
    this.stop();
    this.waiting = setTimeout(() => this.#make(), ANSWER_MS);
  }
}

/** Put elements in the place of others; the keyboard's focus stays where it was. */
function replace(parent, made) {
  const at = [...parent.children].indexOf(document.activeElement);
  parent.replaceChildren(...made);
  made[at]?.focus();
}

/** Whether all runs of a race have ended, forks left out. */
export function hasEnded(runs) {
  const own = runs.filter(({ card }) => card.parent === null);
  return own.length > 0 && own.every(({ card }) => ENDED.has(card.state));
}

/** The ended runs that the script does not know of yet, as one text; "" while the race trains or without any. */
export function newlyEnded(steps, runs) {
  if (!hasEnded(runs)) return "";
  return runs.filter(({ card }) => ENDED.has(card.state) && !steps.ended.includes(card.run)).map(({ card }) => card.run).join();
}

function withTime(words, time) {
  return time ? `${words} · ${time.replace(" ", "\u00a0")}` : words;
}
