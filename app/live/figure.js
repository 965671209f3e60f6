/**
 * From the points to a Plotly figure: a pure function, no DOM, no network. Style of Fig. 6 (He et al. 2015): training
 * error thin and dashed over the faint single steps, test error bold; hue = shortcut, lightness = depth.
 */
import { changeMarks } from "./change_marks.js";

const LABELS = {
  error: { axis: "error (%)", unit: " %" },
  loss: { axis: "loss (nats)", unit: " nats" },
};
const X_AXES = { step: "step", epoch: "epoch", seconds: "seconds of training" };
/** Below this width in pixels the panels stand one above the other. */
const NARROW = 620;
const LABEL_FONT_PX = 13;
const MOST_LABELS = 8;
/** A longer name is broken in two lines, its options below. */
const LONG_NAME = 14;
/** As many variants are named above a panel; more are counted. */
const MOST_NAMED = 3;
const OF_THE_PAPER = new Set(["plain", "A", "B", "C"]);
/** A label that is pushed further than this from its line gets a leader. */
const LEADER_PX = 10;
const LOG_TICKS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];
/** Room for the tick labels of the right panel. */
const TICKS_PX = 34;
/** The x axis ends a little after the last step, so that the last marks are drawn whole. */
const PAST_END = 1.015;
const CHART_PX = 430;
const STACKED_PX = 600;

/**
 * runs: [{ card, colour: {light, dark}, mark, series }]; view: { race, layout, metric, scale, x, curves };
 * theme: { ground, text, muted, grid, font }; width in pixels. Returns { data, layout }.
 */
export function buildFigure(runs, view, theme, width) {
  const families = panels(runs, view.layout);
  const stacked = families.length > 1 && width < NARROW;
  const data = [];
  const layout = baseLayout(view, theme, runs, width);
  families.forEach((family, index) => {
    const suffix = index ? String(index + 1) : "";
    placeAxes(layout, { count: families.length, index, stacked, width, title: family.title }, view, theme);
    for (const run of family.runs) data.push(...traces(run, view, theme, suffix));
    const end = layout.meta.end ?? lastSecond(runs);
    const widthPx = (width - layout.margin.l - layout.margin.r) * (layout[`xaxis${suffix}`].domain[1] - layout[`xaxis${suffix}`].domain[0]);
    const marks = changeMarks(family.runs, view, theme, suffix, { end, xs, y: (value) => positive([value], view.scale)[0], widthPx });
    data.push(...marks.data);
    layout.shapes.push(...marks.shapes);
    layout.annotations.push(...marks.annotations);
    layout.annotations.push(...endLabels(family.runs, view, theme, suffix, {
      axis: layout.meta.axis, end,
      widthPx,
      heightPx: (layout.height - layout.margin.t - layout.margin.b) * (layout[`yaxis${suffix}`].domain[1] - layout[`yaxis${suffix}`].domain[0]),
    }));
  });
  return { data, layout };
}

function panels(runs, layout) {
  const plain = runs.filter((run) => run.card.plain);
  const residual = runs.filter((run) => !run.card.plain);
  if (layout !== "side" || !plain.length || !residual.length) return [{ title: "", runs }];
  return [
    { title: panelTitle("plain", "without a shortcut", plain), runs: plain },
    { title: panelTitle("residual", "with a shortcut", residual), runs: residual },
  ];
}

/** `plain`, `residual (A, B)`; with other rows of the zoo the family has the wider name. */
function panelTitle(narrow, wide, runs) {
  const names = [...new Set(runs.map((run) => run.card.variant))];
  if (names.length === 1 && names[0] === narrow) return narrow;
  const listed = names.length > MOST_NAMED ? `${names.length} kinds` : names.join(", ");
  return `${names.every((name) => OF_THE_PAPER.has(name)) ? narrow : wide} (${listed})`;
}

/** The y range in the axis's own unit (log10 on a log axis). The loss follows its curves, in steps that seldom change. */
function yAxis(view, runs) {
  if (view.metric === "error") return view.scale === "log" ? [0, 2] : [0, 100];
  const losses = runs.flatMap(({ series }) => [...series.drawn().running_loss, ...series.test_subset.loss].filter((value) => value > 0));
  const most = Math.max(2.5, ...losses);
  const least = Math.min(1, ...losses);
  if (view.scale === "log") return [Math.floor(4 * Math.log10(least)) / 4, Math.ceil(4 * Math.log10(most)) / 4];
  return [0, Math.ceil(2 * most) / 2];
}

