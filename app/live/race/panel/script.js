/** "Copy as PyTorch": the training of one of the drawn runs as a script for the clipboard. The server writes it, or says why it cannot. */
import { withDifference } from "../../shared/arm_names.js";
import { element } from "../../shared/dom.js";
import { copyText } from "../../shared/export/clipboard.js";
import { messageOf } from "../../shared/format.js";

/** How long the button says that it has done its work. */
const SAID_MS = 2_000;
const LABEL = "Copy as PyTorch";

export class ScriptTool {
  /** part(name): the element of that name; address(): that of files of runs. */
  constructor(part, address) {
    Object.assign(this, { address, whole: part("script"), runs: part("script-run"), button: part("copy-script"), says: part("script-says") });
    // A page that was saved as a file has no server that writes scripts.
    this.whole.hidden = location.protocol === "file:";
    this.offered = "";
    this.button.onclick = () => this.#copy();
    this.runs.onchange = () => this.#say("");
  }

  /** Offer these runs; what was chosen stays chosen. */
  draw(runs) {
    const offered = scriptRuns(runs);
    const now = JSON.stringify(offered);
    if (now === this.offered) return;
    this.offered = now;
    const chosen = this.runs.value;
    this.runs.replaceChildren(...offered.map(([run, words]) => element("option", "", words, { value: String(run) })));
    if (offered.some(([run]) => String(run) === chosen)) this.runs.value = chosen;
    this.#say("");
  }

  async #copy() {
    this.button.disabled = true;
    this.#say("");
    try {
      const answer = await fetch(`${this.address()}?runs=${this.runs.value}&format=pytorch`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(text);
      await copyText(text);
      this.button.textContent = "Copied";
      clearTimeout(this.saying);
      this.saying = setTimeout(() => (this.button.textContent = LABEL), SAID_MS);
    } catch (error) {
      this.#say(messageOf(error));
    }
    this.button.disabled = false;
  }

  #say(words) {
    this.says.textContent = words;
    this.says.hidden = !words;
  }
}

/** The runs that a script is offered for, as [number, words]. */
export function scriptRuns(runs) {
  return runs.map(({ card }) => [card.run, `${withDifference(card.arm, card)}, seed ${card.seed}`]);
}
