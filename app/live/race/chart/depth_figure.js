/**
 * Error against depth, the picture in which degradation was first seen: the last errors of each shortcut type over depth,
 * every seed a dot, the mean with its 95 % t interval. The server says which runs count (engine/analysis/depth_errors.py),
 * and mean and interval once none of an arm goes on. Until then the newest errors are drawn, faint and without an interval.
 * A pure function like chart/figure.js.
 */
/** @import { Run, Theme, View, Layout, Trace, Figure, LineEnd, LegendEntry } from "../../types.js" */
import { baseLayout, axesOf, lastOf, placeAxes, sizes } from "./axes.js";
import { MEAN_WIDER } from "./seed_curves.js";
import { curveStyles, curveTable, emptyTrace, nameOf } from "./curves.js";
import { endLabels, written } from "./labels.js";
import { seeThrough } from "../../shared/plot_style.js";
import { depthName, isComparable } from "../../shared/arm_names.js";
import { grouped, plural, sum } from "../../shared/format.js";
import { ENDED, RUNNING_WINDOW } from "../../shared/run_states.js";
import { stepOf } from "../series.js";

/**
 * What the server says of one arm: see DepthFact.
 * @typedef {{ shortcut: string, depth: number, final: boolean, mean: number | null, low: number | null, high: number | null, counted: number[], seeds: number, missing: [run: number, why: string][] }} Fact
 * One run's last error.
 * @typedef {{ run: Run, step: number, error: number }} Dot
 * One depth of a line. Without an interval `low` and `high` are null. `seeds` says how many seeds the mean is of, and what became of the others.
 * @typedef {{ arm: string, depth: number, mean: number, low: number | null, high: number | null, provisional: boolean, counted: number, seeds: string, dots: Dot[] }} Point
 * `run` is of a depth in the middle: its hue is clear on both grounds. `words` say which error it is, `fewer` which arms lack seeds.
 * @typedef {{ curve: "running" | "clean" | "test", variant: string, shortcut: string, words: string, run: Run, points: Point[], fewer: string[] }} DepthLine
 */

/** The x axis goes from 0, the shallowest net, to 1, the deepest, in the logarithm of depth, and this much further on both sides. */
const MARGIN = 0.05;
/** The names stand beyond the deepest net. */
const NAMES = 0.12;
/** Lines stand so far apart at one depth, that their intervals do not cover each other; a seed's dot stands half as far. */
const APART_PX = 11;
/** Of the distance between two depths the lines take this share at most. */
const MAX_SHARE = 0.6;
/** Two ticks nearer than this cannot both be read. */
const TICK_PX = 20, NAMED_TICK_PX = 80;
const FAINT = 0.4, DOT_OPACITY = 0.6;
/** More runs that are not compared are named by the pointer alone. */
const MAX_NAMED = 4;
/** Nets that stand before this place have their names on the right. */
const MIDDLE = 0.4;
/** The y axis ends at a multiple of so many points. */
const ROUND = 10;
/** What a room is told while nets train. */
const ROOM_NOTE = "still training: newest errors, faint";
/** There are no losses in this picture. */
const ERRORS = /** @type {View} */ ({ metric: "error" });

/**
 * The same arguments and result as buildFigure, for errors on a linear scale.
 * @type {(runs: Run[], view: View, theme: Theme, width: number) => Figure}
 */