function lastSecond(runs) {
  return Math.max(1, ...runs.map(({ series }) => series.lastSeconds));
}

/** The lines of a name: one, or the arm and below it what is special about it. */
function nameLines(name) {
  const at = name.indexOf(" ");
  return at < 0 || name.length <= LONG_NAME ? [name] : [name.slice(0, at), name.slice(at + 1)];
}

/** Room for the longest name with its value at the end of a line, in pixels. */
function labelPx(names) {
  const length = (name) => Math.max(...nameLines(name).map((line, index, lines) => line.length - (index < lines.length - 1 ? 5 : 0)));
  return 50 + 0.48 * LABEL_FONT_PX * Math.max(...names.map(length));
}

function baseLayout(view, theme, runs, width) {
  const names = runs.map((run) => run.label);
  return {
    height: chartHeight(width),
    margin: { t: 28, r: labelPx(names), b: 46, l: 54 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: 14, color: theme.text },
    showlegend: false,
    hovermode: "closest",
    hoverlabel: { font: { family: theme.font, size: 14 } },
    dragmode: "zoom",
    annotations: [],
    shapes: [],
    meta: { end: xEnd(view, runs), names, axis: yAxis(view, runs) },
  };
}

function placeAxes(layout, { count, index, stacked, width, title }, view, theme) {
  const suffix = index ? String(index + 1) : "";
  const gap = stacked ? 0.14 : Math.min(0.3, (labelPx(layout.meta.names) + TICKS_PX) / (width - layout.margin.l - layout.margin.r));
  const size = (1 - gap * (count - 1)) / count;
  const from = index * (size + gap);
  const line = { gridcolor: theme.grid, linecolor: theme.muted, zeroline: false, tickfont: { color: theme.muted } };
  const bottom = !stacked || index === count - 1;
  layout[`xaxis${suffix}`] = {
    ...line,
    domain: stacked ? [0, 1] : [from, from + size],
    anchor: `y${suffix}`,
    title: { text: bottom ? X_AXES[view.x] : "", standoff: 8 },
    showticklabels: bottom,
    rangemode: "tozero",
    ...(view.zoom ? { range: view.zoom.x } : layout.meta.end ? { range: [0, layout.meta.end * PAST_END] } : {}),
    ...(index ? { matches: "x" } : {}),
  };
  layout[`yaxis${suffix}`] = {
    ...line,
    domain: stacked ? [1 - from - size, 1 - from] : [0, 1],
    anchor: `x${suffix}`,
    title: { text: index && !stacked ? "" : LABELS[view.metric].axis, standoff: 6 },
    type: view.scale,
    // One ruler for both panels; for the error it is fixed, so that nothing jumps while curves grow.
    range: view.zoom?.y ?? layout.meta.axis,
    ...(view.scale === "log" ? { tickvals: LOG_TICKS, ticktext: LOG_TICKS.map(String) } : {}),
    ...(index ? { matches: "y" } : {}),
  };
  if (stacked) layout.height = STACKED_PX;
  if (title) {
    layout.annotations.push({
      text: `<b>${title}</b>`, showarrow: false, xref: `x${suffix} domain`, yref: `y${suffix} domain`,
      x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: 4, font: { size: 15, color: theme.text },
    });
  }
}

/** Taller on larger screens, so that the back row can read it. */
function chartHeight(width) {
  return Math.round(Math.min(620, Math.max(CHART_PX, 0.42 * width)));
}

/** Where the x axis ends: at the planned steps, so that it does not move while curves grow; null for seconds. */
function xEnd(view, runs) {
  if (view.x === "seconds") return null;
  return Math.max(...runs.map(({ card }) => xs({ step: [card.total_steps] }, card, view.x)[0]));
}

/** The x values of a list of points. */
export function xs(points, card, kind) {
  if (kind === "seconds") return points.seconds;
  if (kind === "epoch") return points.step.map((step) => (step * card.batch_size) / (card.train_images || 1));
  return points.step;
}

function positive(values, scale) {
  return scale === "log" ? values.map((value) => (value > 0 ? value : null)) : values;
}

