/**
 * Marks on the curves for the changes of a run and the begin of a fork: a ring on the thick line, a dotted line at the
 * step, and a short text at its top. A fork's thick line begins on its parent's, at the step that both share. Pure functions.
 */
/** @import { Run, Card, Theme, View, ForkPoint, Layout, Mark, MarkGroup, Panel, Points, Range, Trace } from "../../types.js" */
import { axesOf, positive, sizes, xs } from "./axes.js";
import { grouped } from "../../shared/format.js";

/** Width of a letter on the average as a share of its height; what stands between words and their line, in pixels. */
const LETTER = 0.52, GAP_PX = 12, BEYOND_PX = 8;
const RING = { px: 10, line: 2.5 };
/** Each run makes a common change at its own next step. Within this share of the axis the change has one mark. */
const TOGETHER = 0.03;
const MAX_NAMED = 2;
/** Nets whose steps differ by less than this share of the axis end at one place for the eye. */
const APART = 0.04;
/** The remark that names the parent of a fork. */
const FORK = /^fork of /;

/**
 * The marks of the runs of one panel. joins: where forks leave their parents.
 * @type {(runs: Run[], view: View, theme: Theme, panel: Panel, joins: Map<number, ForkPoint>) => Layout}
 */
export function editMarks(runs, view, theme, panel, joins) {
  const { suffix, end } = panel;
  const marks = runs.flatMap((run) => editsOf(run.card).flatMap(([step, text]) => {
    const { x, ...place } = placeOf(run, step, view, joins);
    return x === null ? [] : [{ run, step, text, x, ...place }];
  }));
  const groups = together(marks, end);
  return {
    data: view.curves.includes("running") ? rings(marks.filter((mark) => mark.y !== null), view, theme, suffix) : [],
    shapes: groups.map(({ x }) => ({
      type: "line", xref: `x${suffix}`, yref: `y${suffix} domain`, x0: x, x1: x, y0: 0, y1: 1, layer: "below",
      line: { color: theme.muted, width: 1, dash: "dot" },
    })),
    annotations: view.unnamed ? [] : words(groups.map((group) => ({ x: group.x, text: named(group, runs) })), view, theme, panel),
  };
}

/**
 * The changes that get a mark. A fork's first step has the mark of its begin, and the name there says what is changed.
 * @param {Card} options
 */
function editsOf({ changes, parent_step: begin }) {
  return changes.filter(([step, text]) => begin === null || step !== begin + 1 || FORK.test(text));
}

/**
 * The text of a change, shortened for a mark or a card: `rate 0.1 → 0.02`.
 * @param {string} text
 */
export function short(text) {
  return text.replace("shortcut strength", "strength").replace("learning rate", "rate").replace("weight decay", "decay").replace(/ to (?=[\d.])/, " → ");
}

/**
 * The place of a step on the thick line: its own point, else the next point with a running mean. A fork begins on its
 * parent's line.
 * @param {Run} run
 * @param {number} step
 * @param {View} view
 * @param {Map<number, ForkPoint>} joins
 * @returns {{ x: number | null, y: number | null, ringAt?: number, parent?: Run }}
 */
function placeOf({ card, series, stored }, step, view, joins) {
  const branch = joins.get(card.run);
  if (branch && step <= (card.parent_step ?? 0) + 1) return { ...branch, ringAt: branch.x };
  const train = stored ? series.drawn() : series.train;
  const from = train.step.findIndex((other) => other >= step);
  // A step that is still to come has its place by steps and epochs all the same.
  if (from < 0) return { x: view.x === "seconds" ? null : xs({ step: [step] }, card, view.x)[0], y: null };
  const means = train[`running_${view.metric}`];
  const at = means.findIndex((value, index) => index >= from && value !== null);
  const xAt = (/** @type {number} */ index) => xs({ step: [train.step[index]], seconds: [train.seconds[index]] }, card, view.x)[0];
  return { x: xAt(from), ...(at < 0 ? { y: null } : { y: positive([means[at]], view.scale)[0], ringAt: xAt(at) }) };
}

/**
 * One ring for each place. Forks that begin at one point share a ring with their parent's color.
 * @type {(marks: Mark[], view: View, theme: Theme, suffix: string) => Trace[]}
 */
