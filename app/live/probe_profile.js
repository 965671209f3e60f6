/**
 * From the codes of one column to a profile over the layers as a Plotly figure: a pure function, no DOM, no network.
 * Every shown run is one line; its values at step 0 stay as a dotted ghost. The range covers the whole history, so that
 * nothing jumps while time is dragged.
 */
import { spoken } from "./lab_curves.js";

const FONT_PX = 13;
const LABEL_PX = FONT_PX + 3;
/** Labels at the line ends, at most; with more lines the chips above name them. */
const MOST_LABELS = 8;
/** Lines of fewer points than this show each of them. */
const FEW_POINTS = 30;
const GAP = 0.17;

/**
 * lines: [{ run, label, colour, ink, columns }]; forms: of "order" and "sorted", one panel each, stacked.
 * Returns { data, layout }; each trace's `meta` is its run and `customdata` the place of each point in the net.
 */
export function buildProfile({ lines, scale, forms, step, ghosts }, theme, width, height) {
  const row = scale.row;
  const shown = lines.map((line) => ({ ...line, ...readings(line.columns, scale, step) })).filter((line) => line.now);
  const range = scale.ranges().all;
  const deepest = Math.max(2, ...lines.map(({ columns }) => columns.places(row).length));
  const named = shown.length <= MOST_LABELS;
  const right = named && shown.length ? 16 + 0.55 * FONT_PX * Math.max(...shown.map(({ label }) => label.length)) : 12;
  const margin = { t: 6, l: 52, r: right, b: 40 };
  const layout = {
    uirevision: `${row.name} ${deepest}`,
    width, height, margin,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: FONT_PX, color: theme.text },
    showlegend: false, hovermode: "closest", hoverlabel: { font: { family: theme.font, size: 13 } },
    dragmode: "zoom", annotations: [], shapes: [],
  };
  const data = [];
  const size = (1 - GAP * (forms.length - 1)) / forms.length;
  const panelPx = (height - margin.t - margin.b) * size;
  forms.forEach((form, index) => {
    const suffix = index ? String(index + 1) : "";
    const top = 1 - index * (size + GAP);
    layout[`xaxis${suffix}`] = {
      domain: [0, 1], anchor: `y${suffix}`, range: [0.5 - 0.01 * deepest, deepest + 0.5 + 0.01 * deepest],
      gridcolor: theme.grid, linecolor: theme.muted, zeroline: false, tickfont: { color: theme.muted }, nticks: 8,
      title: { text: axisTitle(row, form), standoff: 4, font: { size: FONT_PX, color: theme.muted } },
    };
    layout[`yaxis${suffix}`] = {
      domain: [Math.max(0, top - size), top], anchor: `x${suffix}`, type: scale.log ? "log" : "linear", range,
      gridcolor: theme.grid, linecolor: theme.muted, zeroline: false, tickfont: { color: theme.muted },
      ...ticks(scale, range, panelPx),
    };
    reference(layout, row, suffix, range, scale, theme);
    for (const line of shown) data.push(...traces(line, form, suffix, scale, theme, ghosts));
    if (named) layout.annotations.push(...labels(shown, form, suffix, scale, range, panelPx, deepest, theme));
  });
  return { data, layout };
}

function axisTitle(row, form) {
  const place = row.per === "block" ? "block" : "layer";
  return form === "sorted" ? `${place}s, largest first` : `${place}, from the input to the output`;
}

function ticks(scale, range, px) {
  const values = scale.ticks(range, Math.max(3, Math.floor(px / 30)));
  return { tickvals: values, ticktext: values.map((value) => spoken(value)) };
}

/** Values now and at the start as numbers, null where there is none. */
function readings(columns, scale, step) {
  const name = scale.row.name;
  const codes = columns.codes(name, columns.at(step));
  const first = columns.steps[0] === 0 ? columns.codes(name, 0) : null;
  return { now: codes && values(codes, scale), start: first && first.some((code) => code) ? values(first, scale) : null };
}

function values(codes, scale) {
  return Array.from(codes, (code) => {
    const value = scale.value(code);
    return Number.isFinite(value) ? value : null;
  });
}

