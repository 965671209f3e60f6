/** Rows of values as a table of text (RFC 4180). Pure functions. */

/** Rows of values as text: lines end with CR LF, fields with a comma, a quote or a line break stand in quotes. */
export function csv(columns, rows) {
  return [columns, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

function field(value) {
  if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
