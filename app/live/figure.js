/**
 * From the points to a Plotly figure: a pure function, no DOM, no network. Style of Fig. 6 (He et al. 2015): training
 * error thin and dashed over the faint single steps, test error bold; hue = shortcut, lightness = depth.
 */
const LABELS = {
  error: { axis: "error (%)", unit: " %" },
  loss: { axis: "loss (nats)", unit: " nats" },
};
const X_AXES = { step: "step", epoch: "epoch", seconds: "seconds of training" };
/** Below this width in pixels the panels stand one above the other. */
const NARROW = 620;
const LABEL_FONT_PX = 13;
/** Room for the tick labels of the right panel. */
const TICKS_PX = 34;
/** The x axis ends a little after the last step, so that the last marks are drawn whole. */
const PAST_END = 1.015;
const CHART_PX = 430;
const STACKED_PX = 600;

/**
 * runs: [{ card, colour: {light, dark}, series }]; view: { layout, metric, scale, x, curves };
 * theme: { ground, text, muted, grid, font }; width in pixels. Returns { data, layout }.
 */
export function buildFigure(runs, view, theme, width) {
  const families = panels(runs, view.layout);
  const stacked = families.length > 1 && width < NARROW;
  const data = [];
  const layout = baseLayout(view, theme, runs);
  families.forEach((family, index) => {
    const suffix = index ? String(index + 1) : "";
    placeAxes(layout, { count: families.length, index, stacked, width, title: family.title }, view, theme);
    for (const run of family.runs) data.push(...traces(run, view, theme, suffix));
    layout.annotations.push(...endLabels(family.runs, view, theme, suffix, (layout.height - 76) / (stacked ? 2.3 : 1)));
  });
  return { data, layout };
}

function panels(runs, layout) {
  const plain = runs.filter((run) => run.card.shortcut === "none");
  const residual = runs.filter((run) => run.card.shortcut !== "none");
  if (layout !== "side" || !plain.length || !residual.length) return [{ title: "", runs }];
  return [
    { title: "plain", runs: plain },
    { title: `residual (${[...new Set(residual.map((run) => run.card.shortcut))].join(", ")})`, runs: residual },
  ];
}

/** Room for the longest name with its value at the end of a line, in pixels. */
function labelPx(names) {
  return 52 + 0.56 * LABEL_FONT_PX * Math.max(...names.map((name) => name.length));
}

function baseLayout(view, theme, runs) {
  const names = runs.map((run) => run.label);
  return {
    uirevision: `${view.layout}-${view.metric}-${view.scale}-${view.x}-${runs.map((run) => run.card.run).join()}`,
    height: CHART_PX,
    margin: { t: 28, r: labelPx(names), b: 46, l: 54 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: theme.font, size: 14, color: theme.text },
    showlegend: false,
    hovermode: "closest",
    hoverlabel: { font: { family: theme.font, size: 14 } },
    dragmode: "zoom",
    annotations: [],
    meta: { end: xEnd(view, runs), names },
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
    ...(layout.meta.end ? { range: [0, layout.meta.end * PAST_END] } : {}),
    ...(index ? { matches: "x" } : {}),
  };
  const error = view.metric === "error";
  layout[`yaxis${suffix}`] = {
    ...line,
    domain: stacked ? [1 - from - size, 1 - from] : [0, 1],
    anchor: `x${suffix}`,
    title: { text: index && !stacked ? "" : LABELS[view.metric].axis, standoff: 6 },
    type: view.scale,
    // A fixed range for the error: nothing jumps while curves grow, and both panels are read on one ruler.
    ...(error && view.scale === "linear" ? { range: [0, 100] } : { rangemode: "tozero" }),
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

/** Where the x axis ends: at the planned steps, so that it does not move while curves grow; null for seconds. */
function xEnd(view, runs) {
  if (view.x === "seconds") return null;
  return Math.max(...runs.map(({ card }) => xs({ step: [card.total_steps] }, card, view.x)[0]));
}

/** The x values of a list of points. */
function xs(points, card, kind) {
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
  const axes = { xaxis: `x${suffix}`, yaxis: `y${suffix}`, type: "scatter" };
  const number = view.metric === "error" ? ".1f" : ".3f";
  const hover = (what) => `${name}<br>%{x:.4~g} ${view.x === "seconds" ? "s" : view.x}<br>${what} %{y:${number}}${unit}<extra></extra>`;
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
      ...axes, mode: "markers", x: xs(series.train_clean, card, view.x),
      y: positive(series.train_clean[view.metric], view.scale), meta: "clean",
      marker: { symbol: "circle-open", size: 7, color: colour, line: { width: 1.5 } },
      hovertemplate: hover(`clean training ${view.metric}:`),
    });
  }
  if (show.has("test")) {
    list.push({
      ...axes, mode: "lines+markers", x: xs(series.test_subset, card, view.x),
      y: positive(series.test_subset[view.metric], view.scale), meta: "test",
      line: { color: colour, width: 3 }, marker: { size: 6, color: colour }, hovertemplate: hover(`test ${view.metric}:`),
    });
  }
  return list;
}

/** Names at the line ends, pushed apart so that none covers another. */
function endLabels(runs, view, theme, suffix, heightPx) {
  const key = `running_${view.metric}`;
  const labels = [];
  for (const run of runs) {
    const value = run.series.latest("train", key);
    if (value === undefined || (view.scale === "log" && value <= 0)) continue;
    const x = xs(run.series.train, run.card, view.x).at(-1);
    labels.push({ run, x, value, y: view.scale === "log" ? Math.log10(value) : value });
  }
  labels.sort((a, b) => a.y - b.y);
  const span = view.metric === "error" && view.scale === "linear" ? 100 : Math.max(1e-9, (labels.at(-1)?.y ?? 1) - (labels[0]?.y ?? 0)) * 1.3;
  const perUnit = heightPx / span;
  let lowest = -Infinity;
  return labels.map(({ run, x, value, y }) => {
    const natural = y * perUnit;
    const placed = Math.max(natural, lowest + 17);
    lowest = placed;
    return {
      text: `${run.label} <b>${view.metric === "error" ? value.toFixed(1) : value.toPrecision(3)}</b>`,
      x, y, xref: `x${suffix}`, yref: `y${suffix}`, xanchor: "left", yanchor: "middle", xshift: 6,
      yshift: placed - natural, showarrow: false, font: { size: LABEL_FONT_PX, color: run.colour[theme.ground] },
    };
  });
}
