/**
 * Nets that are arms of their own: a fork, a net that was changed while it trained, one of another recipe. The server says
 * which and why (engine/analysis/difference.py); here such a net gets its name, and is no default. Pure functions.
 */

/** Where the words of a net stand in a finding, as layer_findings.py has it. */
export function armKey({ run, arm, difference }) {
  return difference ? `run ${run}` : arm;
}

/** Whether a key of a finding is that of a net that is compared with others. */
export function isCompared(key) {
  return !key.startsWith("run ");
}

/** The arm's name, with its difference. */
export function armName({ arm, difference_name: difference }) {
  return [arm, difference].filter(Boolean).join(", ");
}

/** Name the runs: as the page named them, a run with a difference by that. */
export function nameRuns(runs) {
  const seeds = new Set(runs.map(({ card }) => card.seed)).size > 1;
  for (const run of runs) {
    const { arm, seed, difference, difference_name: name } = run.card;
    run.label = difference ? `${arm}${seeds ? ` s${seed}` : ""}, ${name}` : run.usual;
  }
}

/** The runs without a difference, all of them where each has one. */
export function comparable(runs) {
  const list = runs.filter(({ card }) => !card.difference);
  return list.length ? list : runs;
}
