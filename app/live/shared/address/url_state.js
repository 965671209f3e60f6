/**
 * What is looked at, as parameters of the address, so that a link shows the same elsewhere. The tab remembers them as
 * well, because another page of the site clears the address.
 *
 * The rule: parameters in the address count, and then the memory does not. Without any, the memory counts where one comes
 * from another page of the site; on the page that the tab was opened with, an address without them says that all is as usual.
 */

/** Browsers refuse more than a hundred changes of the address in half a minute. */
const WRITE_MS = 400;
/** Memories that were in use since the document was loaded. */
const used = new Set();

export class UrlState {
  /**
   * keys: the parameters that are this one's; memory: the name under which the tab keeps them; moved(): back, forward.
   * @param {string[]} keys
   * @param {string} memory
   * @param {() => void} moved
   */
  constructor(keys, memory, moved) {
    this.keys = keys;
    this.memory = memory;
    this.moved = moved;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.writing = undefined;
    /** @type {Set<string>} keys that somebody else writes now */
    this.lent = new Set();
    const address = new URLSearchParams(location.search);
    this.params = keys.some((key) => address.has(key)) || (!used.has(memory) && isOpening()) ? this.#pick(address) : this.#pick(new URLSearchParams(remembered(memory) ?? ""));
    used.add(memory);
    this.#remember();
    this.listening = new AbortController();
    window.addEventListener("popstate", () => {
      this.params = this.#pick(new URLSearchParams(location.search));
      this.moved();
    }, this.listening);
  }

  /**
   * The text of a parameter, null when it is not there.
   * @param {string} key
   */
  get(key) {
    return this.params.get(key);
  }

  /**
   * null takes a parameter away: what is usual is not in the address.
   * @type {(key: string, value: string | null) => void}
   */
  put(key, value) {
    if (value === null) this.params.delete(key);
    else this.params.set(key, value);
    this.#remember();
    this.keep();
  }

  /**
   * Leave a parameter of the address to somebody else, or take it back.
   * @type {(key: string, lent: boolean) => void}
   */
  lend(key, lent) {
    if (lent) this.lent.add(key);
    else this.lent.delete(key);
  }

  /** Write the address, also where the script or another page has changed it. */
  keep() {
    this.writing ??= setTimeout(() => {
      this.writing = undefined;
      this.#write();
    }, WRITE_MS);
  }

  stop() {
    clearTimeout(this.writing);
    this.listening.abort();
  }

  #write() {
    const url = new URL(location.href);
    const before = url.search;
    for (const key of this.keys) if (!this.lent.has(key)) url.searchParams.delete(key);
    for (const [key, value] of this.params) if (!this.lent.has(key)) url.searchParams.set(key, value);
    if (url.search !== before) history.replaceState(history.state, "", url);
  }

  /** @param {URLSearchParams} address */
  #pick(address) {
    return new URLSearchParams(this.keys.filter((key) => address.has(key)).map((key) => [key, address.get(key) ?? ""]));
  }

  #remember() {
    remember(this.memory, this.params);
  }
}

/** Whether this is the page that the tab was opened with, or loaded again. */
function isOpening() {
  const [opened] = performance.getEntriesByType("navigation");
  // Firefox calls a file "document".
  return !opened || !opened.name.includes(":") || new URL(opened.name).pathname === location.pathname;
}

/**
 * The race whose page this tab showed last, null without a memory of it.
 * @param {string} key
 */
export function rememberedRace(key) {
  const race = Number(remembered(key) ?? NaN);
  return Number.isInteger(race) && race >= 0 ? race : null;
}

/**
 * What was remembered in place of a race, as text: a race or the runs of a selection.
 * @param {string} key
 */
export function rememberedRuns(key) {
  return remembered(key);
}

/**
 * Remember the race for the tab's next page.
 * @type {(key: string, race: unknown) => void}
 */
export function rememberRace(key, race) {
  remember(key, race);
}

/** @type {(key: string) => string | null} */
function remembered(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null; // a browser that keeps nothing still has the address
  }
}

/** @type {(key: string, value: unknown) => void} */
function remember(key, value) {
  try {
    sessionStorage.setItem(key, String(value));
  } catch {
    // See above.
  }
}
