/** Text for the clipboard. Browsers give it only to pages that they call secure; from another machine this one is not. */

/**
 * Put a text on the clipboard. Throws an Error where the browser keeps its clipboard to itself.
 * @param {string} text
 */
export async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("the browser keeps its clipboard");
}
