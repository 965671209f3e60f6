/** The card and the lines of the cross-hair: elements over the chart, so that nothing of Plotly is drawn again for them. */
/** @import { Reading } from "./readings.js" */
import { element, setText } from "../../shared/dom.js";

/** So many curves have a row; of more those next to the pointer have one, and the rest is counted. */
export const MAX_ROWS = 14;
/** Between the line and the card, in pixels. */
const BESIDE_PX = 14;
/** Between the card and the upper or the lower edge of the chart. */
const EDGE_PX = 30;

/** @typedef {{ place: string, words: string, rows: Reading[], more: number, near: string[], hint: string }} CardWords */

export class ReadingCard {
  /** @param {HTMLElement} stage */
  constructor(stage) {
    this.stage = stage;
    this.root = element("div", "ss-reading");
    this.place = element("strong", "ss-reading-place");
    this.words = element("span", "ss-reading-words");
    this.list = element("div", "ss-reading-rows");
    this.near = element("p", "ss-reading-near");
    this.hint = element("p", "ss-reading-hint");
    this.root.append(this.place, this.words, this.list, this.near, this.hint);
    this.ring = element("div", "ss-reading-ring");
    this.spoken = element("p", "ss-spoken", "", { role: "status" });
    // The pointer alone makes the card; the keys have its words spoken.
    for (const part of [this.root, this.ring]) part.setAttribute("aria-hidden", "true");
    /** @type {HTMLElement[]} */
    this.hairs = [];
    stage.append(this.ring, this.root, this.spoken);
    this.hide();
  }

  /** @returns {boolean} */
  get shown() {
    return !this.root.hidden;
  }

  hide() {
    for (const part of [this.root, this.ring, ...this.hairs]) part.hidden = true;
  }

  /**
   * Fill the card and put it beside the line.
   * @type {(words: CardWords, at: { x: number, y: number }) => void}
   */
  show({ place, words, rows, more, near, hint }, { x, y }) {
    setText(this.place, place);
    setText(this.words, words);
    const texts = [...near, more > 0 ? `and ${more} more curves` : ""].filter(Boolean).join("\n");
    setText(this.near, texts);
    setText(this.hint, hint);
    this.hint.hidden = !hint;
    this.near.hidden = !texts;
    while (this.list.children.length > rows.length) this.list.lastElementChild?.remove();
    rows.forEach((row, index) => this.#fill(/** @type {HTMLElement} */ (this.list.children[index] ?? this.#row()), row));
    this.root.hidden = false;
    const { clientWidth: width, clientHeight: height } = this.stage, { offsetWidth: wide, offsetHeight: high } = this.root;
    const right = x + BESIDE_PX + wide <= width || x < width / 2;
    const left = Math.max(0, Math.min(width - wide, right ? x + BESIDE_PX : x - BESIDE_PX - wide));
    // In the other half of the chart: what is under the pointer is looked at.
    const top = y < height / 2 ? height - high - EDGE_PX : EDGE_PX;
    this.root.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /**
   * One line in each panel.
   * @param {{ x: number, top: number, height: number }[]} lines
   */
  cross(lines) {
    while (this.hairs.length < lines.length) {
      const hair = element("div", "ss-hair", "", { "aria-hidden": "true" });
      this.hairs.push(hair);
      this.ring.before(hair);
    }
    this.hairs.forEach((hair, index) => {
      const line = lines[index];
      hair.hidden = !line;
      if (!line) return;
      hair.style.transform = `translate(${line.x.toFixed(1)}px, ${line.top}px)`;
      hair.style.height = `${line.height}px`;
    });
  }

  /**
   * The ring on the curve that a click would hit; null for none.
   * @type {(at: { x: number, y: number, color: string } | null) => void}
   */
  mark(at) {
    this.ring.hidden = !at;
    if (!at) return;
    this.ring.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
    this.ring.style.borderColor = at.color;
  }

  #row() {
    const row = element("div", "ss-reading-row");
    row.append(...["swatch", "name", "value", "spread"].map((name) => element("span", `ss-reading-${name}`)));
    this.list.append(row);
    return row;
  }

  /** @type {(row: HTMLElement, reading: Reading) => void} */
  #fill(row, { name, color, value, spread }) {
    const [swatch, label, number, range] = /** @type {HTMLElement[]} */ ([...row.children]);
    swatch.style.backgroundColor = color;
    setText(label, name);
    setText(number, value);
    setText(range, spread);
  }
}
