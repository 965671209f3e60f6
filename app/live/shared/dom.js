/** Elements of the page, made and changed in one line each. */

/**
 * An element with a class and a text.
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text]
 */
export function element(tag, className = "", text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/**
 * A button that does not submit.
 * @param {string} text
 * @param {(event: MouseEvent) => unknown} onclick
 * @param {string} [className]
 */
export function button(text, onclick, className = "ss-button") {
  return Object.assign(element("button", className, text), { type: "button", onclick });
}

/**
 * An SVG element with its attributes.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 */
export function svgElement(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/**
 * Write a text where it is another one: a selection and a screen reader's place stay.
 * @param {HTMLElement} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
