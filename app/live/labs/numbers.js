/** The numbers of a lab as a compact table: label, value with unit, what to expect, source. */
import { element, setText } from "../shared/dom.js";
import { spoken } from "../shared/format.js";

/** From this width in pixels on the table is open at first: on a phone it takes a tap. */
const WIDE = 900;
const COLUMNS = ["number", "measured", "expected", "source"];

/**
 * Draw rows [{ name, label, unit, source, expected }] with figures { name: number or null } of a job's card, null before
 * it is known. Beside each number stands what makes the inspected runs arms of their own.
 * whole: whether the page shows the whole lab; other pages fold the table at first.
 */
export function numbersTable(details, rows, { figures: values, card }, whole) {
  const known = Boolean(card);
  const differences = card?.differences ? ` (${card.differences})` : "";
  const table = details.querySelector("table");
  if (!table.rows.length) {
    table.createTHead().insertRow().append(...COLUMNS.map((column) => Object.assign(element("th", "", column), { scope: "col" })));
    const body = table.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      for (const words of [row.label, "", row.expected, row.source]) line.insertCell().textContent = words;
      line.cells[1].className = "sl-value";
    }
  }
  if (known && details.hidden) details.open = whole && details.parentElement.clientWidth >= WIDE;
  details.hidden = !known || !rows.length;
  const verb = card?.recorded ? "recorded" : "measured";
  setText(table.tHead.rows[0].cells[1], verb);
  const measured = rows.filter(({ name }) => name in values).length;
  rows.forEach((row, index) => {
    const words = row.name in values ? `${spoken(values[row.name], 4)}${row.unit ? ` ${row.unit}` : ""}${differences}` : "–";
    setText(table.tBodies[0].rows[index].cells[1], words);
  });
  setText(details.querySelector("summary"), `Numbers (${measured} of ${rows.length} ${verb})`);
}
