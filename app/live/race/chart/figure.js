/**
 * From the points to a Plotly figure: a pure function, no DOM, no network. Which panels there are and what stands on
 * them; the curves themselves are drawn by chart/curves.js and chart/seed_curves.js, differences by
 * chart/difference_figure.js, errors over depth by chart/depth_figure.js.
 */
/** @import { Run, Theme, View, Layout, Panel, LineEnd, Metric, RunEnd, Figure, Trace } from "../../types.js" */
import { NARROW, axesOf, baseLayout, placeAxes, xEnd, yAxis } from "./axes.js";
import { groupEnd, groupTraces } from "./seed_curves.js";
import { armNames, drawnGroups } from "./seed_stats.js";
import { buildDepthFigure } from "./depth_figure.js";
import { comparedMark, editMarks, forkPoints, speakerMarks } from "./edit_marks.js";
import { AT_END, emptyTrace, inOrder, namedCurves, runEnd, runTraces } from "./curves.js";
import { buildDifferenceFigure } from "./difference_figure.js";
import { isComparable } from "../../shared/arm_names.js";
import { escaped } from "../../shared/format.js";
import { lineEnds, lineTraces } from "./imported_lines.js";
import { columnPx, endLabels, written } from "./labels.js";
import { MANY } from "./many_runs.js";
import { spikeTraces, spikes } from "./coverage.js";

export { xs } from "./axes.js";

const MAX_LABELS = 8, LINK_PX = 1.2;
/** The lines of a pinned arm are wider by this factor. */
const PINNED_WIDER = 1.7;
/** As many variants are named above a panel; more are counted. */
const MAX_NAMED = 3;
const OF_THE_PAPER = new Set(["plain", "A", "B", "C"]);

/**
 * runs: [{ card, series, color: {light, dark}, textColor, label, usual, mark }]; theme: { scheme, page, text, muted, grid, font };
 * width in pixels. Returns { data, layout }.
 *
 * view: { race, layout: "side" | "overlaid" | "gap" | "depth", metric: "error" | "loss", scale: "linear" | "log",
 * x: "step" | "epoch" | "seconds", curves: some of "running", "raw", "test", "clean" } and, where they are given,
 * seeds: "band" (default) | "lines", zoom: { x, y } (ranges in the axes' own units), big: for a room, height in pixels,
 * hidden: axes and titles without what they show.
 * @type {(runs: Run[], view: View, theme: Theme, width: number) => Figure}
 */
export function buildFigure(runs, asked, theme, width) {
  const view = { ...asked, bare: runs.length > MANY };
  const labelled = runs.map((run) => ({ ...run, label: escaped(run.label), usual: escaped(run.usual) }));
  if (view.layout === "depth") return buildDepthFigure(labelled, view, theme, width);
  if (view.layout === "gap") return buildDifferenceFigure(labelled, view, theme, width);
  const families = panels(labelled, view.layout);
  const stacked = families.length > 1 && width < NARROW;
  const { groups } = drawnGroups(labelled, view);
  const column = columnPx(families.map((family) => namesOf(family.runs, view)), view, width / (stacked ? 1 : families.length));
  const layout = baseLayout(view, theme, { end: xEnd(view, labelled), axis: yAxis(view, labelled), stacked, column });
  // Seeds are compared at equal steps, and each has a clock of its own.
  const xTitle = view.x === "seconds" && groups.length ? "seconds of training, mean of the seeds" : undefined;
  /** @type {Trace[]} */
  const data = [];
  families.forEach((family, index) => {
    const panel = placeAxes(layout, { count: families.length, index, stacked, width, title: family.title, xTitle }, view, theme);
    data.push(...(view.hidden ? [emptyTrace(panel.suffix)] : contents(family.runs, view, theme, panel, layout)));
  });
  return { data, layout };
}

/**
 * The traces of one panel; its marks and labels go into the layout.
 * @type {(runs: Run[], view: View, theme: Theme, panel: Panel, layout: Layout) => Trace[]}
 */
