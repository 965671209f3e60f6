/** The shown runs as chips: colour, name, how far it was probed; a click hides or shows its lines. */
import { button, element, setText } from "../shared/dom.js";
import { grouped } from "../shared/format.js";

export class Arms {
  /** state: see state.js. */
  constructor(node, state, changed) {
    Object.assign(this, { node, state, changed });
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
