/** Elements of the page, made and changed in one line each. */

/** An element with a class and a text. */
export function element(tag, className = "", text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

/** A button that does not submit. */
export function button(text, onclick, className = "ss-button") {
  return Object.assign(element("button", className, text), { type: "button", onclick });
}

/** An SVG element with its attributes. */
export function svgElement(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** Write a text where it is another one: a selection and a screen reader's place stay. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
