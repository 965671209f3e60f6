/**
 * The set-up in Streamlit's side bar: "New race" opens and closes it, a race that begins closes it. By the two buttons
 * of Streamlit, because nothing else moves it.
 */
import { isOffline } from "../../shared/source.js";

const BAR = "[data-testid=stSidebar]";
const OPEN = "[data-testid=stExpandSidebarButton]", CLOSE = "[data-testid=stSidebarCollapseButton] button";
const NEW_RACE = ".st-key-new_race button";
/** Not a question mark: with the focus it opens its words over the page. */
const FIRST_CONTROL = "[data-testid=stSidebarUserContent] :is(input, button):not([aria-label^='Help'])";
/** Streamlit keeps the last state under this name and prefers it to the script's. */
const KEPT = "stSidebarCollapsed-";
/** How often the set-up had been filled when it was opened for that last. */
const SEEN = "skipscope-set-up-filled";
/** So long the side bar takes to come. */
const OPENING_MS = 350;
/** So long a button of Streamlit is waited for: it draws the side bar last, on a busy machine after seconds. */
const PATIENCE_MS = 60_000;

export class SideBar {
  constructor() {
    this.listening = new AbortController();
    document.addEventListener("click", ({ target }) => target.closest?.(NEW_RACE) && this.#toggle(), this.listening);
  }

  open() {
    this.#show(true);
  }

  close() {
    this.#show(false);
  }

  /** Open the set-up once after it was filled elsewhere; `times`: how often it was in this session of the page. */
  filled(times) {
    if (isOffline()) return; // there is none, and a viewer of files may refuse to keep anything
    const seen = sessionStorage.getItem(SEEN);
    if (!times) sessionStorage.removeItem(SEEN);
    // Where it was closed meanwhile, as by a race that began, this page does not open it for the same again.
    else if (String(times) !== seen && times !== this.asked) this.#show(true, () => sessionStorage.setItem(SEEN, times));
    this.asked = times;
  }

  stop() {
    this.listening.abort();
    this.#rest();
  }

  /** Open or close it, once the button for that is there; `done` is told then. The last wish is the one that counts. */
  #show(wanted, done = () => {}) {
    const tried = () => {
      if (!show(wanted)) return false;
      this.#rest();
      done();
      return true;
    };
    this.#rest();
    if (tried()) return;
    this.watching = new MutationObserver(tried);
    this.watching.observe(document.body, { childList: true, subtree: true });
    this.patience = setTimeout(() => this.#rest(), PATIENCE_MS);
  }

  #rest() {
    this.watching?.disconnect();
    this.watching = null;
    clearTimeout(this.patience);
  }

  #toggle() {
    this.#show(!isOpen());
    setTimeout(() => isOpen() && document.querySelector(FIRST_CONTROL)?.focus(), OPENING_MS);
  }
}

/** Whether the side bar is open. Its buttons do not tell: on a wide screen both may be in the document, one without use. */
function isOpen() {
  return document.querySelector(BAR)?.getAttribute("data-collapsed") === "false";
}

/**
 * Open or close the side bar, where it is not so yet; return whether it could be. What Streamlit keeps goes: a first
 * visit has the set-up open.
 */
function show(wanted) {
  const button = document.querySelector(wanted ? OPEN : CLOSE), done = isOpen() === wanted;
  if (!done) button?.click();
  for (const key of Object.keys(localStorage)) if (key.startsWith(KEPT)) localStorage.removeItem(key);
  return done || button !== null;
}
