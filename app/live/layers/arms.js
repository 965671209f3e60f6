/** The shown arms as chips with colour, name and state, and the choice of a family; a click hides or shows the lines of an arm. */
import { button, element, setText } from "../shared/dom.js";
import { grouped, plural } from "../shared/format.js";
import { option } from "./panels/panels.js";

export class Arms {
  constructor(part, state, changed) {
    Object.assign(this, { node: part("arms"), family: part("family"), state, changed });
    this.chips = new Map();
    this.family.onchange = () => {
      state.family = this.family.value === this.usual ? null : this.family.value;
      changed();
    };
  }

  /** Draw the groups at a step; a net before that step shows its newest probe, with a note. */
  draw(groups, theme, states, step) {
    for (const [key, chip] of this.chips) {
      if (groups.some((group) => group.key === key)) continue;
      chip.remove();
      this.chips.delete(key);
    }
    for (const group of groups) {
      const chip = this.chips.get(group.key) ?? this.#make(group.key);
      chip.group = group;
      const [name, note] = chip.querySelectorAll("span");
      chip.style.setProperty("--sp-run", group.color[theme.scheme]);
      name.style.color = group.textColor[theme.scheme];
      setText(name, group.label);
      setText(note, noteOf(group.runs, states, step));
      chip.setAttribute("aria-pressed", this.#visible(group).length > 0);
    }
  }

  /** Offer families, if there are any. */
  offer(families) {
    this.family.parentElement.hidden = !families.length;
    this.usual = families[0]?.key;
    const key = families.map(({ label }) => label).join();
    if (key !== this.offered) this.family.replaceChildren(...families.map((family) => option(family.key, family.label)));
    this.offered = key;
    this.family.value = families.some((family) => family.key === this.state.family) ? this.state.family : this.usual ?? "";
  }

  /** The groups with the runs that are not switched off. */
  shown(groups) {
    return groups.map((group) => ({ ...group, runs: this.#visible(group) })).filter(({ runs }) => runs.length);
  }

  #visible({ runs }) {
    const { off } = this.state;
    return runs.filter(({ card }) => !off.has(card.run));
  }

  #make(key) {
    const chip = button("", () => {
      this.state.toggle(chip.group.runs.map(({ card }) => card.run), this.#visible(chip.group).length > 0);
      this.changed();
    }, "sp-arm");
    chip.append(element("i"), element("span"), element("span"));
    this.node.append(chip);
    this.chips.set(key, chip);
    return chip;
  }
}

function noteOf(runs, states, step) {
  const each = [...new Set(runs.map(({ card }) => card.state))].map((state) => `${states[state][0]} ${state}`).join(", ");
  const last = Math.min(...runs.map(({ columns }) => columns.lastStep));
  const late = last >= 0 && step > last ? `${runs.length > 1 ? "one is" : "shown"} at ${grouped(last)}, its newest probe` : "";
  return [runs.length > 1 && plural(runs.length, "seed"), each, late].filter(Boolean).join(", ");
}
