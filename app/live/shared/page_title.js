/** The progress of what trains, before the title of the window: `42 % - Race 3: plain and A, 20 and 56 - Skipscope`; of a replay `REPLAY - Race 3`. */

import { isLive } from "./run_states.js";

const PROGRESS = /^(?:\d+ %|REPLAY) - /;

/** @typedef {{ card: { state: string, step: number, total_steps?: number, total?: number }, series?: { lastStep: number } }} Progressing */

/**
 * The title with the progress of these runs, and without any where none of them goes on; recorded: they are played.
 * @type {(title: string, runs: Progressing[], recorded?: boolean) => string}
 */
export function withProgress(title, runs, recorded = false) {
  const plain = title.replace(PROGRESS, "");
  if (recorded) return `REPLAY - ${plain}`;
  const all = runs.reduce((sum, { card }) => sum + (card.total_steps ?? card.total ?? 0), 0);
  if (!all || !isLive(runs)) return plain;
  const done = runs.reduce((sum, { card, series }) => sum + Math.max(card.step, series?.lastStep ?? 0), 0);
  return `${Math.floor((100 * done) / all)} % - ${plain}`;
}

/** @type {(() => void) | null} writes the title anew where the script has written its own */
let again = null;
/** @type {MutationObserver | undefined} */
let watching;

/** Hear of each title that the script writes: without its beginning a replay would pass for what trains now. */
function watch() {
  const title = document.querySelector?.("title");
  if (watching || !title || typeof MutationObserver === "undefined") return;
  watching = new MutationObserver(() => again?.());
  watching.observe(title, { childList: true });
}

/** @type {object | null} the view whose progress is shown */
let shown = null;

/**
 * Write the progress of a view's runs; the script of the page writes the rest at each of its runs. Of two views on a page
 * the one that goes on, or is a replay, counts.
 * @type {(view: object, runs: Progressing[], recorded?: boolean) => void}
 */
export function showProgress(view, runs, recorded = false) {
  const live = recorded || isLive(runs);
  if (!live && shown !== view) return;
  again = live ? () => showProgress(view, runs, recorded) : null;
  shown = live ? view : null;
  const title = withProgress(document.title, runs, recorded);
  if (title !== document.title) document.title = title;
  watch();
}
