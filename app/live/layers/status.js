/** The chip and the notice of a page of probes: whether it is live, what stands in the way. */
import { drawChip, unreachableText } from "../shared/link_status.js";
import { WAITING } from "../shared/run_states.js";

/** told: { link, linkReason, engine, trouble }; returns what keeps the page from being live, "" for nothing. */
export function drawStatus(chip, runs, { link, linkReason, engine, trouble }) {
  drawChip(chip, runs, link);
  if (trouble) return trouble;
  if (link === "gone" && runs.length) return unreachableText(linkReason);
  const silent = engine && engine.state !== "alive" && runs.some(({ card }) => WAITING.has(card.state));
  return silent ? `${engine.message} The Race page can start it.` : "";
}