function rings(marks, view, theme, suffix) {
  const { line, mark: size } = sizes(view);
  return [...Map.groupBy(marks, ({ x, ringAt, y }) => `${ringAt ?? x} ${y}`).values()].map((same) => {
    const [{ run, parent, x, ringAt, y }] = same;
    const owner = new Set(same.map((mark) => mark.run)).size > 1 ? parent ?? run : run;
    const lines = same.map(({ run: { label }, step, text }) => `${label}<br>from step ${step}: ${text}`);
    return {
      ...axesOf(suffix), mode: "markers", x: [ringAt ?? x], y: [y], meta: "change", name: owner.label,
      marker: { symbol: "circle", size: RING.px * size, color: theme.page, line: { width: RING.line * line, color: owner.color[theme.scheme] } },
      hovertemplate: `${lines.join("<br>")}<extra></extra>`,
    };
  });
}

/**
 * One entry per change and place, with the runs that it holds for, from left to right.
 * @type {(marks: Mark[], end: number) => MarkGroup[]}
 */
function together(marks, end) {
  /** @type {MarkGroup[]} */
  const groups = [];
  for (const { run, text, x } of marks.toSorted((a, b) => a.x - b.x)) {
    const same = groups.findLast((group) => group.text === text && !group.runs.includes(run) && x - group.x <= TOGETHER * end);
    if (same) same.runs.push(run);
    else groups.push({ text, x, runs: [run] });
  }
  return groups;
}

/**
 * The texts of the marks, each in the first row that has room for the text.
 * @type {(marks: { x: number, text: string }[], view: View, theme: Theme, panel: Panel) => Layout[]}
 */
function words(marks, view, theme, { suffix, end, widthPx }) {
  /** @type {Range[][]} */
  const rows = [];
  const { words: font } = sizes(view);
  return marks.map(({ x, text }) => {
    const at = (x / (end || 1)) * widthPx, long = text.length * LETTER * font + GAP_PX;
    // To the right of the line, unless there is more room to the left; a little beyond the axis there is still some.
    const right = at + long > widthPx + BEYOND_PX && at > widthPx - at;
    const [from, to] = right ? [at - long, at] : [at, at + long];
    const free = rows.findIndex((taken) => taken.every(([left, rightmost]) => to < left || from > rightmost));
    const row = free < 0 ? rows.length : free;
    (rows[row] ??= []).push([from, to]);
    return {
      text, showarrow: false, xref: `x${suffix}`, yref: `y${suffix} domain`, x, y: 1,
      xanchor: right ? "right" : "left", yanchor: "top", xshift: right ? -5 : 5, yshift: -row * (font + 5) - 2,
      align: right ? "right" : "left", bgcolor: theme.page, borderpad: 1, opacity: 0.85, font: { size: font, color: theme.text },
    };
  });
}

/**
 * A fork's name says what it is. A changed run has the name from before the change, for the mark is the difference; a
 * change of every run of the panel needs no name.
 * @type {(group: MarkGroup, runs: Run[]) => string}
 */
function named({ text, runs: changed }, runs) {
  const fork = FORK.test(text), all = runs.filter(({ card }) => card.parent === null).length;
  if (!fork && changed.length === all && all > 1) return short(text);
  const names = changed.map(({ card, label, usual }) => (card.parent === null ? usual : label));
  // Names of forks are long, and stand at the ends of their lines.
  if (fork) return names.length > 1 ? `${names.length} forks` : names[0];
  return `${names.length > MAX_NAMED ? `${names.length} runs` : names.join(" and ")}: ${short(text)}`;
}

/**
 * Where each fork among the runs leaves its parent: Map of the fork's number to { x, y, parent }. A fork has no
 * point where its parent is not drawn or has no running mean at that step.
 * @type {(runs: Run[], view: View) => Map<number, ForkPoint>}
 */
