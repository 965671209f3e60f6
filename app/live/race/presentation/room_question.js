/**
 * The question to a room, its choices as large buttons, and after the reveal the answer in words for the last row. The
 * questions and all answers come from the server ahead of the reveal (engine/analysis/prediction.py).
 */
import { button, element, setText } from "../../shared/dom.js";

const VEILED = "The curves are hidden until the reveal.";
/** Of a choice of the room: was it right? null: nothing decides. */
const FATES = new Map([[true, "✓ The room was right"], [false, "✗ The room was wrong"], [null, ""]]);

export class RoomQuestion {
  /** part(name): the element of that name; reveal(): the button was pressed. */
  constructor(part, view, reveal) {
    Object.assign(this, { view, asked: [], at: 0, race: undefined });
    this.question = element("p", "ss-question", "", { role: "status" });
    [this.text, this.detail] = [element("span", "ss-question-text"), element("small", "ss-question-detail")];
    this.question.append(this.text, " ", this.detail);
    this.outcome = element("p", "ss-outcome", "", { role: "status" });
    part("top").prepend(this.question, this.outcome);
    this.box = element("div", "ss-guess");
    this.row = element("div", "ss-choices", "", { role: "group", "aria-label": "The room's guess" });
    this.fate = element("p", "ss-fate");
    this.answer = element("p", "ss-answer");
    this.reveal = button("Reveal", reveal, "ss-button ss-reveal");
    this.another = button("Another question", () => this.next(), "ss-button ss-another");
    this.box.append(this.row, this.reveal, this.another, this.fate, this.answer);
    this.box.hidden = true;
    part("top").after(this.box);
  }

  get choices() {
    return this.asked[this.at]?.choices ?? [];
  }

  /** Draw question or answer. Returns whether the answer is shown: on the stage, from the reveal on. */
  draw(race, asked, answers, onStage) {
    const { view } = this;
    Object.assign(this, { race, asked: asked ?? [] });
    const prediction = view.prediction(race);
    const chosen = this.asked.findIndex(({ key }) => key === view.question);
    // A link of before there were several questions has its prediction alone.
    const predicted = this.asked.findIndex(({ choices }) => choices.some(([key]) => key === prediction));
    this.at = Math.max(0, chosen < 0 ? predicted : chosen);
    const one = this.asked[this.at];
    setText(this.text, view.hidden ? one?.text ?? VEILED : "");
    setText(this.detail, view.hidden ? one?.detail ?? "" : "");
    this.#choices(view.hidden, prediction);
    this.another.hidden = !view.hidden || this.asked.length < 2;
    const told = onStage && view.answered ? answers?.[this.at] : undefined;
    this.#answer(told, this.choices.findIndex(([key]) => key === prediction));
    this.box.hidden = !view.hidden && !told;
    return Boolean(told);
  }

  /** Ask something else. */
  next() {
    if (this.asked.length > 1 && this.view.hidden) this.view.question = this.asked[(this.at + 1) % this.asked.length].key;
  }

  /** The room's guess by its place among the choices; the same again takes it back. */
  predict(index) {
    const { view, race } = this;
    const [key] = this.choices[index] ?? [];
    if (key !== undefined && view.hidden) view.predict(race, view.prediction(race) === key ? null : key);
  }

  /** The outcome; with a guess whether it was right, and the truth in a sentence. */
  #answer(told, at) {
    setText(this.outcome, told ? `${told.outcome}.` : "");
    const right = told && at >= 0 ? told.right[at] : null;
    setText(this.fate, FATES.get(right));
    this.fate.dataset.right = String(right);
    const guess = at < 0 ? "" : `The room said ${this.choices[at][1]}`;
    setText(this.answer, !told ? "" : at < 0 ? `${told.truth}.` : `${guess}${told.fates[at]}. ${told.truth}${told.rests[at]}`);
  }

  #choices(hidden, prediction) {
    const shown = hidden ? this.choices : [];
    const key = JSON.stringify(shown);
    this.row.hidden = this.reveal.hidden = !hidden;
    if (key !== this.key) {
      this.key = key;
      this.row.replaceChildren(...shown.map(([name, label], index) => {
        const made = button(index < 9 ? `${index + 1}  ${label}` : label, () => this.predict(index), "ss-button ss-choice");
        made.dataset.key = name;
        return made;
      }));
    }
    for (const made of this.row.children) made.setAttribute("aria-pressed", made.dataset.key === prediction);
  }
}
