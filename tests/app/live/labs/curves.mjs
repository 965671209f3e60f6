/** Curves and panels of a lab as the page holds them. */
import { Curves } from "../../../../app/live/labs/curves.js";

export const THEME = { scheme: "light", text: "#111111", muted: "#777777", grid: "#dddddd", page: "#fefefe", font: "Arial" };
const style = (color) => ({ color: { light: color, dark: color }, textColor: { light: color, dark: color }, dash: "solid" });
export const STYLES = { plain: style("#aa0000"), residual: style("#00aa00"), other: style("#0000aa") };

/** A curve as it travels. */
export function trace(of, kind, x, y, more = {}) {
  return { panel: of, kind, x, y, ...more };
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