export function buildDepthFigure(runs, view, theme, width) {
  const lines = depthLines(runs, view), { drawn: aside, unmeasured } = others(runs, view);
  const place = placesOf(runs);
  const layout = baseLayout(view, theme, { end: 1 + MARGIN + NAMES, axis: [0, top(lines, aside, view)], stacked: false });
  const yTitle = view.curves.length === 1 ? `${view.curves[0] === "test" ? "test" : "training"} error (%)` : "error (%)";
  const panel = placeAxes(layout, { count: 1, index: 0, stacked: false, width, title: "error against depth", xTitle: "depth (weighted layers, log scale)", yTitle }, view, theme);
  const depths = depthsOf(runs);
  panel.x = view.zoom?.x ?? [-MARGIN, 1 + MARGIN + NAMES];
  const perPx = (panel.x[1] - panel.x[0]) / panel.widthPx;
  Object.assign(layout.xaxis, { ...ticks(runs, place, perPx * sizes(view).pad), tickangle: 0, range: panel.x });
  if (view.hidden || !runs.length) return { data: [emptyTrace("")], layout };
  // One seed has no interval that could cover another: every mean stands at its depth.
  const wide = lines.some(({ points }) => points.some(({ low, dots }) => low !== null || dots.length > 1));
  const apart = !wide ? 0 : Math.min(APART_PX * sizes(view).mark * perPx, (MAX_SHARE * closest(depths, place)) / Math.max(1, lines.length));
  const data = lines.flatMap((line, index) => {
    const at = (/** @type {number} */ depth) => place(depth) + (index - (lines.length - 1) / 2) * apart;
    return [meanTrace(line, at, view, theme), dotTrace(line, (depth) => at(depth) + apart / 2, view, theme)];
  });
  const before = (/** @type {number} */ depth) => place(depth) - (lines.length / 2) * apart;
  if (aside.length) data.push(otherTrace(aside, before, view, theme));
  if (aside.length <= MAX_NAMED) layout.annotations.push(...aside.map((dot) => otherName(dot, before, view, theme)));
  const first = lines[0]?.curve;
  layout.annotations.push(...endLabels(lines.filter(({ curve, points }) => curve === first && points.length).map((line) => lineEnd(line, place, (lines.length / 2) * apart)), view, theme, panel));
  const nowhere = unmeasured.length > MAX_NAMED ? [`${unmeasured.length} runs`] : unmeasured.map((run) => nameOfOther(run, view));
  const going = provisionalWords(view);
  const notes = [view.room && going ? ROOM_NOTE : going.replace(", ", ",<br>"), ...nowhere.map((name) => `without an error: ${name}`)].filter(Boolean);
  if (notes.length) layout.annotations.push(note(notes.join("<br>"), view, theme));
  return { data, layout };
}

/**
 * The lines that are drawn, one for each shown curve of each shortcut type; depths without an error are left out.
 * @type {(runs: Run[], view: View) => DepthLine[]}
 */
export function depthLines(runs, view) {
  const types = [...Map.groupBy(runs.filter(isComparable), ({ card }) => card.shortcut)];
  return shownCurves(view).flatMap((curve) => types.map(([shortcut, members]) => {
    const arms = [...Map.groupBy(members, ({ card }) => card.depth)].toSorted(([a], [b]) => a - b);
    const run = arms[Math.floor((arms.length - 1) / 2)][1][0];
    const facts = factsOf(view, curve).filter((fact) => fact.shortcut === shortcut);
    const told = arms.flatMap(([depth, list]) => facts.filter((fact) => fact.depth === depth).map((fact) => ({ list, fact })));
    return {
      curve, shortcut, run, variant: run.card.variant, words: curveTable(view)[curve][2],
      points: told.flatMap(({ list, fact }) => pointOf(list, curve, fact)),
      fewer: told.filter(({ fact }) => fact.missing.length).map(({ list, fact }) => `${list[0].card.arm}: ${seedsText(fact, dotsOf(list, curve, fact).counted.length)}`),
    };
  }));
}

/**
 * One row for each seed of a line, and for each run that is not compared, as a table to export.
 * @type {(runs: Run[], view: View) => unknown[][]}
 */
export function depthRows(runs, view) {
  if (view.hidden) return [];
  const row = (/** @type {Run} */ { card }, /** @type {unknown[]} */ rest, seeds = "") => [card.shortcut, card.depth, card.seed, card.run, ...rest, card.difference, seeds];
  const { drawn, unmeasured } = others(runs, view), [first] = shownCurves(view);
  return [
    ...depthLines(runs, view).flatMap(({ curve, points }) => points.flatMap(({ mean, low, high, provisional, seeds, dots }) => dots.map(({ run, step, error }) => [curve, ...row(run, [step, error, mean, low, high, provisional], seeds)]))),
    ...[...drawn, ...unmeasured.map((run) => ({ run, step: stepOf(run), error: null }))].map(({ run, step, error }) => [first, ...row(run, [step, error, null, null, null, null])]),
  ];
}
export const DEPTH_COLUMNS = ["curve", "shortcut", "depth", "seed", "run", "step", "error", "mean", "low", "high", "provisional", "difference", "seeds"];

/**
 * What the picture is of, in words, for the line below it and for its caption.
 * @type {(runs: Run[], view: View) => string}
 */
