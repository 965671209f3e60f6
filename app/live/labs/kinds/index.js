/** The kinds of panels: the function that draws each, and the controls around the picture. */
import { cellOf, stepped } from "./cells.js";
import { buildBands } from "./bands.js";
import { buildBars } from "./bars.js";
import { buildCurves } from "./curves.js";
import { buildHeat } from "./heat.js";
import { buildPlane } from "./plane.js";
import { PlaneControls } from "./plane_controls.js";

/** Each returns { data, layout } for Plotly with { side, legend } as buildCurves, some also { height } and { places }. */
export const BUILDERS = { curves: buildCurves, bars: buildBars, bands: buildBands, heat: buildHeat, plane: buildPlane };

export function filled({ kind }) {
  return kind === "bars" || kind === "bands";
}

/**
 * The controls of one panel: { nodes } above the picture, and optionally words(shown, curves) at every draw, look for the
 * builder, wait(): whether to draw later, listen(Plotly) after the first draw, drawn(promise, began) after each, resetView(Plotly).
 */
export function controlsOf(one, panels) {
  if (one.panel.kind === "heat") return heatControls(one, panels);
  return one.panel.kind === "plane" ? new PlaneControls(one, () => panels.zooms.changed(one.panel.name)) : { nodes: [] };
}

/** A click or the arrow keys pick a cell. */
function heatControls(one, panels) {
  const { panel, plot } = one;
  if (!panel.opens) return { nodes: [] };
  plot.tabIndex = 0;
  plot.setAttribute("role", "application");
  plot.setAttribute("aria-roledescription", "heat map; the arrow keys pick a cell");
  const pick = (cell) => cell && panels.choose({ cell: cell.text });
  plot.addEventListener("keydown", (event) => {
    const { curves, pick: { cell } } = panels.shown();
    const next = stepped(panel, curves, cell, event.key);
    if (!next) return;
    event.preventDefault();
    pick(next);
  });
  const click = ({ points: [point] }) => {
    const { columns, rows } = one.places;
    const row = rows.find(({ at }) => Math.abs(at - point.y) < 0.5)?.curve;
    if (row?.x.includes(panel.columns.indexOf(columns[point.x]))) pick(cellOf(columns[point.x], row));
  };
  return { nodes: [], listen: () => plot.on("plotly_click", click) };
}
