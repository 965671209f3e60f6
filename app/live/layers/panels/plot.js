/** What all plots of the probe pages have in common: options, and lines that lie over them without a redraw. */
import { axisSuffix } from "../../shared/plot_style.js";

/** No button that uploads the chart, no bar that jumps in. */
export const PLOT_OPTIONS = { displayModeBar: false, responsive: false, doubleClick: false, showTips: false, plotlyServerURL: "" };

/**
 * Lines at one x in every panel of a plot, moved without a redraw; null takes them away.
 * @param {import("../../types.js").Plot} plot
 * @param {HTMLElement} stage where the lines lie, over the plot
 * @param {(number | null)[]} xs one place for each panel
 */
export function markX(plot, stage, xs) {
  const layout = plot._fullLayout;
  const lines = [...stage.querySelectorAll(".sp-mark")];
  if (!layout) return;
  xs.forEach((x, index) => {
    const suffix = axisSuffix(index);
    const [xaxis, yaxis] = [layout[`xaxis${suffix}`], layout[`yaxis${suffix}`]];
    let line = lines[index];
    if (!line) {
      line = document.createElement("i");
      line.className = "sp-mark";
      line.setAttribute("aria-hidden", "true");
      stage.append(line);
    }
    const at = x === null || !xaxis ? NaN : xaxis._offset + xaxis.l2p(x);
    line.hidden = !(at >= xaxis?._offset - 1 && at <= xaxis._offset + xaxis._length + 1);
    if (line.hidden) return;
    Object.assign(line.style, { left: `${at}px`, top: `${yaxis._offset}px`, height: `${yaxis._length}px` });
  });
}
