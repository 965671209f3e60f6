/** What the page around the component gives: its theme, and plotly.js. */
/** @import { Theme } from "../types.js" */
import { channels } from "./plot_style.js";

/** Whether no pointer hovers: then Plotly's buttons would stand over the labels all the time. */
export const TOUCH = globalThis.matchMedia?.("(hover: none)").matches ?? false;

/**
 * Colours and font of the theme that is on now; marks the host with the ground, light or dark.
 * @type {(host: HTMLElement, themes: Record<string, Omit<Theme, "scheme" | "font">>) => Theme}
 */
export function readTheme(host, themes) {
  const style = getComputedStyle(host);
  // A colour that is not written #rrggbb has no luminance here: light.
  const scheme = luminance(style.getPropertyValue("--st-background-color")) <= 0.4 ? "dark" : "light";
  host.dataset.scheme = scheme;
  return { ...themes[scheme], scheme, font: style.getPropertyValue("--st-font").trim() || "sans-serif" };
}

/** @param {string} color */
function luminance(color) {
  const [r, g, b] = channels(color.trim());
  return (0.21 * r + 0.72 * g + 0.07 * b) / 255;
}

/** The sizes of plotly.js, as their addresses name them: each draws what those before it draw. The whole has no word. */
const SIZES = ["basic", "cartesian"];

/**
 * plotly.js comes from this server, once per page, so that a talk needs no network. A page that needs a larger one than was
 * loaded loads it then; charts that are drawn go on with it.
 * @param {string} url
 */
export function loadPlotly(url) {
  const word = SIZES.indexOf(/plotly-([a-z]+)-/.exec(url)?.[1] ?? "");
  const size = word < 0 ? SIZES.length : word;
  const before = window.skipscopePlotly;
  // What a page put there itself has to do.
  if (before && (before.size ?? SIZES.length) >= size) return before;
  const loading = new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      if (window.skipscopePlotly === loading) window.skipscopePlotly = before; // the next draw asks again
      reject(new Error(`cannot load ${url}`));
    };
    document.head.append(script);
  });
  window.skipscopePlotly = Object.assign(loading, { size });
  return loading;
}

/**
 * Call soon() when the host is wider or narrower, the window or the stage has another height, or the page is shown again,
 * and tick() every second. Returns the function that ends it. stage: the element of a component that may fill the window.
 * @type {(host: HTMLElement, soon: () => void, tick: () => void, stage?: HTMLElement) => () => void}
 */
export function attend(host, soon, tick, stage) {
  let size = "";
  // The width alone: words that wrap change the height, and a chart must not be redrawn in the middle of a drag.
  const resize = new ResizeObserver(() => {
    const before = size;
    size = `${host.clientWidth} ${stage?.clientHeight}`;
    if (size !== before) soon();
  });
  for (const watched of [host, ...(stage ? [stage] : [])]) resize.observe(watched);
  const clock = setInterval(tick, 1000);
  const listening = new AbortController();
  window.addEventListener("resize", soon, listening); // charts are as high as the window allows
  document.addEventListener("visibilitychange", () => !document.hidden && soon(), listening);
  return () => {
    resize.disconnect();
    clearInterval(clock);
    listening.abort();
  };
}
