/** The curves of earlier instant races, which fade behind those of the newest. Pure functions. */
/** @import { Run, Theme, Trace, View } from "../../types.js" */
import { runTraces } from "../chart/curves.js";
import { axisSuffix } from "../../shared/plot_style.js";

/** Races whose curves are drawn; how faint the newest of them is, and by which factor each older one is fainter. */
export const MAX_GHOSTS = 4;
const NEWEST = 0.45, FADE = 0.6, WIDTH = 1.4;

/**
 * Thin curves of the earlier races, the newest first, in the panel of their kind.
 * @type {(past: Run[][], view: View, theme: Theme) => Trace[]}
 */
export function ghosts(past, view, theme) {
  return past.slice(0, MAX_GHOSTS).flatMap((runs, age) => runs.flatMap((run) => {
    const suffix = axisSuffix(view.layout === "side" && !run.card.plain ? 1 : 0);
    return runTraces(run, { ...view, curves: ["running"] }, theme, suffix, { raw: false, join: null }).map((trace) => ({
      ...trace, meta: "ghost", opacity: NEWEST * FADE ** age, line: { ...trace.line, width: WIDTH }, hoverinfo: "skip", hovertemplate: undefined,
    }));
  })).toReversed();
}
