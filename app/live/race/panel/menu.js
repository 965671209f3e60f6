/** A menu below a button of the controls, a <details>: Escape and a press or a focus elsewhere close it. */

/**
 * Returns the function that ends it.
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
  menu.onfocusout = ({ relatedTarget }) => {
    if (relatedTarget) left(relatedTarget);
  };
  const listening = new AbortController();
  document.addEventListener("pointerdown", ({ target }) => left(target), listening);
  return () => listening.abort();
}
