/** The arms in the key of the chart: a click hides or shows one, a double click leaves it alone, a pin keeps it on top. */
/** @import { Theme } from "../../types.js" */
/** @import { Arm } from "./arms.js" */
import { button, element, keepRows, setText, svgElement } from "../../shared/dom.js";

/** Pictures of the two small buttons: an eye, and a pin. */
const ALONE = "M1 7Q7 1 13 7Q7 13 1 7ZM7 5.2A1.8 1.8 0 1 0 7 8.8A1.8 1.8 0 1 0 7 5.2Z";
const PIN = "M4.5 1.5H9.5L9 6L11 8.5H3L5 6ZM7 8.5V13";

/** @typedef {{ root: HTMLElement, glyph: HTMLElement, name: HTMLElement, show: HTMLElement, alone: HTMLElement, pin: HTMLElement }} Chip */

export class ArmChips {
  /**
   * @param {HTMLElement} root
   * @param {{ toggle: (id: number) => void, alone: (id: number) => void, pin: (id: number) => void }} acts
   */
  constructor(root, acts) {
    this.root = root;
    this.acts = acts;
    /** @type {Map<number, Chip>} */
    this.chips = new Map();
  }

  /** @type {(arms: Arm[], shown: Arm[], pinned: number[], theme: Theme) => void} */
  draw(arms, shown, pinned, theme) {
    this.root.hidden = arms.length < 2;
    keepRows(this.root, this.chips, arms.map(({ id }) => id), (id) => this.#chip(id));
    for (const arm of arms) {
      const { id, name, runs: [run] } = arm, only = shown.length === 1 && shown[0] === arm;
      const chip = /** @type {Chip} */ (this.chips.get(id));
      // An imported line has no run.
      setText(chip.glyph, run ? run.glyph ?? "" : "┄");
      chip.glyph.style.color = run ? run.color[theme.scheme] : theme.muted;
      setText(chip.name, name);
      chip.show.setAttribute("aria-pressed", String(shown.includes(arm)));
      chip.alone.hidden = !run;
      chip.show.title = !run ? "Imported: hide or show" : only ? "One curve stays at least" : "Hide or show; a double click or Alt and Enter leaves it alone";
      press(chip.alone, only ? "Show all curves" : `Show ${name} alone`, only);
      press(chip.pin, `Pin ${name}: wide, and above the others`, pinned.includes(id));
    }
  }

  /** @type {(id: number) => Chip} */
  #chip(id) {
    const root = element("span", "ss-arm"), glyph = element("span", "ss-swatch", "", { "aria-hidden": "true" }), name = element("span");
    const show = button("", () => this.acts.toggle(id), "ss-curve ss-arm-show");
    show.append(glyph, name);
    show.ondblclick = () => this.acts.alone(id);
    show.onkeydown = (event) => {
      if (event.key !== "Enter" || !event.altKey) return;
      event.preventDefault();
      this.acts.alone(id);
    };
    const [alone, pin] = [small(ALONE, () => this.acts.alone(id)), small(PIN, () => this.acts.pin(id))];
    root.append(show, alone, pin);
    return { root, glyph, name, show, alone, pin };
  }
}

/** @type {(path: string, act: () => void) => HTMLElement} */
function small(path, act) {
  const made = button("", act, "ss-arm-act"), picture = svgElement("svg", { width: 14, height: 14, "aria-hidden": "true" });
  picture.append(svgElement("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.2, "stroke-linejoin": "round" }));
  made.append(picture);
  return made;
}

/** @type {(node: HTMLElement, words: string, pressed: boolean) => void} */
function press(node, words, pressed) {
  node.title = words;
  node.setAttribute("aria-label", words);
  node.setAttribute("aria-pressed", String(pressed));
}
