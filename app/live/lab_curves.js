/**
 * The curves of one lab job as the browser holds them, and which of them are picked. A curve is
 * { panel, name, kind, value, x, y }; `value` is null where the setting is on the axis.
 */
const SAME = 1e-6;

export class Curves {
  constructor() {
    this.byName = new Map();
  }

  /** Add curves; one of the same panel and name is replaced. */
  add(traces) {
    for (const trace of traces) this.byName.set(`${trace.panel}\n${trace.name}`, trace);
  }

  get size() {
    return this.byName.size;
  }

  of(panel) {
    return [...this.byName.values()].filter((curve) => curve.panel === panel);
  }

  /** Kinds in the order in which they came. */
  kinds() {
    return [...new Set([...this.byName.values()].map((curve) => curve.kind))];
  }

  /** Values of the setting for which there is a curve, of one kind or of any, ascending. */
  values(kind) {
    const found = [...this.byName.values()].filter((curve) => kind === undefined || curve.kind === kind).map((curve) => curve.value).filter((value) => value !== null);
    return [...new Set(found)].sort((a, b) => a - b);
  }

  /** The curve of a panel for a pick { kind, value }: with this value, else the nearest one measured; or undefined. */
  picked(panel, { kind, value }) {
    const distance = (curve) => (curve.value === null || value === null ? 0 : Math.abs(Math.log(curve.value / value)));
    return this.of(panel).filter((curve) => curve.kind === kind).sort((a, b) => distance(a) - distance(b))[0];
  }
}

export function same(a, b) {
  return a === b || (a !== null && b !== null && Math.abs(a - b) <= SAME * Math.max(Math.abs(a), Math.abs(b)));
}

/** First and last finite point of a curve as [x, y], or undefined. */
export function ends(curve) {
  const good = curve.x.map((x, index) => [x, curve.y[index]]).filter(([, y]) => y !== null && y !== undefined);
  return good.length ? [good[0], good.at(-1)] : undefined;
}

/** A number for people: 3 digits, grouped up to a million, powers of ten beyond it and below 0.001. */
export function spoken(value, digits = 3) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "not finite";
  const size = Math.abs(value);
  if (size >= 1e3 && size < 1e6) return Number(value.toPrecision(digits)).toLocaleString("en-US");
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) {
    const [mantissa, exponent] = value.toExponential(1).split("e");
    return `${mantissa === "1.0" ? "" : `${mantissa.replace("-", "−")}×`}10${raised(exponent)}`;
  }
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}

function raised(exponent) {
  return [...String(Number(exponent))].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign])).join("");
}
