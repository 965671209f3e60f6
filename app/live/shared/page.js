/** What the page around the component gives: its theme, and plotly.js. */
/** @import { Theme } from "../types.js" */

/** Whether no pointer hovers: then Plotly's buttons would stand over the labels all the time. */
export const TOUCH = globalThis.matchMedia?.("(hover: none)").matches ?? false;

/**
 * Colours and font of the theme that is on now; marks the host with the ground, light or dark.
 * @type {(host: HTMLElement, themes: Record<string, Omit<Theme, "scheme" | "font">>) => Theme}
 */
export function readTheme(host, themes) {
  const style = getComputedStyle(host);
  const scheme = luminance(style.getPropertyValue("--st-background-color")) > 0.4 ? "light" : "dark";
  host.dataset.scheme = scheme;
  return { ...themes[scheme], scheme, font: style.getPropertyValue("--st-font").trim() || "sans-serif" };
}

/** @param {string} color */
function luminance(color) {
  const hex = color.trim().match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i);
  if (!hex) return 1;
  const [r, g, b] = hex.slice(1).map((part) => parseInt(part, 16) / 255);
  return 0.21 * r + 0.72 * g + 0.07 * b;
}

/**
 * plotly.js comes from this server, once per page, so that a talk needs no network.
 * @param {string} url
 */
export function loadPlotly(url) {
  window.skipscopePlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      window.skipscopePlotly = undefined; // the next draw asks again
      reject(new Error(`cannot load ${url}`));
    };
    document.head.append(script);
  });
  return window.skipscopePlotly;
}

/**
 * Call soon() when the host is wider or narrower, the window has another height, or the page is shown again, and tick()
 * every second. Returns the function that ends it.
 * @type {(host: HTMLElement, soon: () => void, tick: () => void) => () => void}
 */
export function attend(host, soon, tick) {
  /** @type {number | undefined} */
  let width;
  // The width alone: words that wrap change the height, and a chart must not be redrawn in the middle of a drag.
  const resize = new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width !== width) soon();
    width = contentRect.width;
  });
  resize.observe(host);
  const onVisibility = () => !document.hidden && soon();
  const clock = setInterval(tick, 1000);
  window.addEventListener("resize", soon); // charts are as high as the window allows
  document.addEventListener("visibilitychange", onVisibility);
  return () => {
    resize.disconnect();
    clearInterval(clock);
    window.removeEventListener("resize", soon);
    document.removeEventListener("visibilitychange", onVisibility);
  };
}
