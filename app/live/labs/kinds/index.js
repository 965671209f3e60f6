/** The kinds of panels: which function draws each, and what stands around the picture to steer it. */
import { cellOf, stepped } from "./cells.js";
import { buildBands } from "./bands.js";
import { buildBars } from "./bars.js";
import { buildCurves } from "./curves.js";
import { buildHeat } from "./heat.js";
import { buildPlane } from "./plane.js";
import { PlaneControls } from "./plane_controls.js";

/**
 * Each makes of a panel { data, layout } for Plotly, with { side, legend } as buildCurves and, where a kind has a height of
 * its own, { height }; a heat map also tells the `places` of its columns and rows.
 */
export const BUILDERS = { curves: buildCurves, bars: buildBars, bands: buildBands, heat: buildHeat, plane: buildPlane };

/** Whether a panel shows areas rather than lines. */
export function filled({ kind }) {
  return kind === "bars" || kind === "bands";
}

/**
 * What steers the picture of one panel: { nodes } to stand above it, and, where needed, words(shown, curves) at every drawing,
 * look, which goes to the builder, wait(), whether to draw later, listen(Plotly) after the first drawing, drawn(promise,
 * began) after each, and resetView(Plotly) where the whole is asked for.
 */
export function controlsOf(one, panels) {
  if (one.panel.kind === "heat") return heatControls(one, panels);
  return one.panel.kind === "plane" ? new PlaneControls(one, () => panels.zooms.changed(one.panel.name)) : { nodes: [] };
}

/** A click on a cell picks it; so do the arrow keys while the picture has the focus. */
function heatControls(one, panels) {
  const { panel, plot } = one;
  if (!panel.opens) return { nodes: [] };
  plot.tabIndex = 0;
  plot.setAttribute("role", "application");
  plot.setAttribute("aria-roledescription", "heat map; the arrow keys pick a cell");
  const pick = (found) => found && panels.choose({ cell: found.text });
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