export function forkPoints(runs, view) {
  const byId = new Map(runs.map((run) => [run.card.run, run]));
  const points = new Map();
  for (const { card } of runs) {
    const parent = card.parent === null ? undefined : byId.get(card.parent);
    const point = parent && pointAt(parent.series.drawn(), card.parent_step ?? 0, `running_${view.metric}`);
    if (!point || (view.scale === "log" && point.value <= 0)) continue;
    points.set(card.run, { x: xs({ step: [point.step], seconds: [point.seconds] }, parent.card, view.x)[0], y: point.value, parent });
  }
  return points;
}

/**
 * The lines that a speaker has dropped on the curves, each named at its foot, where no change has its words. By seconds
 * a step is where the first run reached it.
 * @type {(runs: Run[], view: View, theme: Theme, panel: Pick<Panel, "suffix" | "end">) => { shapes: Layout[], annotations: Layout[] }}
 */
export function speakerMarks(runs, view, theme, { suffix, end }) {
  const { line, label } = sizes(view);
  const marks = (view.marks ?? []).flatMap((step) => {
    const x = runs.map((run) => placeOf(run, step, view, new Map()).x).find((place) => place !== null);
    return x === undefined || x === null ? [] : [{ step, x }];
  });
  return {
    shapes: marks.map(({ x }) => ({
      type: "line", xref: `x${suffix}`, yref: `y${suffix} domain`, x0: x, x1: x, y0: 0, y1: 1, line: { color: theme.text, width: 1.5 * line },
    })),
    annotations: marks.map(({ step, x }) => ({
      text: `<b>here</b>, step ${grouped(step)}`, showarrow: false, xref: `x${suffix}`, yref: `y${suffix} domain`, x, y: 0, yanchor: "bottom",
      ...(x > end / 2 ? { xanchor: "right", xshift: -3 } : { xanchor: "left", xshift: 3 }), bgcolor: theme.page, borderpad: 2, font: { size: label, color: theme.text },
    })),
  };
}

/**
 * Where nets of different speed are compared while they train: at the step that all of them have reached. The numbers at
 * their names are of other steps, so without this line they seem to contradict the headline.
 * @type {(runs: Run[], view: View, theme: Theme, panel: Pick<Panel, "suffix" | "end">) => { shapes: Layout[], annotations: Layout[] }}
 */
export function comparedMark(runs, view, theme, { suffix, end }) {
  const { gaps, metric, x: axis } = view, nothing = { shapes: [], annotations: [] };
  if (!gaps || gaps.end || !runs.length || metric !== "error" || axis === "seconds") return nothing;
  const placeOfStep = (/** @type {number} */ step) => xs({ step: [step], seconds: [0] }, runs[0].card, axis)[0];
  const x = placeOfStep(gaps.step);
  if (placeOfStep(Math.max(...runs.map(({ series }) => series.lastStep))) - x < APART * end) return nothing;
  return {
    shapes: [{ type: "line", xref: `x${suffix}`, yref: `y${suffix} domain`, x0: x, x1: x, y0: 0, y1: 1, layer: "below", line: { color: theme.muted, width: 1, dash: "dash" } }],
    annotations: [{
      text: `compared at step ${grouped(gaps.step)}`, showarrow: false, xref: `x${suffix}`, yref: `y${suffix} domain`, x, y: 0, yanchor: "bottom",
      ...(x > end / 2 ? { xanchor: "right", xshift: -3 } : { xanchor: "left", xshift: 3 }), font: { size: sizes(view).words, color: theme.muted },
    }],
  };
}

/**
 * A curve's value at a step, interpolated between the points that are drawn; null outside of them.
 * @type {(points: Points, step: number, key: string) => { step: number, value: number, seconds: number } | null}
 */
function pointAt(points, step, key) {
  const values = points[key];
  const after = points.step.findIndex((other, index) => other >= step && Number.isFinite(values[index]));
  if (after < 0) return null;
  if (points.step[after] === step) return { step, value: Number(values[after]), seconds: points.seconds[after] };
  const before = values.findLastIndex((value, index) => index < after && points.step[index] < step && Number.isFinite(value));
  if (before < 0) return null;
  const share = (step - points.step[before]) / (points.step[after] - points.step[before]);
  const between = (/** @type {(number | null)[]} */ column) => Number(column[before]) + share * (Number(column[after]) - Number(column[before]));
  return { step, value: between(values), seconds: between(points.seconds) };
}
