/**
 * Runs in the document before Streamlit's scripts: page_head.py writes it there. It mends what Streamlit has no option
 * for: 404s of a sub page, a history that leads nowhere, a drawer that stays, colours by choice.
 */
(() => {
  // Without it Streamlit looks for its server below the page's own address first, and gets a 404.
  Object.assign(window, { __streamlit: { BACKEND_BASE_URL: new URL(".", location.href).href } });

  // Streamlit adds an entry to the history whenever the script writes the address. Going back to the entry before would
  // only make the script write the address again. So a press of the visitor adds one entry at most.
  let pressed = false;
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => (pressed = true), { capture: true, passive: true });
  addEventListener("popstate", () => (pressed = false), true);
  const { pushState, replaceState } = history;
  history.pushState = (state, unused, url) => {
    const write = pressed ? pushState : replaceState;
    pressed = false;
    write.call(history, state, unused, url);
  };

  // On a phone the side bar is a drawer over the page: whoever has gone to a page by it, or started a race, wants to see that.
  const DRAWER_PX = 768, BAR = "[data-testid=stSidebar]", LEADS_ON = `${BAR} :is(a[data-testid$=NavLink], .st-key-start button:enabled)`;
  addEventListener("click", ({ target }) => {
    if (innerWidth > DRAWER_PX || !target.closest?.(LEADS_ON)) return;
    setTimeout(() => document.querySelector(`${BAR}:not([data-collapsed=true]) [data-testid=stSidebarCollapseButton] button`)?.click());
  }, true);

  // Streamlit follows the system's colours, and changes at once with them: it is told that they are the chosen ones.
  const DARK = "(prefers-color-scheme: dark)", KEPT = "skipscope-colors";
  const { matchMedia } = window;
  const system = matchMedia.call(window, DARK);
  const isDark = () => (kept() ?? (system.matches ? "dark" : "light")) === "dark";
  const colors = Object.defineProperty(new EventTarget(), "matches", { get: isDark });
  const changed = () => colors.dispatchEvent(Object.assign(new Event("change"), { matches: isDark() }));
  system.addEventListener("change", changed);
  window.matchMedia = (query) => (query === DARK ? colors : matchMedia.call(window, query));

  function kept() {
    try {
      return localStorage.getItem(KEPT);
    } catch {
      return null; // a browser that keeps nothing has the system's colours
    }
  }

  // Escape takes a term's meaning away where pointer or focus stays (WCAG 1.4.13); it comes back when both have left.
  const TERM = ":is(.ss-term, .ss-curve, .ss-certainty)";
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") for (const term of document.querySelectorAll(`${TERM}:is(:hover, :focus)`)) term.dataset.told = "";
  }, true);
  for (const kind of ["pointerout", "focusout"]) {
    addEventListener(kind, ({ target }) => setTimeout(() => {
      const term = target.closest?.("[data-told]");
      if (term && !term.matches(":is(:hover, :focus)")) delete term.dataset.told;
    }), true);
  }

  addEventListener("DOMContentLoaded", () => {
    const place = document.createElement("aside");
    place.className = "ss-colors";
    place.setAttribute("aria-label", "Colours of the page");
    place.innerHTML = '<button type="button" aria-label="Dark colours"><svg viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="7"/><path d="M10 3a7 7 0 0 1 0 14z"/></svg></button>';
    const button = place.firstElementChild;
    const show = () => {
      button.setAttribute("aria-pressed", isDark());
      button.title = isDark() ? "Light colours" : "Dark colours";
    };
    button.onclick = () => {
      const next = isDark() ? "light" : "dark";
      if ((next === "dark") === system.matches) localStorage.removeItem(KEPT);
      else localStorage.setItem(KEPT, next);
      changed();
    };
    colors.addEventListener("change", show);
    show();
    document.body.append(place);
  });
})();
