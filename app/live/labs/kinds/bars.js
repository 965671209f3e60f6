/** A panel of bars as a Plotly figure: at every x one bar for each kind, evenly spaced, with its seeds as points. */
import { axis, base, drawable, span } from "./curves.js";
import { isSeed } from "../curves.js";
import { spoken } from "../../shared/format.js";

const MARGIN = { l: 50, r: 12, t: 14, b: 46 };
/** Share of a place under its bars. */
const TAKEN = 0.82;
/** Mean width of a letter. */
const LETTER_PX = 7.4;
/** Narrower bars have no number. */
const NUMBER_PX = 36;

/** As buildCurves; the kinds stand in a legend. */
export function buildBars(panel, curves, pick, { styles, width, height }, theme) {
  const all = curves.shown(panel.name, pick.cell);
  const places = panel.columns.length ? panel.columns.map((_, index) => index) : [...new Set(all.flatMap(({ x }) => x))].toSorted((a, b) => a - b);
  const texts = panel.columns.length ? panel.columns : places.map((x) => spoken(x));
  const rows = [...Map.groupBy(all, ({ row }) => row).values()];
  const share = TAKEN / rows.length;
  const middle = (x, index) => places.indexOf(x) + share * (index + 0.5) - TAKEN / 2;
  const placePx = (width - MARGIN.l - MARGIN.r) / places.length;
  const log = panel.y_scale === "log";
  const good = (y) => drawable(y, panel.y_scale);
  const spans = span(all, "y", panel.y_scale);
  const layout = {
    ...base(theme, width, height, MARGIN),
    bargap: 0, barmode: "overlay",
    xaxis: { ...axis(panel.x, "linear", null, theme), range: [-0.5, places.length - 0.5], showgrid: false, ...ticks(texts, placePx), tickfont: { color: theme.text, size: 13 } },
    yaxis: { ...axis("", panel.y_scale, spans, theme), ...(log && spans ? { range: [Math.floor(spans[0] - 0.05), spans[1] + 0.06 * (spans[1] - Math.floor(spans[0] - 0.05)) + 0.05] } : {}) },
    shapes: panel.neutral === null ? [] : [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: panel.neutral, y1: panel.neutral, line: { color: theme.muted, width: 1.5, dash: "dot" } }],
  };
  const data = rows.flatMap((row, index) => {
    const color = styles[row[0].kind].color[theme.scheme];
    const hover = (curve) => curve.x.map((x, at) => `${curve.name}<br>${texts[places.indexOf(x)]}<br><b>${spoken(curve.y[at])}</b>`);
    return row.map((curve) => (isSeed(curve)
      ? { type: "scatter", mode: "markers", x: curve.x.map((x) => middle(x, index)), y: curve.y.map(good), name: curve.name, meta: "seed", text: hover(curve), hoverinfo: "text", marker: { size: 6, color, line: { color: theme.page, width: 1 } } }
      : {
        type: "bar", x: curve.x.map((x) => middle(x, index)), y: curve.y.map(good), width: 0.94 * share, name: curve.name, meta: "bar", hovertext: hover(curve), hoverinfo: "text",
        // Faint under the points of seeds.
        marker: { color, opacity: row.length > 1 ? 0.55 : 0.9, line: { color, width: 1 } },
        ...(share * placePx > NUMBER_PX && row.length === 1 ? { text: curve.y.map((y) => (good(y) === null ? "" : spoken(y, 2))), textposition: "outside", cliponaxis: false, textfont: { color: theme.text, size: 12 } } : {}),
      })).toSorted((a, b) => (a.type === "bar" ? 0 : 1) - (b.type === "bar" ? 0 : 1));
  });
  layout.annotations = lost(rows, good, middle, theme);
  return { data, layout, side: "right", legend: rows.map((row) => ({ name: row[0].row + partly(row, panel, places), style: styles[row[0].kind] })) };
}

/** Of a row with gaps: at how many places it was measured. Few bars are no missing data; how many its net has is not known here. */
function partly(row, { columns }, places) {
  const own = new Set(row.flatMap(({ x }) => x)), within = places.filter((x) => x <= Math.max(...own)).length;
  return columns.length || own.size === within ? "" : `, measured at ${own.size} places only`;
}

/** Words in place of a bar. */
function lost(rows, good, middle, theme) {
  return rows.flatMap((row, index) => row.filter(({ part }) => !part).flatMap((curve) => curve.x.map((x, at) => (good(curve.y[at]) !== null ? null : {
    x: middle(x, index), xref: "x", y: 0, yref: "paper", yanchor: "bottom", text: curve.y[at] === null ? "not finite" : "not above 0", textangle: -90, showarrow: false, font: { size: 12, color: theme.muted },
  })).filter(Boolean)));
}

/** As many names below the places as there is room for. */
function ticks(texts, placePx) {
  const longest = Math.max(...texts.map((text) => text.length)) * LETTER_PX + 6;
  const every = longest <= placePx ? 1 : Math.ceil(Math.min(longest, 24) / placePx);
  const shown = texts.map((text, at) => ({ text, at })).filter(({ at }) => at % every === 0);
  return { tickmode: "array", tickvals: shown.map(({ at }) => at), ticktext: shown.map(({ text }) => text), tickangle: longest <= placePx * every ? 0 : -60, automargin: "height" };
}
