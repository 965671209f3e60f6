/**
 * The curves { panel, kind, setting, value, cell, part, row, name, x, y } of one lab job (CurveName in engine/events.py).
 * `value` is null for a setting on the axis; `row` is a name without cell and part, `name` with them.
 */
import { spoken } from "../shared/format.js";

const SAME = 1e-6;
const SEED = /^seed \d+$/;
const BUNDLE = /^\d+ targets$/;
let revision = 0;

export class Curves {
  byName = new Map();
  revisions = new Map();

  /** Add curves, in place of those with the same panel and name. */
  add(traces) {
    for (const trace of traces) {
      const curve = named(trace);
      this.byName.set(`${curve.panel}\n${curve.name}`, curve);
      this.revisions.set(curve.panel, ++revision);
    }
  }

  /** A number that every change of a panel's curves increases. */
  revision(panel) {
    return this.revisions.get(panel) ?? 0;
  }

  get size() {
    return this.byName.size;
  }

  all() {
    return [...this.byName.values()];
  }

  of(panel) {
    return this.all().filter((curve) => curve.panel === panel);
  }

  /** The drawn curves of a panel: of curves with cells those of the picked cell { column, row }. */
  shown(panel, cell) {
    const all = this.of(panel);
    return all.some((curve) => curve.cell) ? all.filter((curve) => curve.cell === cell?.column && curve.row === cell.row) : all;
  }

  kinds() {
    return [...new Set(this.all().map((curve) => curve.kind))];
  }

  /** The measured values, ascending; a kind and a setting narrow them. */
  values(kind, setting) {
    const curves = this.all().filter((curve) => (kind === undefined || curve.kind === kind) && (setting === undefined || curve.setting === setting));
    return [...new Set(curves.map((curve) => curve.value).filter((value) => value !== null))].toSorted((a, b) => a - b);
  }

  /** The curve of a panel with the nearest value to a pick { kind, value, cell }, or undefined. */
  picked(panel, { kind, value, cell }) {
    return nearest(this.shown(panel, cell).filter((curve) => curve.kind === kind && !curve.part), value);
  }
}

function nearest(measured, value) {
  const distance = (curve) => (curve.value === null || value === null ? 0 : Math.abs(Math.log(curve.value / value)));
  return measured.toSorted((a, b) => distance(a) - distance(b))[0];
}

/**
 * The sentences of findings [{ name, text, kind, setting, value }] for a pick { kind, value }: those without a setting, and of
 * each name the one about the picked kind at the nearest value of the switches' setting.
 */
export function sentencesOf(findings, { kind, value }, setting) {
  const picked = findings.filter((one) => one.setting && one.setting === setting && one.kind === kind);
  const names = [...new Set(picked.map(({ name }) => name))];
  return [...findings.filter((one) => !one.setting), ...names.map((name) => nearest(picked.filter((one) => one.name === name), value))].map(({ text }) => text);
}

function named({ setting = "", value = null, cell = "", part = "", ...curve }) {
  const row = value === null ? curve.kind : `${curve.kind}, ${setting} ${value}`;
  const name = `${cell ? `${cell}: ` : ""}${row}${part ? `; ${part}` : ""}`;
  return { ...curve, setting, value, cell, part, row, name };
}

export function isSeed({ part }) {
  return SEED.test(part);
}

/** Whether a curve is many thin lines, each with a gap behind it. */
export function isBundle({ part }) {
  return BUNDLE.test(part);
}

/** A value of a setting in words: `6 blocks`, `gain 0.8`. */
export function valued(setting, value) {
  if (!setting.endsWith("s")) return `${setting} ${spoken(value)}`;
  return `${spoken(value)} ${value === 1 ? setting.slice(0, -1) : setting}`;
}

export function same(a, b) {
  return a === b || (a !== null && b !== null && Math.abs(a - b) <= SAME * Math.max(Math.abs(a), Math.abs(b)));
}

export function yWords({ y, y_scale }) {
  return y_scale === "log" ? `${y}, log scale` : y;
}

/** [smallest, largest] of some numbers, null without any. */
export function extent(numbers) {
  return numbers.length ? [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))] : null;
}

/** First and last finite point of a curve as [x, y], or undefined. */
export function ends(curve) {
  const good = curve.x.map((x, index) => [x, curve.y[index]]).filter(([, y]) => y !== null && y !== undefined);
  return good.length ? [good[0], good.at(-1)] : undefined;
}
