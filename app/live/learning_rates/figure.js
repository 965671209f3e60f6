/** Learning-rate curves as a Plotly figure: training error at the end of each trial against its rate (assets/docs/results.md). */
import { pushedApart } from "../shared/axis_labels.js";

const FONT_PX = 14;
const LABEL_PX = 17;
const NARROW_PX = 480;

/** curves: see component.py. Returns { data, layout }. */
export function buildRates(curves, theme, width, height) {
  const rates = [...new Set(curves.flatMap(({ trials }) => trials.map(({ lr }) => lr)))].toSorted((a, b) => a - b);
  const longest = Math.max(0, ...curves.map(({ arm }) => arm.length));
  const margin = { t: 16, r: 22 + Math.ceil(0.56 * (FONT_PX - 1) * longest), b: 48, l: width < NARROW_PX ? 44 : 56 };
  const axis = { gridcolor: theme.grid, linecolor: theme.muted, zeroline: false, fixedrange: true, tickfont: { color: theme.muted } };
  const [low, high] = [rates[0] ?? 0.01, rates.at(-1) ?? 0.1].map(Math.log10);
  const room = 0.06 * (high - low + 1);
  const layout = {
    uirevision: "keep", width, height, margin, showlegend: false, hovermode: "closest", dragmode: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: theme.font, size: FONT_PX, color: theme.text },
    hoverlabel: { bgcolor: theme.page, font: { family: theme.font, color: theme.text } },
    xaxis: { ...axis, type: "log", range: [low - room, high + room], tickvals: rates, ticktext: rates.map(String), title: { text: "learning rate", standoff: 8, font: { size: FONT_PX, color: theme.muted } } },
    yaxis: { ...axis, range: [0, 100], title: { text: "training error (%)", standoff: 6, font: { size: FONT_PX, color: theme.muted } } },
    annotations: labels(curves, theme, (height - margin.t - margin.b) / 100),
  };
  return { data: curves.flatMap((curve) => traces(curve, theme)), layout };
}

function traces({ arm, mark, chosen, color, trials }, theme) {
  const own = color[theme.scheme];
  const points = (list, style) => ({ type: "scatter", mode: "markers", meta: arm, x: list.map(({ lr }) => lr), y: list.map(({ error }) => error), ...style });
  const ended = finished(trials);
  const lost = trials.filter(({ end, error }) => end === "without" || (end === "finished" && error === null));
  const going = trials.filter(({ end, error }) => !end && error !== null);
  const taken = ended.filter(({ lr }) => lr === chosen);
  return [
    points(ended, { name: arm, mode: "lines+markers", line: { color: own, width: 2 }, marker: { symbol: mark, size: 8, color: own }, hovertemplate: `${arm}<br>rate %{x:g}<br>training error %{y:.1f} %<extra></extra>` }),
    lost.length && points(lost, {
      name: `${arm}, without an error`, y: lost.map(() => 100), text: lost.map(({ state }) => state), cliponaxis: false,
      marker: { symbol: "x-thin-open", size: 10, color: own, line: { width: 2 } }, hovertemplate: `${arm}<br>rate %{x:g}<br>no error: it %{text}<extra></extra>`,
    }),
    going.length && points(going, { name: `${arm}, so far`, marker: { symbol: `${mark}-open`, size: 8, color: own }, hovertemplate: `${arm}<br>rate %{x:g}<br>so far %{y:.1f} %<extra></extra>` }),
    taken.length && points(taken, { name: `${arm}, chosen`, marker: { symbol: "circle-open", size: 18, color: own, line: { width: 2.5 } }, hovertemplate: `${arm}<br>chosen: %{x:g}<extra></extra>` }),
  ].filter(Boolean);
}

function finished(trials) {
  return trials.filter(({ end, error }) => end === "finished" && error !== null);
}

/** Names at the line ends, pushed apart. */
function labels(curves, theme, perPoint) {
  const ends = curves.flatMap((curve) => finished(curve.trials).slice(-1).map(({ lr, error }) => ({ curve, lr, error, natural: error * perPoint, px: LABEL_PX })));
  return pushedApart(ends, { bottom: -Infinity, top: 100 * perPoint + LABEL_PX / 2 }).map(({ curve, lr, error, natural, at }) => ({
    text: curve.arm, x: Math.log10(lr), y: error, xref: "x", yref: "y", xanchor: "left", yanchor: "middle", xshift: 14,
    yshift: at - natural, showarrow: false, font: { size: FONT_PX - 1, color: curve.textColor[theme.scheme] },
  }));
}
