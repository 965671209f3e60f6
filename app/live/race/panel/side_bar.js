/**
 * The set-up in Streamlit's side bar: "New race" opens and closes it, a race that begins closes it. By the two buttons
 * of Streamlit, because only they know whether it is open.
 */
const OPEN = "[data-testid=stExpandSidebarButton]", CLOSE = "[data-testid=stSidebarCollapseButton] button";
const NEW_RACE = ".st-key-new_race button";
const FIRST_CONTROL = "[data-testid=stSidebarUserContent] :is(input, button)";
/** Streamlit keeps the last state under this name and prefers it to the script's. */
const KEPT = "stSidebarCollapsed-";
/** So long the side bar takes to come. */
const OPENING_MS = 350;

export class SideBar {
  constructor() {
    this.listening = new AbortController();
    document.addEventListener("click", ({ target }) => target.closest?.(NEW_RACE) && this.#toggle(), this.listening);
  }

  close() {
    // On a wide screen both buttons may be in the document, the one without use hidden.
    if (!document.querySelector(OPEN)) pressed(CLOSE);
  }

  stop() {
    this.listening.abort();
  }

  #toggle() {
    if (!pressed(OPEN)) pressed(CLOSE);
    else setTimeout(() => document.querySelector(FIRST_CONTROL)?.focus(), OPENING_MS);
  }
}

/** Press one of Streamlit's buttons; whether it is there. What it keeps goes: a first visit has the set-up open. */
function pressed(selector) {
  const button = document.querySelector(selector);
  button?.click();
  for (const key of Object.keys(localStorage)) if (key.startsWith(KEPT)) localStorage.removeItem(key);
  return Boolean(button);
}
