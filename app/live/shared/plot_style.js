/** Colours and options that charts of several features share. */

/** Of every chart: nothing of it is sent anywhere, and what somebody wrote between dollars stays a text. */
export const PLOT_CONFIG = { plotlyServerURL: "", typesetMath: false };

/** Families of a saved picture, which other machines have too: a picture cannot take the page's own font along. */
export const PICTURE_FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif";

/**
 * matplotlib's viridis, dark to bright, every 16th part: even to the eye and safe for colour-blind eyes. By hand, because
 * plotly.js exports no colours of its scale, and the map of layers needs them.
 */
export const VIRIDIS = ["#440154", "#481a6c", "#472f7d", "#414487", "#39568c", "#31688e", "#2a788e", "#23888e", "#1f988b", "#22a884", "#35b779", "#54c568", "#7ad151", "#a5db36", "#d2e21b", "#fde725"];

/**
 * A colour `#rrggbb` as its three channels from 0 to 255.
 * @param {string} hex
 */
export function channels(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/**
 * A colour `#rrggbb` that lets others through.
 * @type {(hex: string, opacity: number) => string}
 */
export function seeThrough(hex, opacity) {
  const [r, g, b] = channels(hex);
  return `rgba(${r},${g},${b},${opacity})`;
}

/**
 * The ids of a plot's panels as Plotly names them: "", "2", "3", ...
 * @param {number} index
 */
export function axisSuffix(index) {
  return index ? String(index + 1) : "";
}

/**
 * Plotly's own buttons: for the pointer, so Tab leaves them out and a screen reader does not read their pictures.
 * @param {HTMLElement} plot
 */
export function quietModeBar(plot) {
  /** @type {NodeListOf<HTMLElement>} */
  const buttons = plot.querySelectorAll(".modebar-btn");
  for (const button of buttons) button.tabIndex = -1;
  for (const icon of plot.querySelectorAll(".modebar-btn svg")) icon.setAttribute("aria-hidden", "true");
}
