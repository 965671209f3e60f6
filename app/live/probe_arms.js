/** The shown runs as chips: colour, name, how far it was probed; a click hides or shows its lines. */
import { grouped } from "./cards.js";

export class Arms {
  constructor(node, changed) {
    this.node = node;
    this.changed = changed;
    this.hidden = new Set();
    this.chips = new Map();
  }

  /** `step` is the one that is looked at; a run that is not there yet shows its newest probe, and says so. */
  draw(runs, theme, states, step) {
    for (const [id, chip] of this.chips) {
      if (runs.some(({ card }) => card.run === id)) continue;
      chip.remove();
      this.chips.delete(id);
    }
    for (const run of runs) {
      const id = run.card.run;
      const chip = this.chips.get(id) ?? this.#make(id);
      const [name, note] = chip.querySelectorAll("span");
      chip.style.setProperty("--sp-run", run.colour[theme.ground]);
      name.style.color = run.ink[theme.ground];
      text(name, run.label);
      const [symbol] = states[run.card.state];
      const last = run.columns.lastStep;
      const words = last < 0 ? "" : step > last ? `, shown at ${grouped(last)}, its newest probe` : `, probed to ${grouped(last)}`;
      text(note, `${symbol} ${run.card.state}${words}`);
      chip.setAttribute("aria-pressed", !this.hidden.has(id));
    }
  }

  shown(runs) {
    return runs.filter(({ card }) => !this.hidden.has(card.run));
  }

  #make(id) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "sp-arm";
    chip.append(document.createElement("i"), document.createElement("span"), document.createElement("span"));
    chip.onclick = () => {
      if (!this.hidden.delete(id)) this.hidden.add(id);
      this.changed();
    };
    this.node.append(chip);
    this.chips.set(id, chip);
    return chip;
  }
}

function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}
