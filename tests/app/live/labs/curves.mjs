/** Curves and panels of a lab as the page holds them. */
import { Curves } from "../../../../app/live/labs/curves.js";

export const THEME = { scheme: "light", text: "#111111", muted: "#777777", grid: "#dddddd", page: "#fefefe", font: "Arial" };
const style = (color) => ({ color: { light: color, dark: color }, textColor: { light: color, dark: color }, dash: "solid" });
export const STYLES = { plain: style("#aa0000"), residual: style("#00aa00"), other: style("#0000aa") };

/** The name of a curve, `cell: kind, setting value; part`, as engine/labs/curve.py writes it. */
export function named(kind, { setting = "", value = null, cell = "", part = "" } = {}) {
  return `${cell && `${cell}: `}${kind}${value === null ? "" : `, ${setting} ${value}`}${part && `; ${part}`}`;
}

/** A curve as it travels. */
export function trace(of, kind, x, y, more = {}) {
  const { value = null, cell = "", part = "" } = more;
  return { panel: of, name: named(kind, more), kind, value, cell, part, x, y };
}

export function curvesOf(...traces) {
  const curves = new Curves();
  curves.add(traces);
  return curves;
}

export function panel(name, kind, more = {}) {
  return { name, kind, title: `the ${name}`, x: "step", y: "loss", x_scale: "linear", y_scale: "linear", neutral: null, columns: [], path: "", opens: false, ...more };
}

export const NO_PICK = { kind: null, value: null, cell: null };