export function depthShown(runs, view) {
  const lines = depthLines(runs, view), { drawn: aside, unmeasured } = others(runs, view);
  const points = lines.flatMap((line) => line.points), known = new Set(lines.filter(({ curve }) => curve === lines[0].curve).flatMap(({ fewer }) => fewer));
  const drawn = new Set(points.flatMap(({ dots }) => dots.map(({ run }) => run.card.run)));
  const several = points.some(({ dots }) => dots.length > 1), intervals = points.some(({ low }) => low !== null);
  return [
    provisionalWords(view) || `last errors of ${plural(drawn.size, "run")}`,
    view.gaps?.end && !view.curves.includes("clean") && "the headline is of the errors at the end (clean), not drawn",
    view.curves.includes("test") && "test error of a finished run: the whole test set",
    several && `mean of the seeds${intervals ? " with its 95 % t interval" : ""}`,
    lines.flatMap(({ curve, words, fewer }) => (curve === lines[0].curve ? fewer : fewer.filter((text) => !known.has(text)).map((text) => `${words} of ${text}`))).join(", "),
    aside.length && `hollow: not compared (${aside.map(({ run }) => nameOfOther(run, view)).join(", ")})`,
    unmeasured.length && `without an error: ${unmeasured.map((run) => nameOfOther(run, view)).join(", ")}`,
  ].filter(Boolean).join("; ");
}

/**
 * Entries of the legend of an exported picture, see chart/legend.js.
 * @type {(runs: Run[], view: View, theme: Theme) => LegendEntry[]}
 */
export function depthLegend(runs, view, theme) {
  const lines = depthLines(runs, view);
  const meanings = Map.groupBy(lines, ({ curve }) => curve);
  const several = lines.some(({ points }) => points.some(({ dots }) => dots.length > 1));
  return [
    ...lines.filter(({ curve }) => curve === lines[0].curve).map(({ variant, run }) => ({ name: variant, color: run.color[theme.scheme], width: 3, symbol: run.mark })),
    ...[...meanings].map(([curve, [{ words, run }]]) => {
      const { line, marker } = curveStyles(run, { ...view, big: false }, theme)[curve];
      return { name: words, color: theme.text, meaning: true, width: line?.width ?? 1, dash: line?.dash, symbol: marker?.symbol ?? "circle" };
    }),
    ...(several ? [{ name: "each seed", color: theme.text, meaning: true, symbol: "circle", opacity: DOT_OPACITY }] : []),
  ];
}

/**
 * Single steps are no errors of a net.
 * @param {View} view
 */
function shownCurves({ curves }) {
  return /** @type {const} */ (["running", "clean", "test"]).filter((curve) => curves.includes(curve));
}

/**
 * A list of one point, empty while none of the runs that count has an error here.
 * @type {(list: Run[], curve: DepthLine["curve"], fact: Fact) => Point[]}
 */
function pointOf(list, curve, fact) {
  const { depth, final, mean, low, high } = fact, { dots, counted } = dotsOf(list, curve, fact);
  if (!counted.length) return [];
  const point = { arm: list[0].card.arm, depth, low, high, provisional: !final, counted: counted.length, seeds: seedsText(fact, counted.length), dots };
  return [{ ...point, mean: mean ?? sum(counted, ({ error }) => error) / counted.length }];
}

/**
 * The dots of an arm, and those of them whose runs count.
 * @type {(list: Run[], curve: DepthLine["curve"], fact: Fact) => { dots: Dot[], counted: Dot[] }}
 */
function dotsOf(list, curve, { counted, missing }) {
  const dots = list.filter(({ card }) => !missing.some(([run]) => run === card.run)).flatMap((run) => lastError(run, curve));
  return { dots, counted: dots.filter(({ run }) => counted.includes(run.card.run)) };
}

/**
 * `3 seeds`, `2 of 3 seeds (1 diverged)`.
 * @type {(fact: Fact, counted: number) => string}
 */
function seedsText({ seeds, missing }, counted) {
  const lost = [...Map.groupBy(missing, ([, why]) => why)].map(([why, runs]) => `${runs.length} ${why}`).join(", ");
  const of = counted < seeds ? `${counted} of ${plural(seeds, "seed")}` : counted === 1 ? "one seed" : plural(counted, "seed");
  return lost ? `${of} (${lost})` : of;
}

/** @type {(run: Run, curve: DepthLine["curve"]) => Dot[]} */
function lastError(run, curve) {
  const { card, series } = run;
  // A mean of fewer steps is of errors at the very start.
  if (curve === "running" && stepOf(run) < Math.min(RUNNING_WINDOW, card.total_steps)) return [];
  const [split, key] = curveTable(ERRORS)[curve];
  const error = series.latest(curve === "test" && card.state === "finished" ? "test" : split, key);
  return error === undefined ? [] : [{ run, step: stepOf(run), error }];
}

