/** The state of the connection to the server beside that of the runs: the chip LIVE, PAUSED, ENDED, REPLAY, and what to say when it is lost. */
import { isLive, stateOf } from "./run_states.js";
import { setText } from "./dom.js";

/**
 * The link as it is shown. A replay is one from the press of its button until the live history is there; whoever left it hears
 * of a lost server. recorded: whether the shown data are of a recording; on: whether a replay is on; link: as the feed tells it.
 * @type {(recorded: boolean, on: boolean, link: string) => string}
 */
export function shownLink(recorded, on, link) {
  return on || (recorded && link !== "gone") ? "replay" : link;
}

/**
 * link: "opening" until it was live for the first time, then "live" | "waiting" | "gone", or "replay" for a recording whatever its runs do; a page without runs shows no chip, unless the server is gone.
 * @type {(chip: HTMLElement, runs: { card: { state: string, outdated?: boolean } }[], link: string) => void}
 */
export function drawChip(chip, runs, link) {
  const state = link === "replay" ? link : stateOf(runs);
  chip.hidden = !runs.length && link !== "gone";
  // Runs whose engine is gone have not ended: the next engine resumes them.
  const lacksEngine = link === "live" && runs.some(({ card }) => card.outdated && card.state === "lost");
  setText(chip, lacksEngine ? "NO ENGINE" : chipText(link, state, isLive(runs)));
  chip.dataset.kind = lacksEngine || link === "gone" ? "offline" : state;
}

/**
 * The word of the chip: the state of the runs, or the trouble with the connection while a run may change.
 * @type {(link: string, state: string, live: boolean) => string}
 */
function chipText(link, state, live) {
  if (["live", "replay"].includes(link) || !live) return state.toUpperCase();
  return { gone: "OFFLINE", opening: "CONNECTING" }[link] ?? "RECONNECTING";
}

/**
 * What a page says when its server does not answer.
 * @param {string} reason
 */
export function unreachableText(reason) {
  return `This page cannot reach its server: ${reason}`;
}
