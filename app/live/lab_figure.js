/**
 * From a panel's curves to a Plotly figure: a pure function, no DOM, no network. The picked curve is bold; the same
 * setting in other kinds stays readable; all others are faint. Names stand where the curves are furthest apart.
 */
import { ends, same, spoken } from "./lab_curves.js";

const NARROW = 480;
const FONT_PX = 14;
const LINE_PX = FONT_PX + 4;
/** With more curves than this, only the picked kind's extremes and the picked setting's curves are named. */
const MOST_NAMED = 4;
/** A label that is pushed further than this from its line gets a leader. */
const LEADER_PX = 6;
/** Axes that span less than this many decades are labelled with plain numbers. */
const FEW_DECADES = 2.2;
const PLAIN_TICKS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1, 1.4, 2, 5, 10, 20, 50, 100];

/**
 * panel: { name, title, x, y, x_scale, y_scale, neutral }; curves: Curves; pick: { kind, value };
 * setting: { low, high } of the lab's setting that is picked, or null; styles: { kind: { colour: {light, dark}, ink: {light, dark}, dash } }; width, height in pixels.
 * Returns { data, layout, side }: the names stand on that side, the y axis on the other; what y is stands above it in
 * words, which can be read without tilting the head.
 */
export function buildPanel(panel, curves, pick, { styles, setting }, theme, width, height) {
  const bold = curves.picked(panel.name, pick);
  const all = curves.of(panel.name);
  const few = all.length <= MOST_NAMED;
  const weight = (curve) => (curve === bold ? 3 : same(curve.value, bold?.value ?? pick.value) ? 2 : 1);
  const ordered = [...all].sort((a, b) => weight(a) - weight(b));
  const spans = { x: span(all, "x", panel.x_scale), y: span(all, "y", panel.y_scale) };
  const side = labelSide(all, panel);
  const room = width < NARROW ? 92 : 130;
  const margin = side === "left" ? { l: room, r: 50, t: 8, b: 46 } : { l: 50, r: room, t: 8, b: 46 };
  const layout = {
    uirevision: "keep",
    width,
    height,
    margin,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: FONT_PX, color: theme.text },
    showlegend: false,
    hovermode: "closest",
    hoverlabel: { font: { family: theme.font, size: 14 } },
    dragmode: "zoom",
    xaxis: { ...axis(panel.x, panel.x_scale, spans.x, theme), ...settingRange(all, panel, setting) },
    yaxis: { ...axis("", panel.y_scale, spans.y, theme), side: side === "left" ? "right" : "left" },
    shapes: reference(panel, pick, all, theme),
    annotations: [],
  };
  const named = ordered.filter((curve) => few || weight(curve) > 1);
  const edges = few ? [] : extremes(all).filter((curve) => !named.includes(curve));
  layout.annotations = labels(named, edges, { panel, side, spans, bold, styles, theme, plotPx: height - margin.t - margin.b, narrow: width < NARROW });
  return { data: ordered.map((curve) => line(curve, weight(curve), { panel, styles, theme, few })).concat(mark(bold, pick, styles, theme)), layout, side };
}

function axis(title, scale, found, theme) {
  const decades = found ? found[1] - found[0] : 0;
  const plain = scale === "log" && decades < FEW_DECADES;
  return {
    type: scale, title: { text: title, standoff: 6, font: { size: FONT_PX, color: theme.muted } }, gridcolor: theme.grid, linecolor: theme.muted, zeroline: false,
    tickfont: { color: theme.muted }, automargin: false,
    ...(scale === "log" ? { exponentformat: "power", dtick: Math.max(1, Math.ceil(decades / 7)) } : {}),
    ...(plain ? { tickvals: PLAIN_TICKS, ticktext: PLAIN_TICKS.map(String) } : {}),
  };
}

/** Where the setting is on the axis, the axis shows all of it from the start, so that nothing moves while it fills. */
function settingRange(all, panel, setting) {
  if (!setting || !all.length || all.some((curve) => curve.value !== null)) return {};
  const [low, high] = [setting.low, setting.high].map((value) => onAxis(value, panel.x_scale));
  const pad = 0.06 * (high - low);
  return { range: [low - pad, high + pad], ...(panel.x_scale === "log" ? { tickvals: PLAIN_TICKS, ticktext: PLAIN_TICKS.map(String) } : {}) };
}

/** [smallest, largest] of what is drawn, in the axis's own unit (log10 on a log axis); null without points. */
function span(all, key, scale) {
  const values = all.flatMap((curve) => curve[key]).filter((value) => value !== null && (scale !== "log" || value > 0));
  if (!values.length) return null;
  return [Math.min(...values), Math.max(...values)].map((value) => onAxis(value, scale));
}

function onAxis(value, scale) {
  return scale === "log" ? Math.log10(value) : value;
}

/** The side where the curves lie further apart; the right one when it makes little difference. */
function labelSide(all, panel) {
  const apart = (end) => {
    const at = all.map((curve) => ends(curve)?.[end][1]).filter((y) => y !== undefined && (panel.y_scale !== "log" || y > 0))
      .map((y) => onAxis(y, panel.y_scale));
    return at.length ? Math.max(...at) - Math.min(...at) : 0;
  };
  return apart(0) > 2 * apart(1) + 0.3 ? "left" : "right";
}