/**
 * The runs that are no part of a mean: forks, changed runs, other recipes, and those of which the server says why they are missing.
 * Drawn are those with an error; unmeasured are those that ended without one.
 * @type {(runs: Run[], view: View) => { drawn: Dot[], unmeasured: Run[] }}
 */
function others(runs, view) {
  const [first] = shownCurves(view);
  const aside = first ? runs.filter((run) => !isComparable(run) || whyMissing(run, view)) : [];
  return {
    drawn: aside.flatMap((run) => lastError(run, first)),
    unmeasured: aside.filter((run) => ENDED.has(run.card.state) && !lastError(run, first).length),
  };
}

/** @type {(run: Run, view: View) => string | undefined} */
function whyMissing({ card }, view) {
  return factsOf(view).flatMap(({ missing }) => missing).find(([run]) => run === card.run)?.[1];
}

/**
 * What the server says of the arms, about one curve, else about the first that is shown.
 * @type {(view: View, curve?: string) => Fact[]}
 */
function factsOf(view, curve = shownCurves(view)[0] ?? "running") {
  return Object.entries(view.depths?.[curve] ?? {}).flatMap(([shortcut, rows]) => rows.map(([depth, final, mean, low, high, counted, seeds, missing]) => ({ shortcut, depth, final, mean, low, high, counted, seeds, missing })));
}

/** @type {(run: Run, view: View) => string} */
function nameOfOther(run, view) {
  const { state } = run.card;
  const end = ENDED.has(state) && state !== "finished" ? `${state} at ${stepOf(run)}` : whyMissing(run, view);
  return [run.label, end].filter(Boolean).join(", ");
}

/**
 * Where a depth stands on the x axis.
 * @type {(runs: Run[]) => (depth: number) => number}
 */
function placesOf(runs) {
  const depths = runs.map(({ card }) => card.depth);
  const [least, most] = [Math.log(Math.min(...depths)), Math.log(Math.max(...depths))];
  return (depth) => (Math.log(depth) - least) / Math.max(1e-9, most - least);
}

/** @type {(depths: number[], place: (depth: number) => number) => number} */
function closest(depths, place) {
  return Math.min(1, ...depths.slice(1).map((depth, index) => place(depth) - place(depths[index])));
}

/** @param {Run[]} runs */
function depthsOf(runs) {
  return [...new Set(runs.map(({ card }) => card.depth))].toSorted((a, b) => a - b);
}

/** @type {(runs: Run[], place: (depth: number) => number, perPx: number) => Layout} */
function ticks(runs, place, perPx) {
  const names = new Map(runs.map(({ card }) => [card.depth, depthName(card).replace(" (", "<br>(")]));
  const apart = [...names.values()].some((name) => name.includes("<br>")) ? NAMED_TICK_PX : TICK_PX;
  /** @type {number[]} */
  const shown = [];
  for (const depth of depthsOf(runs)) if (!shown.length || (place(depth) - place(lastOf(shown))) / perPx >= apart) shown.push(depth);
  return { tickvals: shown.map(place), ticktext: shown.map((depth) => names.get(depth)) };
}

/** @type {(lines: DepthLine[], aside: Dot[], view: View) => number} */
function top(lines, aside, { hidden }) {
  if (hidden) return 100;
  const errors = [...lines.flatMap(({ points }) => points.flatMap(({ high, dots }) => [high ?? 0, ...dots.map(({ error }) => error)])), ...aside.map(({ error }) => error)];
  return Math.min(100, ROUND * Math.ceil(1.05 * Math.max(1, ...errors) / ROUND));
}

/** @type {(line: DepthLine, at: (depth: number) => number, view: View, theme: Theme) => Trace} */
function meanTrace({ curve, variant, words, run, points }, at, view, theme) {
  const { line, marker } = curveStyles(run, view, theme, MEAN_WIDER)[curve];
  const { line: wide, mark } = sizes(view);
  const color = run.color[theme.scheme];
  const ends = (/** @type {"low" | "high"} */ end) => points.map(({ mean, [end]: value }) => (value === null ? null : Math.abs(value - mean)));
  return {
    ...axesOf(""), name: variant, meta: "depth", mode: "lines+markers", x: points.map(({ depth }) => at(depth)), y: points.map(({ mean }) => mean),
    line: line ?? { color, width: wide }, marker: { ...(marker ?? { symbol: run.mark, color }), size: 9 * mark, opacity: points.map(({ provisional }) => (provisional ? FAINT : 1)) },
    error_y: { type: "data", symmetric: false, array: ends("high"), arrayminus: ends("low"), color, thickness: 1.5 * wide, width: 4 * mark },
    text: points.map((point) => [point.arm, `${words}: ${written(point.mean, "error")} %`, meanWords(point)].filter(Boolean).join("<br>")),
    hovertemplate: "%{text}<extra></extra>",
  };
}

