/** The common parts of all plots of the probe pages: options, layout, and lines over a plot without a redraw. */
import { element } from "../../shared/dom.js";
import { PLOT_CONFIG } from "../../shared/plot_style.js";

export const FONT_PX = 13;
/** No button that uploads the chart, no bar that jumps in. */
export const PLOT_OPTIONS = { displayModeBar: false, responsive: false, doubleClick: false, showTips: false, ...PLOT_CONFIG };

/** The layout of a plot; `right` is a margin in pixels, `more` holds width, height and the plot's own parts. */
export function layoutOf(theme, { right = 10, ...more }) {
  return {
    margin: { t: 6, r: right, b: 40, l: 52 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: FONT_PX, color: theme.text }, showlegend: false, hovermode: "closest",
    hoverlabel: { font: { family: theme.font, size: 13 } }, dragmode: false, ...more,
  };
}

/** An axis as all of them look. Its range is a copy: Plotly writes a zoom into the list that it is given. */
export function axisOf(theme, text, { range, ...more }) {
  const title = { text, standoff: 4, font: { size: FONT_PX, color: theme.muted } };
  return { gridcolor: theme.grid, linecolor: theme.muted, zeroline: false, tickfont: { color: theme.muted }, title, ...more, ...(range ? { range: [...range] } : {}) };
}

/** A word at a place of a scale in percent; `edge` is the end of the scale that the word would cross. */
export function tickWord(text, percent, edge) {
  const word = element("span", "", text);
  word.style.left = `${percent}%`;
  if (edge) word.dataset.edge = edge;
  return word;
}

/** Move the line at one x over the first panel of a plot, with a word at its upper end; null hides the line. */
export function markX(plot, x, word) {
  const { xaxis, yaxis } = plot._fullLayout;
  const line = plot.parentElement.querySelector(".sp-mark") ?? plot.parentElement.appendChild(element("i", "sp-mark"));
  line.setAttribute("aria-hidden", "true");
  const at = x === null ? NaN : xaxis._offset + xaxis.l2p(x);
  line.hidden = !(at >= xaxis._offset - 1 && at <= xaxis._offset + xaxis._length + 1);
  line.dataset.word = word;
  line.dataset.side = at > xaxis._offset + xaxis._length / 2 ? "left" : "right";
  if (!line.hidden) Object.assign(line.style, { left: `${at}px`, top: `${yaxis._offset}px`, height: `${yaxis._length}px` });
}