function traces(run, view, theme, suffix) {
  const { card, series } = run;
  const colour = run.colour[theme.ground];
  const show = new Set(view.curves);
  const points = series.drawn();
  const name = run.label;
  const unit = LABELS[view.metric].unit;
  // `run` and `steps` are for whoever clicks a point.
  const axes = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, type: "scatter", run: card.run, steps: points.step };
  const number = view.metric === "error" ? ".1f" : ".3f";
  const hover = (what) => `${name}<br>${view.x} %{x:.4~g}<br>${what} %{y:${number}}${unit}<extra></extra>`;
  const list = [];
  if (show.has("raw")) {
    list.push({
      ...axes, mode: "lines", x: xs(points, card, view.x), y: positive(points[view.metric], view.scale),
      line: { color: colour, width: 1 }, opacity: 0.22, hoverinfo: "skip", meta: "raw",
    });
  }
  if (show.has("running")) {
    list.push({
      ...axes, mode: "lines", x: xs(points, card, view.x), y: positive(points[`running_${view.metric}`], view.scale),
      connectgaps: true, line: { color: colour, width: 1.8, dash: "5px,3px" }, meta: "running",
      hovertemplate: hover(`training ${view.metric}, mean of 50 steps:`),
    });
  }
  if (show.has("clean")) {
    list.push({
      ...axes, steps: series.train_clean.step, mode: "markers", x: xs(series.train_clean, card, view.x),
      y: positive(series.train_clean[view.metric], view.scale), meta: "clean",
      marker: { symbol: `${run.mark}-open`, size: 7, color: colour, line: { width: 1.5 } },
      hovertemplate: hover(`clean training ${view.metric}:`),
    });
  }
  if (show.has("test")) {
    list.push({
      ...axes, steps: series.test_subset.step, mode: "lines+markers", x: xs(series.test_subset, card, view.x),
      y: positive(series.test_subset[view.metric], view.scale), meta: "test",
      line: { color: colour, width: 3 }, marker: { symbol: run.mark, size: run.mark === "circle" ? 6 : 8, color: colour }, hovertemplate: hover(`test ${view.metric}:`),
    });
  }
  return list;
}

/**
 * Names at the line ends. Labels that would cover one another are pushed apart, with a thin leader back to their line;
 * above MOST_LABELS only the arms are named, at the mean of their seeds' ends, because more names cannot be read.
 */
function endLabels(runs, view, theme, suffix, { axis, end, widthPx, heightPx }) {
  if (!view.curves.includes("running")) return [];
  const ends = runs.map((run) => lineEnd(run, view)).filter(Boolean);
  const labels = ends.length > MOST_LABELS ? perArm(ends) : ends;
  const [bottom, top] = axis;
  const perUnit = heightPx / Math.max(1e-9, top - bottom);
  const perX = widthPx / Math.max(1e-9, end);
  const placed = [];
  for (const label of [...labels].sort((a, b) => a.y - b.y)) {
    const x = label.x * perX;
    const natural = (label.y - bottom) * perUnit;
    const below = placed.filter((other) => Math.abs(other.x - x) < labelPx([label.name]));
    const lines = nameLines(label.name);
    // Half of this label's height and half of the other's lie between their middles.
    const apart = (other) => ((LABEL_FONT_PX + 4) * (lines.length + other.lines.length)) / 2;
    const y = Math.max(natural, ...below.map((other) => other.y + apart(other)));
    placed.push({ ...label, lines, x, y, shift: y - natural, at: label.x });
  }
  return placed.map((label) => ({
    text: `${label.lines.join("<br>")} <b>${view.metric === "error" ? label.value.toFixed(1) : label.value.toPrecision(3)}</b>`,
    x: label.at, y: label.y / perUnit + bottom - label.shift / perUnit, xref: `x${suffix}`, yref: `y${suffix}`,
    xanchor: "left", yanchor: "middle", align: "left", font: { size: LABEL_FONT_PX, color: label.run.ink[theme.ground] },
    ...(label.shift > LEADER_PX
      ? { showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: label.run.colour[theme.ground], ax: 10, ay: -label.shift, standoff: 2 }
      : { showarrow: false, xshift: 6, yshift: label.shift }),
  }));
}

function lineEnd(run, view) {
  const value = run.series.latest("train", `running_${view.metric}`);
  if (value === undefined || (view.scale === "log" && value <= 0)) return null;
  const x = xs(run.series.train, run.card, view.x).at(-1);
  return { run, name: run.label, x, value, y: view.scale === "log" ? Math.log10(value) : value };
}

function perArm(ends) {
  const arms = Map.groupBy(ends, ({ run }) => run.card.arm);
  const mean = (list, key) => list.reduce((sum, item) => sum + item[key], 0) / list.length;
  return [...arms].map(([arm, list]) => ({
    run: list[0].run, name: arm, x: Math.max(...list.map(({ x }) => x)), value: mean(list, "value"), y: mean(list, "y"),
  }));
}
