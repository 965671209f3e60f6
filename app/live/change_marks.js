/**
 * What was changed in a run while it trained, and where a fork begins, as marks on the curves: a ring on the run's
 * dashed line, a dotted line at the step, and the words at its top. A pure function like figure.js.
 */
const FONT_PX = 12;
/** Width of a letter on the average, and what stands between words and their line, in pixels. */
const LETTER_PX = 6.6, GAP_PX = 12;
const MOST_NAMED = 2;

/**
 * runs of one panel; places: { end: where the x axis ends, xs(points, card, kind), y(value): null where the scale has no
 * place for it; widthPx of the panel }. Returns { data, shapes, annotations }.
 */
export function changeMarks(runs, view, theme, suffix, { end, xs, y, widthPx }) {
  const found = runs.flatMap((run) => run.card.changes.map(([step, text]) => ({ run, step, text, ...placeOf(run, step, view, xs, y) })));
  const shown = found.filter(({ x }) => x !== null);
  return {
    data: view.curves.includes("running") ? shown.filter((mark) => mark.y !== null).map((mark) => ring(mark, view, theme, suffix)) : [],
    shapes: grouped(shown).map(({ x }) => ({
      type: "line", xref: `x${suffix}`, yref: `y${suffix} domain`, x0: x, x1: x, y0: 0, y1: 1, layer: "below",
      line: { color: theme.muted, width: 1, dash: "dot" },
    })),
    annotations: words(grouped(shown), runs, { end, widthPx }, theme, suffix),
  };
}

/** Where a step lies on the dashed line: at its own point, else at the next one that has a running mean. */
function placeOf({ card, series }, step, view, xs, y) {
  const { train } = series;
  const from = train.step.findIndex((other) => other >= step);
  if (from < 0) {
    // Not there yet: steps and epochs have their place all the same.
    return { x: view.x === "seconds" ? null : xs({ step: [step] }, card, view.x)[0], y: null };
  }
  const means = train[`running_${view.metric}`];
  const at = means.findIndex((value, index) => index >= from && value !== null);
  const x = xs({ step: [train.step[from]], seconds: [train.seconds[from]] }, card, view.x)[0];
  return at < 0 ? { x, y: null } : { x, y: y(means[at]), ringAt: xs({ step: [train.step[at]], seconds: [train.seconds[at]] }, card, view.x)[0] };
}

function ring({ run, step, text, x, ringAt, y }, view, theme, suffix) {
  const colour = run.colour[theme.ground];
  return {
    type: "scatter", mode: "markers", xaxis: `x${suffix}`, yaxis: `y${suffix}`, x: [ringAt ?? x], y: [y], meta: "change",
    marker: { symbol: "circle", size: 10, color: theme.page, line: { width: 2.5, color: colour } },
    hovertemplate: `${run.label}<br>from step ${step}: ${text}<extra></extra>`,
  };
}

/** One entry per place and words, with the runs that they hold for, from left to right. */
function grouped(marks) {
  const groups = Map.groupBy(marks, ({ step, text }) => `${step} ${text}`);
  return [...groups.values()]
    .map((list) => ({ text: list[0].text, runs: list.map(({ run }) => run), x: Math.min(...list.map(({ x }) => x)) }))
    .sort((a, b) => a.x - b.x);
}

function words(groups, runs, { end, widthPx }, theme, suffix) {
  const rows = [];
  return groups.map((group) => {
    const right = group.x > 0.6 * end;
    const at = (group.x / (end || 1)) * widthPx, long = named(group, runs).length * LETTER_PX + GAP_PX;
    const [from, to] = right ? [at - long, at] : [at, at + long];
    // The first row in which nothing stands there.
    const free = rows.findIndex((taken) => taken.every(([left, rightmost]) => to < left || from > rightmost));
    const row = free < 0 ? rows.length : free;
    (rows[row] ??= []).push([from, to]);
    return {
      text: named(group, runs), showarrow: false, xref: `x${suffix}`, yref: `y${suffix} domain`, x: group.x, y: 1,
      xanchor: right ? "right" : "left", yanchor: "top", xshift: right ? -5 : 5, yshift: -row * (FONT_PX + 5) - 2,
      align: right ? "right" : "left", bgcolor: theme.page, borderpad: 1, font: { size: FONT_PX, color: theme.text },
    };
  });
}

function named({ text, runs: changed }, runs) {
  if (changed.length === runs.length && runs.length > 1) return text;
  const who = changed.length > MOST_NAMED ? `${changed.length} runs` : changed.map((run) => run.label).join(", ");
  return `${who}: ${text}`;
}
