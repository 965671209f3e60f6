/** The runs as chips with colour, name and newest probe; a click hides or shows the lines of a run. */
import { button, element, setText } from "../shared/dom.js";
import { grouped } from "../shared/format.js";

export class Arms {
  constructor(node, state, changed) {
    Object.assign(this, { node, state, changed });
    this.chips = new Map();
  }

  /** Draw the runs at a step; a run before that step shows its newest probe, with a note. */
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
      chip.style.setProperty("--sp-run", run.color[theme.scheme]);
      name.style.color = run.textColor[theme.scheme];
      setText(name, run.label);
      const [symbol] = states[run.card.state];
      const last = run.columns.lastStep;
      const words = last < 0 ? "" : step > last ? `, shown at ${grouped(last)}, its newest probe` : `, probed to ${grouped(last)}`;
      setText(note, `${symbol} ${run.card.state}${words}`);
      chip.setAttribute("aria-pressed", !this.state.off.has(id));
    }
  }

  shown(runs) {
    const { off } = this.state;
    return runs.filter(({ card }) => !off.has(card.run));
  }

  #make(id) {
    const chip = button("", () => {
      this.state.toggle(id);
      this.changed();
    }, "sp-arm");
    chip.append(element("i"), element("span"), element("span"));
    this.node.append(chip);
    this.chips.set(id, chip);
    return chip;
  }
}
