/** Three small buttons beside a chart: its picture as PNG or as SVG, what it shows as CSV. All is made in the browser. */
/** @import { Theme, Plot, PictureWords, Rows } from "../../types.js" */
import { button, element } from "../dom.js";
import { csv, messageOf } from "../format.js";
import { loadPlotly } from "../page.js";
import { markedTable } from "../replay/marks.js";

/** @type {Record<string, string>} */
const WORDS = { png: "picture, PNG", svg: "picture, SVG", csv: "data, CSV" };

export class ExportButtons {
  /**
   * node: an element of their own; name: the chart in words; take(format) makes and saves the file, and may fail.
   * @param {HTMLElement} node
   * @param {string} name
   * @param {(format: string) => Promise<unknown>} take
   */
  constructor(node, name, take) {
    node.classList.add("ss-take");
    node.setAttribute("role", "group");
    node.setAttribute("aria-label", `Save: ${name}`);
    this.says = element("span", "ss-take-says", "", { role: "status" });
    this.buttons = Object.entries(WORDS).map(([format, words]) => {
      const attributes = { title: `Save as ${words}`, "data-format": format, "aria-label": `Save ${name} as ${words}` };
      const made = button(format.toUpperCase(), () => this.#take(made, () => take(format)), "ss-take-button", attributes);
      return made;
    });
    node.append(...this.buttons, this.says);
  }

  /** @type {(pressed: HTMLButtonElement, take: () => Promise<unknown>) => Promise<void>} */
  async #take(pressed, take) {
    pressed.disabled = true;
    this.says.textContent = "";
    try {
      await take();
    } catch (error) {
      this.says.textContent = `not saved: ${messageOf(error)}`;
    }
    pressed.disabled = false;
    pressed.focus();
  }
}

/**
 * Save a Plotly chart. words(): { title, legend, caption, filename }, see export/image.js; table(): { columns, rows }. Both are
 * asked when the button is pressed. line: the words of a replay, for the table.
 * @param {string} format
 * @param {{ plot: Plot, url: string, theme: Theme, words: () => PictureWords, table: () => Rows, line?: string }} options
 * @returns {Promise<unknown>}
 */
export async function exportPlot(format, { plot, url, theme, words, table, line = "" }) {
  const { filename, ...rest } = words();
  if (format === "csv") return saveTable(table(), filename, line);
  if (!plot._fullLayout || !plot.data?.length) throw new Error("nothing is drawn yet");
  const [Plotly, { exportImage }] = await Promise.all([loadPlotly(url), import("./image.js")]);
  return exportImage(Plotly, plot, { format, ...rest, filename, theme });
}

/**
 * Save rows as a file; with nothing in them there is nothing to save. words: of a replay.
 * @type {(rows: Rows, filename: string, words?: string) => Promise<void>}
 */
export async function saveTable({ columns, rows }, filename, words = "") {
  if (!rows.length) throw new Error("there is no value yet");
  const { download } = await import("./image.js");
  download(markedTable(csv(columns, rows), words), `${filename}.csv`);
}
