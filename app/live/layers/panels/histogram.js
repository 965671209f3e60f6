/** Distributions of one layer's responses as Plotly figures, per unit of z; bins narrower than a line are joined. */
import { fixed, grouped, spoken } from "../../shared/format.js";
import { FONT_PX, axisOf, layoutOf } from "./plot.js";
import { logTicks } from "./scale.js";

/** Reach of the z axis in standard deviations of the widest distribution. */
const REACH_STD = 4;
const MIN_BINS = 48;
const MAX_NAMES = 10;
/** Of the height of a panel this is none of its axis; a tick on a logarithmic axis needs so much of the rest. */
const AROUND_PX = 60, TICK_PX = 26;
/** Outlines that the median peak of a ridge covers; the highest peak covers twice as many at most. */
const RIDGE_UP = 4;

/** The reach of the z axis, on a round number. */
export function reach(stds) {
  const most = REACH_STD * Math.max(0.02, ...stds.filter((std) => Number.isFinite(std)));
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((part) => part * power).find((value) => value >= most * 0.95);
}

/** Shares per bin -> { z, height, beyond }: outline points within the reach, and the share outside. */
export function density(shares, edges, far) {
  const least = (2 * far) / MIN_BINS;
  const [z, height] = [[], []];
  let [from, sum, inside] = [null, 0, 0];
  for (let bin = 1; bin < edges.length; bin += 1) {
    const [low, high] = [edges[bin - 1], edges[bin]];
    if (high <= -far || low >= far) continue;
    from ??= low;
    sum += shares[bin] ?? 0;
    inside += shares[bin] ?? 0;
    if (high - from < least && bin < edges.length - 1 && edges[bin + 1] - from <= 2 * least) continue;
    z.push((from + high) / 2);
    height.push(sum / (high - from));
    [from, sum] = [null, 0];
  }
  const total = shares.reduce((all, share) => all + (share ?? 0), 0);
  return { z, height, beyond: Math.max(0, total - inside) };
}

/** moments: [{ run, label, color, textColor, moment }]; returns { data, layout, words }. */
export function buildHistogram(moments, edges, theme, size) {
  const far = reach(moments.map(({ moment }) => moment.std ?? NaN));
  const found = moments.map((arm) => ({ ...arm, ...density(arm.moment.histogram, edges, far) }));
  const data = found.map(({ label, color, z, height: y, run }) => ({
    type: "scatter", mode: "lines", x: z, y, meta: run, line: { color: color[theme.scheme], width: 2.2, shape: "linear" },
    fill: "tozeroy", fillcolor: `${color[theme.scheme]}14`,
    hovertemplate: `<b>${label}</b><br>z %{x:.3~g}<br>density %{y:.3~g}<extra></extra>`,
  }));
  const layout = layoutOf(theme, {
    ...size, uirevision: "hist",
    xaxis: fixedAxis("response z, before ReLU or addition", theme, { range: [-far, far], nticks: 7, zeroline: true, zerolinecolor: theme.muted }),
    yaxis: fixedAxis("density per unit of z", theme, { rangemode: "tozero", nticks: 5 }),
    annotations: found.slice(0, MAX_NAMES).map(({ label, textColor }, index) => ({
      text: label, xref: "paper", yref: "paper", x: 1, y: 1, xanchor: "right", yanchor: "top", yshift: -18 * index, showarrow: false, font: { color: textColor[theme.scheme] },
    })),
  });
  return { data, layout, words: tails(found, far) };
}

function tails(found, far) {
  const parts = found.flatMap(({ label, beyond, moment }) => [
    moment.not_finite > 0 && `${label}: ${percent(moment.not_finite)} not finite`,
    beyond > 0.0005 && `${label}: ${percent(beyond)} beyond ±${spoken(far)}`,
  ]).filter(Boolean);
  return parts.length ? `${parts.join("; ")}.` : `Less than 0.05 % lies beyond ±${spoken(far)}.`;
}

function percent(share) {
  return `${100 * share < 0.1 ? "less than 0.1" : fixed(100 * share, 1)} %`;
}