/** The neutral line, and the picked setting where it is on the axis. */
function reference(panel, pick, all, theme) {
  const shapes = [];
  const base = { type: "line", layer: "below", line: { color: theme.muted, width: 1.5, dash: "dot" } };
  if (panel.neutral !== null && panel.neutral !== undefined) shapes.push({ ...base, xref: "paper", x0: 0, x1: 1, y0: panel.neutral, y1: panel.neutral });
  if (pick.value !== null && all.some((curve) => curve.value === null)) shapes.push({ ...base, yref: "paper", y0: 0, y1: 1, x0: pick.value, x1: pick.value });
  return shapes;
}

function line(curve, weight, { panel, styles, theme, few }) {
  const style = styles[curve.kind];
  const positive = panel.y_scale === "log" ? curve.y.map((y) => (y > 0 ? y : null)) : curve.y;
  return {
    type: "scatter", mode: curve.x.length > 1 ? "lines" : "markers", x: curve.x, y: positive, connectgaps: false,
    name: curve.name, meta: ["faint", "beside", "picked"][weight - 1],
    opacity: weight === 3 ? 1 : weight === 2 ? 0.65 : few ? 0.55 : 0.28,
    line: { color: style.colour[theme.ground], width: weight === 3 ? 4 : weight === 2 ? 2 : 1.2, dash: style.dash },
    marker: { color: style.colour[theme.ground], size: 7 },
    hovertemplate: `${curve.name}<br>${panel.x} %{x:.4~g}<br>%{y:.3~g}<extra></extra>`,
  };
}

/** A ring on the picked curve at the picked setting, where the setting is on the axis. */
function mark(bold, pick, styles, theme) {
  if (!bold || bold.value !== null || pick.value === null) return [];
  const index = bold.x.findIndex((x) => Math.abs(Math.log(x / pick.value)) < 1e-3);
  if (index < 0 || bold.y[index] === null) return [];
  return [{
    type: "scatter", mode: "markers+text", x: [bold.x[index]], y: [bold.y[index]], text: [spoken(bold.y[index])], textposition: "top left",
    textfont: { size: 15, color: styles[bold.kind].ink[theme.ground] }, hoverinfo: "skip", meta: "mark", cliponaxis: false,
    marker: { symbol: "circle", size: 11, color: styles[bold.kind].colour[theme.ground], line: { width: 2, color: theme.text } },
  }];
}

/** Every kind's curves with the smallest and the largest setting, so that a fan has names at its edges. */
function extremes(all) {
  return [...Map.groupBy(all, (curve) => curve.kind).values()].flatMap((fan) => {
    const ordered = fan.filter((curve) => curve.value !== null).sort((a, b) => a.value - b.value);
    return ordered.length > 1 ? [ordered[0], ordered.at(-1)] : [];
  });
}

/**
 * Names beside the curves' ends, pushed apart where they would cover one another and kept inside the picture. `edges`
 * are named with their setting, and only where there is room.
 */
function labels(named, edges, { panel, side, spans, bold, styles, theme, plotPx, narrow }) {
  if (!spans.y) return [];
  const [low, high] = spans.y;
  const pad = 0.06 * (high - low || 1); // Plotly's own margin around the points, about
  const perUnit = plotPx / (high - low + 2 * pad);
  const label = (curve, words, quiet) => {
    const end = ends(curve)?.[side === "left" ? 0 : 1];
    if (!end || (panel.y_scale === "log" && end[1] <= 0)) return null;
    const shown = narrow ? words.replace(" with", "<br>with") : words;
    const y = onAxis(end[1], panel.y_scale);
    return { curve, text: shown, rows: shown.split("<br>").length, y, natural: (y - low + pad) * perUnit, quiet };
  };
  const wanted = named.map((curve) => label(curve, curve.kind, false)).filter(Boolean);
  for (const edge of edges.map((curve) => label(curve, `${curve.kind},<br>${settingOf(curve)} ${spoken(curve.value)}`, true)).filter(Boolean)) {
    if (wanted.every((other) => Math.abs(other.natural - edge.natural) > ((other.rows + edge.rows) / 2 + 1) * LINE_PX)) wanted.push(edge);
  }
  wanted.sort((a, b) => a.natural - b.natural);
  let floor = -Infinity;
  for (const one of wanted) {
    one.at = Math.max(one.natural, floor + (LINE_PX * one.rows) / 2);
    floor = one.at + (LINE_PX * one.rows) / 2;
  }
  let ceiling = plotPx + LINE_PX / 2;
  for (const one of [...wanted].reverse()) {
    one.at = Math.min(one.at, ceiling - (LINE_PX * one.rows) / 2);
    ceiling = one.at - (LINE_PX * one.rows) / 2;
  }
  return wanted.map((one) => {
    const shift = one.at - one.natural;
    const style = styles[one.curve.kind];
    const far = Math.abs(shift) > LEADER_PX;
    return {
      text: one.curve === bold ? `<b>${one.text}</b>` : one.text, xref: "paper", x: side === "left" ? 0 : 1, y: one.y, yref: "y",
      xanchor: side === "left" ? "right" : "left", align: side, yanchor: "middle",
      font: { size: one.quiet ? FONT_PX - 1 : FONT_PX, color: one.quiet ? theme.muted : style.ink[theme.ground] },
      ...(far
        ? { showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: style.colour[theme.ground], ax: side === "left" ? -8 : 8, ay: -shift, standoff: 1 }
        : { showarrow: false, xshift: side === "left" ? -6 : 6, yshift: shift }),
    };
  });
}

/** The setting's word in a curve's name: `with BN, gain 2` -> `gain`. */
function settingOf(curve) {
  return curve.name.match(/, ([a-z_]+) [^,]*$/)?.[1] ?? "";
}
