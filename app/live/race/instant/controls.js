/** The sliders of an instant race: what is set, as a person drags it. */
/** @import { Choice } from "./ring.js" */
import { element } from "../../shared/dom.js";

/**
 * One setting: its values in order, each with its words; of kinds one is chosen from a list, all else is dragged.
 * `about` of a kind stands below the list.
 * @typedef {{ key: keyof Choice, label: string, kinds?: boolean, values: { value: string | number, label: string, about?: string }[] }} Setting
 */

export class Controls {
  /**
   * settings: what can be set. moved(choice): a person has changed something.
   * @param {HTMLElement} box
   * @param {Setting[]} settings
   * @param {(choice: Choice) => void} moved
   */
  constructor(box, settings, moved) {
    /** @type {Map<keyof Choice, { setting: Setting, input: HTMLInputElement | HTMLSelectElement, output: HTMLElement, about: HTMLElement }>} */
    this.rows = new Map(settings.map((setting) => {
      const row = element("label", `si-setting si-${setting.key}`);
      const name = element("span", "si-name", setting.label), output = element("span", "si-value");
      const input = setting.kinds ? list(setting) : slider(setting);
      input.setAttribute("aria-label", setting.label); // without the value, which is told beside it
      const id = `si-about-${setting.key}`, about = element("p", "si-about", "", { id });
      row.append(name, output, input);
      box.append(row);
      if (setting.kinds) {
        input.setAttribute("aria-describedby", id);
        box.append(about);
      }
      input.addEventListener("input", () => {
        this.#say(setting.key);
        moved(this.choice);
      });
      return [setting.key, { setting, input, output, about }];
    }));
  }

  /** @returns {Choice} */
  get choice() {
    const pairs = [...this.rows].map(([key, { setting, input }]) => [key, setting.values[Number(input.value)].value]);
    return Object.fromEntries(pairs);
  }

  /** @param {Choice} choice */
  set choice(choice) {
    for (const [key, { setting, input }] of this.rows) {
      const place = setting.values.findIndex(({ value }) => value === choice[key]);
      input.value = String(Math.max(0, place));
      this.#say(key);
    }
  }

  /**
   * Nobody changes a slider that does nothing: those who look on none, and no strength where the shortcut has none.
   * @type {(may: boolean, dialled: boolean) => void}
   */
  enable(may, dialled) {
    for (const [key, { input }] of this.rows) input.disabled = !may || (key === "strength" && !dialled);
  }

  /**
   * The words of what is set.
   * @param {keyof Choice} key
   */
  words(key) {
    const row = this.rows.get(key);
    return row ? row.setting.values[Number(row.input.value)].label : "";
  }

  /** @param {keyof Choice} key */
  #say(key) {
    const row = this.rows.get(key);
    if (!row) return;
    if (row.setting.kinds) { // the list says itself what is chosen
      row.about.textContent = row.setting.values[Number(row.input.value)].about ?? "";
      return;
    }
    row.output.textContent = this.words(key);
    row.input.setAttribute("aria-valuetext", this.words(key));
    row.input.style.setProperty("--si-share", `${(100 * Number(row.input.value)) / Math.max(1, row.setting.values.length - 1)}%`);
  }
}

/** @param {Setting} setting */
function slider({ values }) {
  return /** @type {HTMLInputElement} */ (element("input", "", "", { type: "range", min: 0, max: values.length - 1, step: 1 }));
}

/** @param {Setting} setting */
function list({ values }) {
  const select = /** @type {HTMLSelectElement} */ (element("select"));
  select.append(...values.map(({ label }, place) => element("option", "", label, { value: place })));
  return select;
}
