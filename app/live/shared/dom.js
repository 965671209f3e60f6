/** Elements of the page, made and changed in one line each. */

/**
 * An element with a class, a text and attributes.
 * @type {(tag: string, className?: string, text?: string, attributes?: Record<string, unknown>) => HTMLElement}
 */
export function element(tag, className = "", text = "", attributes = {}) {
  return withAttributes(Object.assign(document.createElement(tag), { className, textContent: text }), attributes);
}

/**
 * A button that does not submit.
 * @param {string} text
 * @param {(event: MouseEvent) => unknown} onclick
 * @param {string} [className]
 * @param {Record<string, unknown>} [attributes]
 */
export function button(text, onclick, className = "ss-button", attributes = {}) {
  const made = /** @type {HTMLButtonElement} */ (element("button", className, text, attributes));
  return Object.assign(made, { type: "button", onclick });
}

/**
 * An SVG element with its attributes.
 * @type {(tag: string, attributes: Record<string, unknown>) => SVGElement}
 */
export function svgElement(tag, attributes) {
  return withAttributes(/** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", tag)), attributes);
}

/** @type {<T extends Element>(node: T, attributes: Record<string, unknown>) => T} */
function withAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  return node;
}

/**
 * The rows of a list, one for each key: rows of other keys go, new rows are made and stand in the order of the keys.
 * @type {<K, R extends { root: HTMLElement }>(list: HTMLElement, rows: Map<K, R>, keys: K[], make: (key: K) => R) => void}
 */
export function keepRows(list, rows, keys, make) {
  for (const [key, { root }] of rows) {
    if (keys.includes(key)) continue;
    root.remove();
    rows.delete(key);
  }
  for (const [place, key] of keys.entries()) {
    if (rows.has(key)) continue;
    const row = make(key), next = keys.slice(place + 1).find((other) => rows.has(other));
    rows.set(key, row);
    list.insertBefore(row.root, next === undefined ? null : /** @type {{ root: HTMLElement }} */ (rows.get(next)).root);
  }
}

/**
 * Write a text where it is another one: a selection and a screen reader's place stay.
 * @type {(node: Element, text: string) => void}
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Let Escape, and a press or a focus elsewhere, close a menu below a button. Returns the function that ends it.
 * @type {(menu: HTMLDetailsElement) => () => void}
 */
export function closing(menu) {
  // In braces: a handler that returns false would take the browser's own work from the key.
  menu.onkeydown = (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    // The key is not for the page, which closes other things with it.
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary")?.focus();
  };
  const left = (/** @type {EventTarget | null} */ node) => {
    if (!menu.contains(/** @type {globalThis.Node | null} */ (node))) menu.open = false;
  };
  const listening = new AbortController();
  menu.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && left(relatedTarget), listening);
  document.addEventListener("pointerdown", ({ target }) => left(target), listening);
  return () => listening.abort();
}
