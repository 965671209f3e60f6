/** A question to the room and its answer: the choices large, the votes as bars behind them from the reveal on. */
/** @import { SceneDocument } from "./scenes.js" */
import { button, element, setText } from "../shared/dom.js";
import { shares, votesText } from "./scenes.js";

/**
 * @typedef {object} Room what is known of the votes, as app/live/talk/messages.py sends it
 * @property {string} question the one that is open, "" for none
 * @property {number} votes of the open question
 * @property {Record<string, number[]>} counts of the questions that were revealed
 * @property {Record<string, number>} mine this visitor's own votes, from 1
 */

export class Question {
  /**
   * node: where it stands; choose(index): a choice was pressed, from 0.
   * @param {HTMLElement} node
   * @param {(index: number) => void} choose
   */
  constructor(node, choose) {
    this.node = node;
    this.choose = choose;
    this.row = element("div", "sk-choices", "", { role: "group", "aria-label": "Choices" });
    this.words = element("p", "sk-votes", "", { role: "status" });
    node.append(this.row, this.words);
  }

  /**
   * question: what is asked; answer: the right choice from 1 where it is revealed; room: null where nobody votes by phone;
   * said: the choice that stands for this browser, from 1; may: whether a press counts.
   * @type {(question: SceneDocument | null, state: { answer: number | null, room: Room | null, said: number | null, may: boolean }) => void}
   */
  draw(question, { answer, room, said, may }) {
    this.node.hidden = !question;
    this.node.dataset.revealed = String(answer !== null);
    if (!question) return;
    const choices = question.choices ?? [], key = question.key ?? "";
    const counts = answer === null ? null : room?.counts[key];
    const drawn = JSON.stringify([key, choices, may]);
    if (drawn !== this.key) {
      this.key = drawn;
      this.row.replaceChildren(...choices.map((text, index) => {
        const made = button("", () => this.choose(index), "sk-choice", may ? {} : { "aria-disabled": "true" });
        made.append(element("span", "sk-choice-number", String(index + 1)), element("span", "", text));
        return made;
      }));
    }
    const parts = shares(choices, counts);
    [...this.row.children].forEach((child, index) => {
      const node = /** @type {HTMLElement} */ (child);
      node.setAttribute("aria-pressed", String(said === index + 1));
      node.dataset.right = String(answer === index + 1);
      node.style.setProperty("--share", `${100 * parts[index]}%`);
    });
    setText(this.words, answer === null ? openWords(room, key, said, may) : votesText(choices, counts, answer) || saidWords(choices, said, answer));
  }
}

/** @type {(room: Room | null, key: string, said: number | null, may: boolean) => string} */
function openWords(room, key, said, may) {
  if (room?.question !== key) return room && may ? "The question is not open now." : "";
  const count = `${room.votes} ${room.votes === 1 ? "vote" : "votes"}`;
  if (!may) return count;
  return said ? `Your vote is in, and you may change it. ${count}` : `Press your choice. ${count}`;
}

/** What a room without phones said, as its speaker entered it. @type {(choices: string[], said: number | null, answer: number) => string} */
function saidWords(choices, said, answer) {
  if (!said || !choices[said - 1]) return "";
  return `The room said “${choices[said - 1]}”: ${said === answer ? "right" : "wrong"}`;
}