/** One layer of one run over time: over = { steps, histograms }; the newest stands in front. */
export function buildRidge(over, run, edges, theme, size) {
  const spread = over.histograms.map((shares) => deviation(shares, edges));
  const far = reach(spread);
  const outlines = over.histograms.map((shares) => density(shares, edges, far));
  const heights = outlines.map(({ height: y }) => Math.max(...y, 1e-9));
  const middle = heights.toSorted((a, b) => a - b)[heights.length >> 1];
  const color = run.color[theme.scheme];
  const data = outlines.map(({ z, height: y }, index) => {
    const floor = outlines.length - 1 - index; // the first on top, later ones in front
    const lifted = y.map((value) => floor + Math.min(2 * RIDGE_UP, (RIDGE_UP * value) / middle));
    return { type: "scatter", mode: "lines", x: [z[0], ...z, z.at(-1)], y: [floor, ...lifted, floor], fill: "toself", fillcolor: theme.page, line: { color, width: 1.4 }, hoverinfo: "skip" };
  });
  const stride = Math.ceil(outlines.length / Math.max(3, Math.floor((size.height - AROUND_PX) / 16)));
  const named = over.steps.map((step, index) => [step, outlines.length - 1 - index]).filter((_, index) => index % stride === 0 || index === outlines.length - 1);
  const layout = layoutOf(theme, {
    ...size, uirevision: "ridge",
    xaxis: fixedAxis("response z", theme, { range: [-far, far], nticks: 7 }),
    yaxis: fixedAxis("step", theme, { gridcolor: "rgba(0,0,0,0)", range: [-0.3, outlines.length - 0.5 + Math.min(2, heights[0] / middle) * RIDGE_UP], tickvals: named.map(([, at]) => at).toReversed(), ticktext: named.map(([step]) => grouped(step)).toReversed() }),
  });
  layout.margin.l = 40 + 0.6 * FONT_PX * Math.max(...named.map(([step]) => grouped(step).length));
  return { data, layout, words: "Each outline is one probe, the newest in front; heights are cut where they would hide others." };
}

/** The standard deviation of a histogram, from the middles of its bins. */
function deviation(shares, edges) {
  const middles = edges.slice(1).map((high, index) => ({ z: (edges[index] + high) / 2, share: shares[index + 1] ?? 0 }));
  const [sum, mean, square] = [0, 1, 2].map((power) => middles.reduce((total, { z, share }) => total + share * z ** power, 0));
  return sum ? Math.sqrt(Math.max(0, square / sum - (mean / sum) ** 2)) : NaN;
}

export function buildChannels(moments, theme, size) {
  const data = moments.map(({ label, color, moment, run }) => ({
    type: "scatter", mode: "lines+markers", x: moment.channels.map((_, index) => index + 1), y: moment.channels.map((value) => (value > 0 ? value : null)), meta: run,
    line: { color: color[theme.scheme], width: 1.6 }, marker: { size: 4, color: color[theme.scheme] },
    hovertemplate: `<b>${label}</b><br>channel of rank %{x}<br>std %{y:.3~g}<extra></extra>`,
  }));
  const every = moments.flatMap(({ moment }) => moment.channels).filter((value) => value > 0);
  const [low, high] = every.length ? [Math.log10(Math.min(...every)), Math.log10(Math.max(...every))] : [-1, 0];
  const range = [Math.floor(5 * low - 0.3) / 5, Math.ceil(5 * high + 0.3) / 5];
  const ticks = logTicks(...range, Math.max(2, Math.floor((size.height - AROUND_PX) / TICK_PX)));
  const layout = layoutOf(theme, {
    ...size, uirevision: "channels",
    xaxis: fixedAxis("channels, largest first", theme, { nticks: 6 }),
    yaxis: fixedAxis("std of a channel", theme, { type: "log", range, tickvals: ticks, ticktext: ticks.map((value) => spoken(value)) }),
  });
  return { data, layout };
}

function fixedAxis(text, theme, more) {
  return axisOf(theme, text, { fixedrange: true, ...more });
}
