/** The controls of a lab's bold curve: a switch between kinds, a slider over measured values, a field for another value. */
import { same } from "./curves.js";
import { button, element, setText } from "../shared/dom.js";
import { spoken } from "../shared/format.js";

const SLIDER = 1_000;

export class CurveSelector {
  /** choose({ kind } or { value }); measure(value) requests a new value for the picked kind. */
  constructor(part, { choose, measure }) {
    Object.assign(this, { part, choose, measure });
    this.slider = part("slider").querySelector("input");
    this.field = part("measure").querySelector("input");
    this.slider.oninput = () => choose({ value: nearest(this.values, Number(this.slider.value), this.picks) });
    this.slider.onkeydown = (event) => this.#step(event);
    part("measure-button").onclick = () => this.#ask();
    this.field.onkeydown = (event) => { if (event.key === "Enter") this.#ask(); };
    this.field.oninput = () => this.#refuse("");
  }

  /** values: those of the slider, ascending; pick: the shown kind and value. */
  draw(picks, curves, values, pick) {
    this.part("picks").hidden = !picks || !curves.size;
    if (!picks) return;
    Object.assign(this, { picks, curves, values, pick });
    const group = this.part("switch");
    if (!group.children.length) this.#build(group);
    for (const option of group.querySelectorAll(".sl-option")) option.setAttribute("aria-checked", option.dataset.kind === pick.kind);
    const { slider } = this;
    const why = picks.alone[pick.kind];
    slider.value = pick.value === null ? 0 : place(pick.value, picks);
    slider.disabled = Boolean(why) || values.length < 2;
    slider.setAttribute("aria-disabled", slider.disabled);
    const shown = pick.value === null ? "" : spoken(pick.value);
    slider.setAttribute("aria-valuetext", shown);
    setText(this.part("slider-value"), shown);
    setText(this.part("why"), why && shown ? `${why}: ${shown}` : "");
    const marked = why ? values.filter((value) => same(value, pick.value)) : values;
    this.part("ticks").replaceChildren(...marked.map((value) => {
      const tick = element("i");
      tick.style.left = `${place(value, picks) / (SLIDER / 100)}%`;
      return tick;
    }));
  }

  #build(group) {
    const { picks, field } = this;
    group.setAttribute("aria-label", picks.label);
    group.append(element("span", "sl-switch-label", picks.label), ...Object.entries(picks.kinds).map(([kind, label]) => {
      const option = button(label, () => this.choose({ kind }), "sl-option");
      option.dataset.kind = kind;
      option.setAttribute("role", "radio");
      option.setAttribute("aria-label", `${picks.label}: ${label}`);
      return option;
    }));
    setText(this.part("slider-label"), picks.settingLabel);
    setText(this.part("measure-button"), picks.measure);
    Object.assign(field, { min: picks.low, max: picks.high, step: picks.step, value: somewhere(picks) });
    field.setAttribute("aria-label", `another ${picks.settingLabel.toLowerCase()}`);
  }

  /** Move by an arrow key to the next measured value. */
  #step(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = this.values.findIndex((value) => same(value, this.pick.value)) + by;
    if (at < 0 || at >= this.values.length) return;
    this.pick = { ...this.pick, value: this.values[at] }; // the next press may come before the next draw
    this.choose({ value: this.values[at] });
  }

  #ask() {
    const { picks, field } = this;
    const value = field.valueAsNumber; // NaN when it is empty or no number
    if (!(value >= picks.low && value <= picks.high)) {
      this.#refuse(`${picks.settingLabel}: a number from ${spoken(picks.low)} to ${spoken(picks.high)}, please.`);
      field.focus();
      return;
    }
    this.#refuse("");
    const known = this.curves.values(this.pick.kind).find((other) => same(other, value));
    if (known === undefined) this.measure(value);
    else this.choose({ value: known });
  }

  /** Show a refusal below the field; an empty text hides it. */
  #refuse(words) {
    setText(this.part("refusal"), words);
    this.field.setAttribute("aria-invalid", Boolean(words));
  }
}

/** The place of a value on the slider, 0 to SLIDER; positive settings in equal ratios. */
function place(value, { low, high }) {
  const scale = low > 0 ? Math.log : (number) => number;
  return Math.round((SLIDER * (scale(value) - scale(low))) / (scale(high) - scale(low)));
}

function nearest(values, at, picks) {
  return values.toSorted((a, b) => Math.abs(place(a, picks) - at) - Math.abs(place(b, picks) - at))[0];
}

/** A first value that is probably new: a fifth of the way up, on the setting's own steps. */
function somewhere({ low, high, step }) {
  return Number((low + step * Math.round((0.2 * (high - low)) / step)).toPrecision(6));
}
