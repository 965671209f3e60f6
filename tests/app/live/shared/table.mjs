/** A reader of tables that knows nothing of the writer under test: RFC 4180, letter by letter. */
import assert from "node:assert/strict";

/** Rows as { column: text }. */
export function parsed(text) {
  assert.ok(text.endsWith("\r\n"), "a line ends with CR LF");
  const rows = [[]];
  let field = "", quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (text[at + 1] === '"') field += text[(at += 1)];
      else quoted = false;
    } else if (letter === '"') {
      assert.equal(field, "", "a quote begins a field");
      quoted = true;
    } else if (letter === ",") {
      rows.at(-1).push(field);
      field = "";
    } else if (letter === "\r" && text[at + 1] === "\n") {
      rows.at(-1).push(field);
      field = "";
      at += 1;
      if (at + 1 < text.length) rows.push([]);
    } else field += letter;
  }
  assert.ok(!quoted, "every quote ends");
  const [head, ...body] = rows;
  return body.map((row) => {
    assert.equal(row.length, head.length, "every row has every column");
    return Object.fromEntries(head.map((name, index) => [name, row[index]]));
  });
}
