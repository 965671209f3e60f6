/** A panel of bands as a Plotly figure: for each kind the area from `low` to `high`, and a line for its curve without a part. */
import { spoken } from "../../shared/format.js";
import { seeThrough } from "../../shared/plot_style.js";
import { placed } from "./colors.js";
import { axis, base, columnTicks, drawable, named, pointWords, span } from "./curves.js";
import { crowded, edgeName, endLabels, labelRoom, legendOf, strained } from "./labels.js";
import { markOf, marked, marksOf } from "./marks.js";

const MARGIN = { l: 50, t: 8, b: 46 };
const SHADE = { light: 0.2, dark: 0.3 };

export function buildBands(panel, curves, pick, { styles, width, height }, theme) {
  const all = curves.shown(panel.name, pick.cell);
  const rows = [...Map.groupBy(all, ({ row }) => row).values()];
  const spans = { x: span(all, "x", panel.x_scale), y: span(all, "y", panel.y_scale) };
  const kinds = new Set(all.map(({ kind }) => kind));
  const marks = marksOf(all);
  const names = named(all).map((curve) => ({ curve, name: rows.length > kinds.size ? edgeName(curve, markOf(marks, curve)) : curve.kind }));
  const plotPx = height - MARGIN.t - MARGIN.b;
  const annotations = spans.y && !crowded(names.map(({ name }) => name), width, plotPx)
    ? endLabels(names, [], { side: "right", range: spans.y, scale: panel.y_scale, styles, theme, plotPx, width }) : [];
  const full = strained(annotations) || !annotations.length;
  const layout = {
    ...base(theme, width, height, { ...MARGIN, r: full ? 12 : labelRoom(width) }),
    xaxis: { ...axis(panel.x, panel.x_scale, spans.x, theme), ...columnTicks(panel, theme) },
    yaxis: axis("", panel.y_scale, spans.y, theme),
  };
  if (!full) layout.annotations = annotations;
  const drawn = rows.map((row) => traces(row, styles, theme, { ...panel, marks }));
  return { data: [...drawn.map(([area]) => area), ...drawn.map(([, line]) => line)].filter(Boolean), layout, side: "right", legend: full ? legendOf(names.map(({ curve }) => curve), styles, marks) : [] };
}

function traces(row, styles, theme, panel) {
  const of = (part) => row.find((curve) => curve.part === part);
  const [low, high, line] = ["low", "high", ""].map(of);
  const style = styles[row[0].kind];
  const color = style.color[theme.scheme];
  const name = row[0].row;
  return [
    low && high && {
      type: "scatter", mode: "lines", ...outline(low, high, panel.y_scale), fill: "toself", fillcolor: seeThrough(color, SHADE[theme.scheme]), line: { color: seeThrough(color, 0.6), width: 1 },
      name: `${name}; band`, meta: "band", hoverinfo: "skip", connectgaps: false,
    },
    line && {
      type: "scatter", mode: "lines", x: line.x, y: line.y.map((y) => drawable(y, panel.y_scale)), connectgaps: false, line: { color, width: 3, dash: style.dash },
      ...marked(markOf(panel.marks, line), color), name: line.name, meta: "line", text: pointWords(line), customdata: edgeWords(line, low, high),
      hovertemplate: `${name}<br>${panel.x} %{text}${low && high ? " (%{customdata[0]} to %{customdata[1]})" : ""}<extra></extra>`,
    },
  ];
}

/** Of lines that have not changed since the last redraw, nor their edges. */
const written = new WeakMap();

/** The edges of the band at each point of its line, in words. */
function edgeWords(line, low, high) {
  const known = written.get(line);
  if (known && known.low === low && known.high === high) return known.words;
  const words = line.x.map((x) => [spoken(at(low, x)), spoken(at(high, x))]);
  written.set(line, { low, high, words });
  return words;
}

function at(curve, x) {
  return curve?.y[curve.x.indexOf(x)] ?? null;
}

/** The outline of the band, once for each stretch with finite edges. */
function outline(low, high, scale) {
  const stretches = [[]];
  low.x.forEach((x, index) => {
    const edges = [low.y[index], at(high, x)];
    if (edges.some((y) => placed(y, scale) === null)) stretches.push([]);
    else stretches.at(-1).push([x, ...edges]);
  });
  const corners = stretches.filter((stretch) => stretch.length).flatMap((stretch, index) => [
    ...(index ? [[null, null]] : []), ...stretch, ...stretch.toReversed().map(([x, , top]) => [x, top]), stretch[0],
  ]);
  return { x: corners.map(([x]) => x), y: corners.map(([, y]) => y) };
}
