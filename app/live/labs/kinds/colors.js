/** The colour scale of heights and cells, perceptually even and safe for colour-blind eyes. Pure functions. */
import { multiples, roundStep } from "../../shared/axis_labels.js";
import { VIRIDIS as STOPS, channels } from "../../shared/plot_style.js";
import { extent } from "../curves.js";

/** Decades of a logarithmic scale; values beyond share a colour. */
const DECADES = 8;
const INKS = { dark: "#000000", light: "#ffffff" };
const COLORS = STOPS.map((color, index) => [index / (STOPS.length - 1), color]);

/** A value in the scale's unit, log10 on a logarithmic scale; null without a place. */
export function placed(value, scale) {
  if (value === null || value === undefined || !Number.isFinite(value)) return null;
  if (scale !== "log") return value;
  return value > 0 ? Math.log10(value) : null;
}

/**
 * The range { low, high, ticks: [{ at, text }] } of some values in the scale's unit, on round numbers for few changes; or null.
 * `kept` is the end that a too wide span keeps.
 */
export function rangeOf(values, scale, kept = "high") {
  const span = extent(values.map((value) => placed(value, scale)).filter((value) => value !== null));
  return span && (scale === "log" ? decades(span, kept) : evenly(span));
}

/** By hand: Plotly has no logarithmic colour axis. */
function decades([least, most], kept) {
  const size = most - least > 4 ? 1 : 0.5;
  let high = size * Math.ceil(most / size - 1e-6);
  let low = Math.min(size * Math.floor(least / size + 1e-6), high - size);
  const cut = high - low > DECADES ? kept : "";
  if (cut === "high") low = high - DECADES;
  if (cut === "low") high = low + DECADES;
  const [top, stride] = [Math.floor(high), high - low > 4 ? 2 : 1];
  const whole = Array.from({ length: Math.floor((top - Math.ceil(low)) / stride) + 1 }, (_, index) => top - stride * index).toReversed();
  const ticks = [...new Set(whole.length > 1 ? whole : [low, ...whole, high])].map((at) => ({ at, text: plainly(at) }));
  if (cut === "high") ticks.splice(0, ticks[0].at === low ? 1 : 0, { at: low, text: `≤ ${plainly(low)}` });
  if (cut === "low") ticks.splice(-1, ticks.at(-1).at === high ? 1 : 0, { at: high, text: `≥ ${plainly(high)}` });
  return { low, high, ticks };
}

/** Ten to some power: below 0.01 and above 1,000 written as a power. */
function plainly(at) {
  return Number.isInteger(at) && (at < -2 || at > 3) ? `10<sup>${String(at).replace("-", "−")}</sup>` : String(Number((10 ** at).toPrecision(2)));
}

function evenly([least, most]) {
  const size = roundStep((most - least || Math.abs(most) || 1) / 4);
  const from = Math.floor(least / size + 1e-6);
  const ticks = multiples(from * size, Math.max(Math.ceil(most / size - 1e-6), from + 1) * size, size);
  return { low: ticks[0], high: ticks.at(-1), ticks: ticks.map((at) => ({ at, text: String(at).replace("-", "−") })) };
}

/** Plotly's colour axis for a range, with the bar below the plot, `y` and `len` in shares of the plot. */
export function colorAxis({ low, high, ticks }, words, theme, { y, len }) {
  return {
    cmin: low, cmax: high, colorscale: COLORS,
    colorbar: {
      orientation: "h", x: 0, xanchor: "left", y, yanchor: "top", yref: "paper", len, lenmode: "fraction", thickness: 10, xpad: 0, ypad: 0, outlinewidth: 0,
      tickmode: "array", tickvals: ticks.map(({ at }) => at), ticktext: ticks.map(({ text }) => text),
      ticks: "outside", ticklen: 3, tickcolor: theme.muted, tickfont: { family: theme.font, size: 12, color: theme.muted },
      title: { text: words, side: "top", font: { family: theme.font, size: 12, color: theme.muted } },
    },
  };
}

/** The ink, black or white, with more contrast to a colour. By hand: Plotly's dark ink is too pale. */
export function inkOn(place, { low, high }) {
  const at = Math.min(1, Math.max(0, (place - low) / (high - low))) * (STOPS.length - 1);
  const first = Math.min(STOPS.length - 2, Math.floor(at));
  const [from, to] = [STOPS[first], STOPS[first + 1]].map((hex) => channels(hex).map((part) => part / 255));
  const [r, g, b] = from.map((part, channel) => part + (at - first) * (to[channel] - part)).map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  // Contrast with black is (L + 0.05) / 0.05, with white 1.05 / (L + 0.05): equal at 0.179.
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? INKS.dark : INKS.light;
}
