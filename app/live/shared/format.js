/** Numbers, durations, lines of text and tables as every feature writes them. Pure functions. */

/**
 * Formatters by their options: to make one takes a hundred times as long as to write a number with it, and charts write
 * one at every point.
 * @type {Map<string, Intl.NumberFormat>}
 */
const formatters = new Map();

/** @type {(key: string, options?: Intl.NumberFormatOptions) => Intl.NumberFormat} */
function formatter(key, options) {
  const known = formatters.get(key) ?? new Intl.NumberFormat("en-US", options);
  formatters.set(key, known);
  return known;
}

/**
 * A whole number with its thousands apart: `1,200`.
 * @param {number} number
 */
export function grouped(number) {
  return formatter("grouped").format(number);
}

/**
 * How many of all are shown: `3 of 1,200 points shown`, `all 1,200 points shown`; `others` says why not all are.
 * @param {number} shown
 * @param {number} total
 * @param {string} things
 * @param {string} [others]
 */
export function shownOf(shown, total, things, others = "") {
  return shown < total ? `${grouped(shown)} of ${grouped(total)} ${things} shown${others}` : `all ${grouped(total)} ${things} shown`;
}

/**
 * `1 seed`, `2 seeds`.
 * @type {(number: number | string, noun: string) => string}
 */
export function plural(number, noun) {
  return `${number} ${noun}${String(number) === "1" ? "" : "s"}`;
}

/** @type {<T>(list: T[], count: (item: T) => number) => number} */
export function sum(list, count) {
  return list.reduce((total, item) => total + count(item), 0);
}

/**
 * A number of seconds as `12 s`, `3 min 20 s` or `2 h 5 min`.
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * A number for people: 3 digits, grouped up to a million, powers of ten beyond it and below 0.001. The rule of in_words in
 * engine/analysis/numbers.py: sentences come from the server, ticks and hovers are written here. A test compares both.
 * `least`: so many digits at least, zeros too, where numbers stand in a column or change.
 * @type {(value: number | null | undefined, digits?: number, least?: number) => string}
 */
export function spoken(value, digits = 3, least = 1) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) {
    const [mantissa, exponent] = exponential(value, 1).replace(/^-/, "−").split("e");
    const raised = String(Number(exponent)).replace(/./g, (sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)]));
    return `${mantissa === "1.0" ? "" : `${mantissa}×`}10${raised}`;
  }
  // Intl rounds the decimal digits of a number, Python the number itself.
  const useGrouping = size >= 1e3;
  const options = { minimumSignificantDigits: least, maximumSignificantDigits: digits, useGrouping, signDisplay: /** @type {const} */ ("negative") };
  return formatter(`${least} ${digits} ${useGrouping}`, options).format(Number(exponential(value, digits - 1))).replace("-", "−");
}

/** So many more digits tell the very middle between two decimals from every number beside it. */
const MORE = 30;
const MIDDLE = `5${"0".repeat(MORE - 1)}`;

/**
 * A number with so many digits behind the point, rounded as the server rounds it: the number itself, not its shortest
 * decimals, and from the very middle to the even digit. A headline and a chart then say the same. Nothing is
 * written as minus zero.
 * @type {(value: number, digits: number) => string}
 */
export function fixed(value, digits) {
  const text = evenBelow(value.toFixed(digits + MORE)) ?? value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** The same with a power of ten. @type {(value: number, digits: number) => string} */
function exponential(value, digits) {
  // Only a number of just one digit more, a 5, can be such a middle.
  if (!value.toExponential().includes("5e", digits + 2)) return value.toExponential(digits);
  const [mantissa, exponent] = value.toExponential(digits + MORE).split("e");
  const even = evenBelow(mantissa);
  return even === null ? value.toExponential(digits) : `${even}e${exponent}`;
}

/**
 * Digits without the last `MORE` where these are the very middle and the digit before them is even.
 * @type {(digits: string) => string | null}
 */
function evenBelow(digits) {
  const kept = digits.slice(0, -MORE);
  return digits.endsWith(MIDDLE) && /[02468]\.?$/.test(kept) ? kept.replace(/\.$/, "") : null;
}

/**
 * Text in lines of at most so many letters; a longer word has a line of its own.
 * @type {(text: string, maxLetters: number) => string[]}
 */
export function wrapped(text, maxLetters) {
  return text.split(" ").reduce((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`;
    return lines.length && longer.length <= maxLetters ? [...lines.slice(0, -1), longer] : [...lines, word];
  }, /** @type {string[]} */ ([]));
}

/** Width of a letter on the average as a share of its height. */
const LETTER = 0.5;

/**
 * Text in lines that fit a width in pixels.
 * @type {(text: string, widthPx: number, fontPx: number) => string[]}
 */
export function fitted(text, widthPx, fontPx) {
  return wrapped(text, Math.max(10, Math.floor(widthPx / (fontPx * LETTER))));
}

/**
 * Text without the tags that Plotly and SVG read, and without the places of a template of Plotly's: `a<b` becomes `a&lt;b`, and
 * `%{x}` stays what it is.
 * @param {string} text
 */
export function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("%{", "&#37;{");
}

/**
 * What an error says.
 * @param {unknown} error
 */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Rows of values as a table of text (RFC 4180): lines end with CR LF, fields with a comma, a quote or a line break stand in quotes.
 * @type {(columns: string[], rows: unknown[][]) => string}
 */
export function csv(columns, rows) {
  return [columns, ...rows].map((row) => `${row.map(field).join(",")}\r\n`).join("");
}

/**
 * Whether a spreadsheet could compute a cell with this text; wide and small forms of the signs count too.
 * @param {string} text
 */
function isFormula(text) {
  return /^[=+\-@\t\r]/.test(text.slice(0, 1).normalize("NFKC")) && !Number.isFinite(Number(text || NaN));
}

/** @param {unknown} value */
function field(value) {
  if (value === null || value === undefined || (typeof value === "number" && !Number.isFinite(value))) return "";
  const text = typeof value === "string" && isFormula(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * The training images of the clean error in words: of the live subset, and of the larger one at the end of a run.
 * @type {(images: number, closing?: number) => string}
 */
export function cleanImages(images, closing = images) {
  return `${grouped(images)} images${closing === images ? "" : `, ${grouped(closing)} at the end`}`;
}
