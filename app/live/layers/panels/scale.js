/** One quantity as values, places on an axis and pixels, from the codes of layers/messages.py. Ranges only grow. */
import { multiples, roundStep } from "../../shared/axis_labels.js";
import { VIRIDIS, channels } from "../../shared/plot_style.js";

export const NOTHING = 0;
export const INFINITE = 65535;
const TOP = 65534;
const WIDER = 1e4;
/** From a middle near the background: after ColorBrewer's RdBu and Crameri's berlin. */
const DIVERGING = {
  light: ["#053061", "#2166ac", "#4393c3", "#92c5de", "#f3f3f3", "#f4a582", "#d6604d", "#b2182b", "#67001f"],
  dark: ["#9eb0ff", "#5aa3da", "#2d75a0", "#1a4155", "#14191e", "#4a2112", "#8a4a33", "#c57d6a", "#ffacac"],
};
/** Of infinite values; in none of the scales. */
export const INFINITE_COLOR = "#e0119d";
const STEPS = 256;

export class Scale {
  /** row: a row of the registry { name, label, unit, per, noun: of a place, scale, low, high, neutral, ... } */
  constructor(row) {
    this.row = row;
    this.log = row.scale === "log";
    this.diverging = !this.log && row.neutral !== null && row.neutral - row.low > 0.25 * (row.high - row.low) && row.high - row.neutral > 0.25 * (row.high - row.low);
    this.low = this.log ? row.low / WIDER : row.low;
    this.span = this.log ? Math.log((row.high / row.low) * WIDER * WIDER) : row.high - row.low;
    this.place = row.noun;
    this.range = null;
    this.counts = new Uint32Array(1 << 12);
    this.counted = 0;
  }

  value(code) {
    if (code === NOTHING) return NaN;
    if (code === INFINITE) return Infinity;
    const place = (code - 1) / (TOP - 1);
    return this.log ? this.low * Math.exp(place * this.span) : this.low + place * this.span;
  }

  /** A value in the axis's unit: log10 on a logarithmic scale. */
  onAxis(value) {
    return this.log ? Math.log10(value) : value;
  }

  /** Count the codes of one more column; values beyond a logarithmic code lie at the edge. */
  learn(codes) {
    for (const code of codes) {
      if (code === NOTHING || code === INFINITE || (this.log && (code === 1 || code === TOP))) continue;
      this.counts[code >> 4] += 1;
      this.counted += 1;
    }
    this.fresh = true;
  }

  /** Ranges in the axis's unit, on round numbers: `all` with a margin, `most` without 0.5 % at both ends. */
  ranges() {
    if (this.fresh || !this.range) {
      this.fresh = false;
      this.range = { all: this.#round(this.#between(0), 0.06), most: this.#round(this.#between(0.005), 0) };
    }
    return this.range;
  }

  #between(share) {
    const { low, high } = this.row;
    if (!this.counted) return [this.onAxis(low), this.onAxis(high)];
    const rest = share * this.counted;
    let first = 0;
    for (let sum = this.counts[0]; sum <= rest; sum += this.counts[first]) first += 1;
    let last = this.counts.length - 1;
    for (let sum = this.counts[last]; sum <= rest; sum += this.counts[last]) last -= 1;
    return [this.onAxis(this.value((first << 4) + 1)), this.onAxis(this.value(Math.min(TOP, (last << 4) + 16)))];
  }

  /** Round outwards to a coarse grid, for few changes. */
  #round([low, high], margin) {
    const room = margin * (high - low);
    const size = this.log ? (high - low > 1.5 ? 0.25 : 0.1) : (this.row.high - this.row.low) / (high - low < 0.2 * (this.row.high - this.row.low) ? 40 : 20);
    let from = size * Math.floor((low - room) / size + 1e-6);
    let to = size * Math.ceil((high + room) / size - 1e-6);
    if (to - from < size) [from, to] = [from - size, to + size];
    if (this.diverging && !margin) {
      const reach = Math.max(Math.abs(from - this.row.neutral), Math.abs(to - this.row.neutral));
      [from, to] = [this.row.neutral - reach, this.row.neutral + reach];
    }
    return [from, to];
  }

  /** 65,536 pixels (little-endian RGBA), one per code, for the range `most`; NOTHING is transparent. */
  pixels(scheme) {
    const [low, high] = this.ranges().most;
    const key = `${scheme} ${low} ${high}`;
    if (key === this.pixelsKey) return this.table;
    const ramp = this.ramp(scheme).map((color) => pixel(color));
    const table = new Uint32Array(INFINITE + 1);
    for (let code = 1; code <= TOP; code += 1) {
      const place = (this.onAxis(this.value(code)) - low) / (high - low);
      table[code] = ramp[Math.round(this.#toned(Math.min(1, Math.max(0, place))) * (STEPS - 1))];
    }
    table[INFINITE] = pixel(channels(INFINITE_COLOR));
    this.pixelsKey = key;
    this.table = table;
    return table;
  }

  /** The place of the neutral value in a logarithmic range, 0 to 1, or null. Each side has all shades of blue or red. */
  #middle() {
    if (!this.log || this.row.neutral === null) return null;
    const [low, high] = this.ranges().most;
    const place = (this.onAxis(this.row.neutral) - low) / (high - low);
    return place > 0.02 && place < 0.98 ? place : null;
  }

  /** A place in the range as a place on the ramp. */
  #toned(place) {
    const middle = this.#middle();
    if (middle === null) return place;
    return place < middle ? (0.5 * place) / middle : 0.5 + (0.5 * (place - middle)) / (1 - middle);
  }

  /** The colours from low to high as [r, g, b]. */
  ramp(scheme) {
    const stops = (this.diverging || this.#middle() !== null ? DIVERGING[scheme] : VIRIDIS).map(channels);
    return Array.from({ length: STEPS }, (_, step) => {
      const place = (step / (STEPS - 1)) * (stops.length - 1);
      const at = Math.min(stops.length - 2, Math.floor(place));
      return stops[at].map((part, channel) => Math.round(part + (place - at) * (stops[at + 1][channel] - part)));
    });
  }

  /** The ramp from left to right as equidistant colours. */
  stops(scheme) {
    const ramp = this.ramp(scheme);
    return Array.from({ length: 41 }, (_, index) => `rgb(${ramp[Math.round(this.#toned(index / 40) * (STEPS - 1))]})`);
  }

  /** Round values for ticks within a range of the axis's unit, at most `most`. */
  ticks([low, high], most) {
    if (this.log) return logTicks(low, high, most);
    return multiples(low, high, roundStep((high - low) / most));
  }
}

/**
 * Round values from `low` to `high` (logarithms), at most about `most`. By hand: Plotly labels ticks between decades with
 * small digits, and the colour bar has no Plotly.
 */
export function logTicks(low, high, most) {
  const powers = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, index) => 10 ** (Math.floor(low) + index));
  const within = (value) => Math.log10(value) >= low - 1e-6 && Math.log10(value) <= high + 1e-6;
  const found = (parts) => powers.flatMap((power) => parts.map((part) => part * power)).filter(within).map((value) => Number(value.toPrecision(2)));
  const choices = [[1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8], [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]].map(found);
  const fits = choices.find((list) => list.length <= most);
  if (fits) return fits;
  const decades = choices.at(-1);
  const stride = Math.ceil(decades.length / most);
  return decades.filter((_, index) => index % stride === 0);
}

function pixel([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