/** [value, place] in the order of the form; values that are missing go to the end of a sorted one. */
function arranged(list, form) {
  const pairs = list.map((value, place) => [value, place]);
  return form === "sorted" ? pairs.filter(([value]) => value !== null).sort((a, b) => b[0] - a[0]) : pairs;
}

function traces(line, form, suffix, scale, theme, ghosts) {
  const places = line.columns.places(scale.row);
  const axes = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, type: "scatter", meta: line.run };
  const make = (list, style) => {
    const pairs = arranged(list, form);
    return { ...axes, ...style, x: pairs.map((_, index) => index + 1), y: pairs.map(([value]) => value), customdata: pairs.map(([, place]) => place) };
  };
  const colour = line.colour[theme.ground];
  const found = [];
  if (ghosts && line.start) found.push(make(line.start, { mode: "lines", line: { color: colour, width: 1.4, dash: "1.5px,3px" }, opacity: 0.75, hoverinfo: "skip" }));
  const drawn = make(line.now, {
    mode: line.now.length < FEW_POINTS ? "lines+markers" : "lines",
    line: { color: colour, width: 2.4 }, marker: { color: colour, size: 5 },
  });
  drawn.text = drawn.customdata.map((place) => `${place + 1}: ${places[place]?.[0] ?? ""}`);
  drawn.hovertemplate = `<b>${line.label}</b> ${scale.row.per === "block" ? "block" : "layer"} %{text}<br>${scale.row.label} %{y:.3~g}<extra></extra>`;
  found.push(drawn);
  return found;
}

/** The quantity's neutral value as a line, where it is in sight. */
function reference(layout, row, suffix, range, scale, theme) {
  if (row.neutral === null) return;
  const at = scale.onAxis(row.neutral);
  if (at <= range[0] || at >= range[1]) return;
  layout.shapes.push({
    type: "line", xref: `x${suffix} domain`, yref: `y${suffix}`, x0: 0, x1: 1, y0: row.neutral, y1: row.neutral,
    line: { color: theme.muted, width: 1, dash: "6px,4px" }, layer: "below",
  });
}

/** Names at the line ends, pushed apart where they would cover one another. */
function labels(shown, form, suffix, scale, range, panelPx, deepest, theme) {
  const perUnit = panelPx / Math.max(1e-9, range[1] - range[0]);
  const ends = shown.flatMap((line) => {
    const list = arranged(line.now, form);
    const at = list.findLastIndex(([value]) => value !== null);
    return at < 0 ? [] : [{ line, x: at + 1, natural: (scale.onAxis(list[at][0]) - range[0]) * perUnit }];
  });
  const placed = clusters(ends, 0.3 * deepest).flatMap((cluster) => apart(cluster, panelPx));
  return placed.map(({ line, x, y }) => ({
    text: line.label, x, y: range[0] + y / perUnit, xref: `x${suffix}`, yref: `y${suffix}`, showarrow: false,
    xanchor: "left", yanchor: "middle", xshift: 5, font: { size: FONT_PX, color: line.ink[theme.ground] },
  }));
}

/** Ends whose labels could cover one another: those that are close together along the depth. */
function clusters(ends, near) {
  const found = [];
  for (const end of ends.sort((a, b) => a.x - b.x)) {
    if (found.length && end.x - found.at(-1)[0].x < near) found.at(-1).push(end);
    else found.push([end]);
  }
  return found;
}

/** Push the labels of a cluster upwards until none covers another, and down again where they would leave the panel. */
function apart(cluster, panelPx) {
  const placed = cluster.sort((a, b) => a.natural - b.natural).map((end) => ({ ...end, y: end.natural }));
  placed.forEach((end, index) => { end.y = Math.max(end.natural, LABEL_PX / 2, index ? placed[index - 1].y + LABEL_PX : 0); });
  let ceiling = panelPx - LABEL_PX / 2;
  for (const end of placed.toReversed()) {
    end.y = Math.min(end.y, ceiling);
    ceiling = end.y - LABEL_PX;
  }
  return placed;
}
