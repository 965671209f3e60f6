/** The numbers of a lab as a table: label and value; on demand all of them, with what to expect and their sources. */
import { element, setText } from "../shared/dom.js";
import { spoken } from "../shared/format.js";

/** Rows of the short table. */
const FIRST = 8;
const COLUMNS = ["number", "measured", "expected", "source"];

/**
 * Draw rows [{ name, label, unit, source, expected }] with figures { name: number or null } of a job's card, null before
 * it is known. Beside each number stands what makes the inspected runs arms of their own.
 */
export function numbersTable(details, rows, { figures: values, card }) {
  const differences = card?.differences ? ` (${card.differences})` : "";
  const table = details.querySelector("table");
  const all = details.querySelector("button");
  if (!table.rows.length) {
    table.createTHead().insertRow().append(...COLUMNS.map((column, index) => Object.assign(element("th", index > 1 ? "sl-rest" : "", column), { scope: "col" })));
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      for (const [index, words] of [row.label, "", row.expected, row.source].entries()) {
        Object.assign(line.insertCell(), { textContent: words, className: ["", "sl-value", "sl-rest", "sl-rest"][index] });
      }
    }
    all.onclick = () => {
      details.toggleAttribute("data-all");
      nameButton(all, details, rows.length);
    };
  }
  details.hidden = !card;
  const verb = card?.recorded ? "recorded" : "measured";
  setText(table.tHead.rows[0].cells[1], verb);
  let shown = 0;
  rows.forEach((row, index) => {
    const known = row.name in values;
    const line = table.tBodies[0].rows[index];
    line.className = known && values[row.name] !== null && shown++ < FIRST ? "" : "sl-rest";
    setText(line.cells[1], known ? `${spoken(values[row.name], 4)}${row.unit ? ` ${row.unit}` : ""}${differences}` : "–");
  });
  all.hidden = !rows.length;
  nameButton(all, details, rows.length);
}

/** Say what a press of the button does now. */
function nameButton(button, details, count) {
  const all = details.hasAttribute("data-all");
  setText(button, all ? "Fewer numbers" : `All ${count} numbers, with what to expect and their sources`);
  button.setAttribute("aria-expanded", all);
}
