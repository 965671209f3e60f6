/**
 * What is looked at: panels, quantity, scale, axis, seeds, curves, zoom, presenter mode. It is kept in the address, so
 * that a link shows the same elsewhere, and in the tab's memory, because another page of the site clears the address.
 */
export const CHOICES = {
  layout: { side: "Side by side", overlaid: "Overlaid", gap: "Gap" },
  metric: { error: "Error", loss: "Loss" },
  scale: { linear: "Linear", log: "Log" },
  x: { step: "Step", epoch: "Epoch", seconds: "Seconds" },
  seeds: { band: "Bands", lines: "Each seed" },
};
export const CURVES = ["running", "raw", "test", "clean"];
/** A choice that differs from the first of its kind stands in the address under its own name, the rest here. */
const SHOWN = "curves", ZOOM = "zoom", PRESENT = "present";
const KEYS = [...Object.keys(CHOICES), SHOWN, ZOOM, PRESENT];
const MEMORY = "skipscope-view";
/** Browsers refuse more than a hundred changes of the address in half a minute. */
const WRITE_MS = 400;

export class ViewState {
  /** changed(): called after every change. */
  constructor(changed) {
    this.changed = changed;
    const address = new URLSearchParams(location.search);
    const told = KEYS.some((key) => address.has(key));
    this.params = told ? pick(address) : remembered();
    this.onBack = () => this.#reread();
    window.addEventListener("popstate", this.onBack);
  }

  /** The option chosen of one of CHOICES. */
  get(key) {
    return option(key, this.params.get(key));
  }

  set(key, value) {
    const before = this.get(key);
    if (value === before) return;
    this.#put(key, value === first(key) ? null : value);
    // Another quantity or scale has another height; another axis has other places altogether.
    const { x } = this.zoom ?? {};
    this.#put(ZOOM, x && key !== "x" ? zoomText({ x }) : null);
    this.#told();
  }

  /** The curves that are shown. */
  get curves() {
    const text = this.params.get(SHOWN);
    return text === null || text === undefined ? [...CURVES] : CURVES.filter((curve) => text.split("-").includes(curve));
  }

  toggleCurve(curve) {
    const shown = CURVES.filter((other) => this.curves.includes(other) !== (other === curve));
    this.#put(SHOWN, shown.length === CURVES.length ? null : shown.join("-"));
    this.#told();
  }

  /** The part that is zoomed into, { x: [from, to], y: [from, to] } in the axes' own units, either may be absent; or null. */
  get zoom() {
    return zoomFrom(this.params.get(ZOOM));
  }

  set zoom(zoom) {
    if (zoomText(zoom) === zoomText(this.zoom)) return;
    this.#put(ZOOM, zoomText(zoom));
    this.#told();
  }

  get present() {
    return this.params.get(PRESENT) === "1";
  }

  set present(on) {
    this.#put(PRESENT, on ? "1" : null);
    this.#told();
  }

  /** Everything at once, as buildFigure wants it. */
  all() {
    const chosen = Object.fromEntries(Object.keys(CHOICES).map((key) => [key, this.get(key)]));
    return { ...chosen, curves: this.curves, zoom: this.zoom };
  }

  /** Write the address again where the script or another page has changed it. */
  keep() {
    if (this.writing) return;
    this.writing = setTimeout(() => {
      this.writing = null;
      this.#write();
    }, WRITE_MS);
  }

  stop() {
    clearTimeout(this.writing);
    window.removeEventListener("popstate", this.onBack);
  }

  #put(key, value) {
    if (value === null) this.params.delete(key);
    else this.params.set(key, value);
  }

  #told() {
    try {
      sessionStorage.setItem(MEMORY, this.params.toString());
    } catch {
      // A browser that keeps nothing still has the address.
    }
    this.keep();
    this.changed();
  }

  #write() {
    const url = new URL(location.href);
    const before = url.search;
    for (const key of KEYS) url.searchParams.delete(key);
    for (const [key, value] of this.params) url.searchParams.set(key, value);
    if (url.search !== before) history.replaceState(history.state, "", url);
  }

  /** Back and forward of the browser show what the address says. */
  #reread() {
    this.params = pick(new URLSearchParams(location.search));
    this.changed();
  }
}

function first(key) {
  return Object.keys(CHOICES[key])[0];
}

/** An address may carry anything, a label in place of a name too; what means nothing is the first option. */
function option(key, text) {
  const wanted = (text ?? "").toLowerCase();
  const found = Object.entries(CHOICES[key]).find(([name, label]) => [name, label.toLowerCase()].includes(wanted));
  return found ? found[0] : first(key);
}

function pick(address) {
  return new URLSearchParams(KEYS.filter((key) => address.has(key)).map((key) => [key, address.get(key)]));
}

function remembered() {
  try {
    return pick(new URLSearchParams(sessionStorage.getItem(MEMORY) ?? ""));
  } catch {
    return new URLSearchParams();
  }
}

/** `100_300` or `100_300_5_40`: x and y of the zoom. */
function zoomText(zoom) {
  if (!zoom?.x) return null;
  return [...zoom.x, ...(zoom.y ?? [])].map((value) => Number(value.toPrecision(7))).join("_");
}

function zoomFrom(text) {
  const numbers = (text ?? "").split("_").map(Number);
  if (![2, 4].includes(numbers.length) || !text || !numbers.every(Number.isFinite)) return null;
  const [x, y] = [numbers.slice(0, 2), numbers.slice(2)];
  if (x[0] >= x[1] || (y.length && y[0] >= y[1])) return null;
  return y.length ? { x, y } : { x };
}