/** @param {Point} point */
function meanWords({ low, high, provisional, counted, seeds }) {
  const of = `${counted > 1 ? "mean of " : ""}${seeds}`;
  if (provisional) return `${of}, provisional`;
  return low === null || high === null ? of : `${of}, 95 % interval ${written(low, "error")} to ${written(high, "error")}`;
}

/** @type {(line: DepthLine, at: (depth: number) => number, view: View, theme: Theme) => Trace} */
function dotTrace({ variant, words, run, points }, at, view, theme) {
  // A single seed stands where its mean stands.
  const dots = points.flatMap(({ depth, dots: all }) => (all.length > 1 ? all.map((dot) => ({ ...dot, depth })) : []));
  return {
    ...axesOf(""), name: variant, meta: "dot", mode: "markers", x: dots.map(({ depth }) => at(depth)), y: dots.map(({ error }) => error),
    marker: { symbol: "circle", size: 5 * sizes(view).mark, color: run.color[theme.scheme], opacity: dots.map(({ run: { card } }) => (ENDED.has(card.state) ? DOT_OPACITY : FAINT)) },
    text: dots.map((dot) => dotWords(dot, words)), hovertemplate: "%{text}<extra></extra>",
  };
}

/** @type {(dot: Dot, words: string) => string} */
function dotWords({ run: { card }, error, step }, words) {
  return `${card.arm}, seed ${card.seed}<br>${words}: ${written(error, "error")} %<br>after ${grouped(step)} steps`;
}

/** @type {(dots: Dot[], at: (depth: number) => number, view: View, theme: Theme) => Trace} */
function otherTrace(dots, at, view, theme) {
  const { mark, line } = sizes(view);
  const [first] = shownCurves(view);
  return {
    ...axesOf(""), name: "not compared", meta: "other", mode: "markers", x: dots.map(({ run }) => at(run.card.depth)), y: dots.map(({ error }) => error),
    marker: { symbol: "circle-open", size: 9 * mark, color: dots.map(({ run }) => run.color[theme.scheme]), line: { width: 1.5 * line } },
    text: dots.map((dot) => `${nameOfOther(dot.run, view)}<br>${curveTable(view)[first][2]}: ${written(dot.error, "error")} %<br>not compared`), hovertemplate: "%{text}<extra></extra>",
  };
}

/**
 * The name of a run that is not compared, on the side where there is room.
 * @type {(dot: Dot, at: (depth: number) => number, view: View, theme: Theme) => Layout}
 */
function otherName(dot, at, view, theme) {
  const x = at(dot.run.card.depth), side = x < MIDDLE ? 1 : -1;
  return {
    text: nameOfOther(dot.run, view), showarrow: false, x, y: dot.error, xshift: 8 * side, xanchor: side > 0 ? "left" : "right", yanchor: "middle",
    bgcolor: seeThrough(theme.page, 0.85), font: { size: sizes(view).words, color: dot.run.textColor[theme.scheme] },
  };
}

/** @type {(line: DepthLine, place: (depth: number) => number, beside: number) => LineEnd} */
function lineEnd({ run, variant, points }, place, beside) {
  const { depth, mean } = points[points.length - 1];
  const curve = { x: points.map((point) => place(point.depth)), y: points.map((point) => point.mean) };
  return { ...nameOf(run, variant), curve, value: written(mean, "error"), x: place(depth) + beside, y: mean };
}

/**
 * How many arms go on; "" when none does.
 * @param {View} view
 */
function provisionalWords(view) {
  const arms = factsOf(view), going = arms.filter(({ final }) => !final);
  return going.length ? `provisional: ${going.length} of ${plural(arms.length, "arm")} have not ended, their newest errors are drawn faint` : "";
}

/** @type {(text: string, view: View, theme: Theme) => Layout} */
function note(text, view, theme) {
  return { text, showarrow: false, xref: "x domain", yref: "y domain", x: 0, y: 1, xanchor: "left", yanchor: "top", xshift: 6, align: "left", font: { size: sizes(view).words, color: theme.muted } };
}
