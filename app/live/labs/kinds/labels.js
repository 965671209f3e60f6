/** Names of a panel's curves: beside the curves' ends, many of them as a legend above the panel. */
import { ends } from "../curves.js";
import { pushedApart } from "../../shared/axis_labels.js";
import { element, svgElement } from "../../shared/dom.js";
import { spoken, wrapped } from "../../shared/format.js";
import { placed } from "./colors.js";
import { markName } from "./marks.js";

export const NARROW = 480;
export const FONT_PX = 14;
const LINE_PX = FONT_PX + 4;
/** Mean width of a letter as a share of its height. */
const LETTER = 0.53;
/** Beyond this distance from its line a label has a leader. */
const LEADER_PX = 6;
/** A name further from its curve's end is hard to follow. */
const MAX_SHIFT_PX = 40;
/** Names beside the curves on a phone at most. */
const MAX_NARROW = 4;
/** Plotly's dashes for SVG. */
const DASHES = { dash: "9 6", dot: "3 4", dashdot: "9 4 3 4", longdash: "15 6", longdashdot: "15 4 3 4" };

/** Pixels of the names beside the plot. */
export function labelRoom(width) {
  return width < NARROW ? 92 : 130;
}

/** Whether names go into a legend, because they do not fit beside the plot. */
export function crowded(names, width, plotPx) {
  const rows = names.map((name) => lines(name, width).length).reduce((a, b) => a + b, 0);
  return rows * LINE_PX > plotPx || (width < NARROW && names.length > MAX_NARROW);
}

function lines(words, width) {
  const most = Math.floor((labelRoom(width) - 8) / (FONT_PX * LETTER));
  return words.split("\n").flatMap((line) => wrapped(line, most));
}

/**
 * Labels as Plotly's annotations. named and edges: [{ curve, name, level }], edges only with room; level: where the name
 * stands if that is not the curve's end; range: of the y axis in its unit.
 */
export function endLabels(named, edges, { side, range: [low, high], scale, bold, styles, theme, plotPx, width }) {
  const [left, way] = side === "left" ? [true, -1] : [false, 1];
  const pad = 0.06 * (high - low || 1); // Plotly's own margin around the points, about
  const perUnit = plotPx / (high - low + 2 * pad);
  const label = ({ curve, name, level }, quiet) => {
    const y = placed(level ?? ends(curve)?.[left ? 0 : 1][1], scale);
    if (y === null) return null;
    const rows = [...lines(name, width), ...(!left && curve.y.at(-1) === null ? ["then not finite"] : [])];
    return { curve, text: rows.join("<br>"), px: rows.length * LINE_PX, y, natural: (y - low + pad) * perUnit, quiet };
  };
  const wanted = named.map((one) => label(one, false)).filter(Boolean);
  for (const edge of edges.map((one) => label(one, true)).filter(Boolean)) {
    if (wanted.every((other) => Math.abs(other.natural - edge.natural) > (other.px + edge.px) / 2 + LINE_PX)) wanted.push(edge);
  }
  return pushedApart(wanted, { bottom: -Infinity, top: plotPx + LINE_PX / 2 }).map((one) => {
    const shift = one.at - one.natural;
    const style = styles[one.curve.kind];
    const far = Math.abs(shift) > LEADER_PX;
    return {
      text: one.curve === bold ? `<b>${one.text}</b>` : one.text, xref: "paper", x: left ? 0 : 1, y: one.y, yref: "y",
      xanchor: left ? "right" : "left", align: left ? "right" : "left", yanchor: "middle",
      font: { size: one.quiet ? FONT_PX - 1 : FONT_PX, color: one.quiet ? theme.muted : style.textColor[theme.scheme] },
      ...(far
        ? { showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: style.color[theme.scheme], ax: 8 * way, ay: -shift, standoff: 1 }
        : { showarrow: false, xshift: 6 * way, yshift: shift }),
    };
  });
}

/** Whether names stand so far from their curves' ends that leaders cross: a legend is clearer. */
export function strained(annotations) {
  return annotations.some(({ ay = 0, yshift = 0 }) => Math.max(Math.abs(ay), Math.abs(yshift)) > MAX_SHIFT_PX);
}

/** A legend's entries: one for each kind, and one for each mark, which tells the value of a setting. */
export function legendOf(curves, styles, marks = []) {
  const kinds = [...Map.groupBy(curves, ({ kind }) => kind)].map(([kind, of]) => {
    const values = marks.length ? [] : [...new Set(of.map(({ value }) => value))].filter((value) => value !== null).toSorted((a, b) => a - b);
    return { name: values.length > 1 ? `${kind}, ${of[0].setting} ${values.map((value) => spoken(value)).join(", ")}` : kind, style: styles[kind] };
  });
  return [...kinds, ...marks.map((mark) => ({ name: markName(mark), letter: mark.letter }))];
}

/** The name of a curve in two lines: the kind, its setting with its mark where it has one. */
export function edgeName({ kind, setting, value }, mark) {
  return `${kind},\n${setting} ${spoken(value)}${mark ? ` ${mark.letter}` : ""}`;
}

/** Draw a legend of entries [{ name, style }], or { name, letter } of a mark; `fill` for areas and bars. */
export function drawLegend(node, entries, fill, theme) {
  const key = JSON.stringify([entries, fill, theme.scheme]);
  node.hidden = !entries.length;
  if (node.dataset.key === key) return;
  node.dataset.key = key;
  node.replaceChildren(...entries.map(({ name, style, letter }) => {
    const item = element("span", "sl-key");
    if (letter) item.append(element("span", "sl-mark", letter), name);
    else item.append(sample(style.color[theme.scheme], fill ? null : style.dash), name.replace("\n", " "));
    return item;
  }));
}

/** A swatch of a colour, or with a dash a line of it. */
function sample(color, dash) {
  const svg = svgElement("svg", { ...(dash ? { width: 34, height: 10 } : { width: 14, height: 14 }), "aria-hidden": "true" });
  svg.append(dash
    ? svgElement("line", { x1: 0, y1: 5, x2: 34, y2: 5, stroke: color, "stroke-width": 3, ...(dash in DASHES ? { "stroke-dasharray": DASHES[dash] } : {}) })
    : svgElement("rect", { width: 14, height: 14, rx: 2, fill: color }));
  return svg;
}