function contents(runs, view, theme, panel, layout) {
  const { groups, single } = drawnGroups(runs, view);
  const joins = forkPoints(runs, view);
  const marks = editMarks(runs, view, theme, panel, joins);
  for (const { shapes, annotations } of [marks, speakerMarks(runs, view, theme, panel), comparedMark(runs, view, theme, panel)]) {
    layout.shapes.push(...shapes);
    layout.annotations.push(...annotations);
  }
  /** @type {Trace[]} */
  let links = [];
  if (namedCurves(view).length) {
    const ends = [...single.flatMap((run) => runEnd(run, view) ?? []), ...groups.flatMap((group) => groupEnd(group, view) ?? [])];
    if (ends.length <= MAX_LABELS) links = endLinks(ends, theme, panel.suffix);
    // Labels at one height are pushed up in the order of the race.
    ends.sort((a, b) => runs.indexOf(a.run) - runs.indexOf(b.run));
    layout.annotations.push(...endLabels([...(ends.length > MAX_LABELS ? perArm(ends, view.metric) : ends), ...lineEnds(view, theme, panel)], view, theme, panel));
  }
  return onTop(inOrder([
    ...lineTraces(view, theme, panel.suffix),
    ...groups.flatMap((group) => groupTraces(group, view, theme, panel.suffix)),
    // Beside bands, single steps would cover everything.
    ...single.flatMap((run) => runTraces(run, view, theme, panel.suffix, { raw: !groups.length, join: joins.get(run.card.run) ?? null })),
    ...links,
    ...marks.data,
    ...(view.zoom?.y ? [] : spikeTraces(spikes(runs, view, panel.axis[1]), view, theme, panel)),
  ]), view.pins);
}

/**
 * A thin line from the end of each thick curve to the mark that its name is about: the trained net, measured anew, may lie
 * far from a mean of its last steps.
 * @type {(ends: RunEnd[], theme: Theme, suffix: string) => Trace[]}
 */
function endLinks(ends, theme, suffix) {
  return ends.flatMap(({ kind, color, curve, x, number }) => {
    const last = kind?.startsWith(AT_END) ? curve?.y.findLast((value) => value !== null) : null;
    if (typeof last !== "number" || typeof number !== "number") return [];
    return [{ ...axesOf(suffix), meta: "link", mode: "lines", x: [x, x], y: [last, number], hoverinfo: "skip", line: { color: color[theme.scheme], width: LINK_PX, dash: "dot" } }];
  });
}

/**
 * The curves of pinned runs wider, and above all others, as are pinned lines, which are wide already.
 * @type {(traces: Trace[], pins?: number[]) => Trace[]}
 */
function onTop(traces, pins = []) {
  const isPinned = (/** @type {Trace} */ { run, meta }) => pins.includes(run) && meta !== "raw";
  const wide = traces.filter(isPinned).map((trace) => (trace.line ? { ...trace, line: { ...trace.line, width: PINNED_WIDER * trace.line.width } } : trace));
  const [lines, others] = [true, false].map((pinned) => traces.filter((trace) => !isPinned(trace) && Boolean(trace.pinned) === pinned));
  return [...others, ...lines, ...wide];
}

/** @type {(runs: Run[], layout: string) => { title: string, runs: Run[] }[]} */
function panels(runs, layout) {
  const [plain, residual] = [true, false].map((family) => runs.filter(({ card }) => card.plain === family));
  if (layout !== "side" || !plain.length || !residual.length) return [{ title: "", runs }];
  return [
    { title: panelTitle("plain", "without a shortcut", plain), runs: plain },
    { title: panelTitle("residual", "with a shortcut", residual), runs: residual },
  ];
}

/**
 * `plain`, `residual (A, B)`; with other rows of the zoo the family has the wider name.
 * @type {(narrow: string, wide: string, runs: Run[]) => string}
 */
function panelTitle(narrow, wide, runs) {
  const names = [...new Set(runs.map((run) => run.card.variant))];
  if (names.length === 1 && names[0] === narrow) return narrow;
  const listed = names.length > MAX_NAMED ? `${names.length} kinds` : names.join(", ");
  return `${names.every((name) => OF_THE_PAPER.has(name)) ? narrow : wide} (${listed})`;
}

/**
 * The names that a panel will have once all of its runs train, so that its column of names does not come and go.
 * @type {(runs: Run[], view: View) => string[]}
 */
function namesOf(runs, view) {
  if (!namedCurves(view).length) return [];
  const { groups, single } = drawnGroups(runs, view), armOf = armNames(runs);
  const names = [...single.map(({ label }) => label), ...groups.map(({ arm }) => arm)];
  return names.length > MAX_LABELS ? [...new Set(runs.map(({ card }) => armOf(card)))] : names;
}

/**
 * With many lines only the arms are named, at the mean of their seeds' ends, because more names cannot be read.
 * @type {(ends: RunEnd[], metric: Metric) => RunEnd[]}
 */
function perArm(ends, metric) {
  const arms = Map.groupBy(ends, ({ run, name, note }) => (isComparable(run) ? `${run.card.race}|${run.card.arm}|${note}` : name));
  const armOf = armNames(ends.map(({ run }) => run));
  const mean = (/** @type {RunEnd[]} */ list, /** @type {"number" | "y"} */ key) => list.reduce((sum, item) => sum + (item[key] ?? 0), 0) / list.length;
  return [...arms.values()].map((list) => (list.length === 1 ? list[0] : {
    ...list[0], name: armOf(list[0].run.card), x: Math.max(...list.map(({ x }) => x)), value: written(mean(list, "number"), metric), y: mean(list, "y"),
  }));
}
