/** The curves of an instant race over those of the races before, which fade behind them. Pure functions. */
/** @import { Figure, Run, Theme, Trace, View } from "../../types.js" */
import { NARROW } from "../chart/axes.js";
import { axisSuffix } from "../../shared/plot_style.js";
import { buildFigure } from "../chart/figure.js";
import { runTraces } from "../chart/curves.js";

/** @type {View} */
const VIEW = { layout: "side", metric: "error", scale: "linear", x: "step", curves: ["running", "clean"] };
/** Races whose curves are drawn; how faint the newest of them is, and by which factor each older one is fainter. */
export const MAX_GHOSTS = 4;
const NEWEST = 0.45, FADE = 0.6, WIDTH = 1.4;

/**
 * Plain nets in the left panel, those with a shortcut in the right one, as on the page of a race; on a narrow page all in
 * one, so that the sliders are near. past: the runs of the races before, the newest first.
 * @type {(runs: Run[], past: Run[][], theme: Theme, size: { width: number, height: number }) => Figure}
 */
export function instantFigure(runs, past, theme, { width, height }) {
  const view = { ...VIEW, layout: width < NARROW ? "overlaid" : "side", height };
  const { data, layout } = buildFigure(runs, view, theme, width);
  return { data: [...ghosts(past, view, theme), ...data], layout: { ...layout, width, dragmode: false } };
}

/**
 * Thin curves of the earlier races in the panel of their kind, the oldest first.
 * @type {(past: Run[][], view: View, theme: Theme) => Trace[]}
 */
function ghosts(past, view, theme) {
  return past.slice(0, MAX_GHOSTS).flatMap((runs, age) => runs.flatMap((run) => {
    const suffix = axisSuffix(view.layout === "side" && !run.card.plain ? 1 : 0);
    return runTraces(run, { ...view, curves: ["running"] }, theme, suffix, { raw: false, join: null }).map((trace) => ({
      ...trace, meta: "ghost", opacity: NEWEST * FADE ** age, line: { ...trace.line, width: WIDTH }, hoverinfo: "skip", hovertemplate: undefined,
    }));
  })).toReversed();
}
