/** The chip and the notice of a page of probes: whether it is live, what stands in the way. */
import { isLive } from "../race/panel/status.js";

const WAITS = new Set(["queued", "starting", "running", "stopping"]);

/** told: { link, linkReason, engine, trouble }; returns what keeps the page from being live, "" for nothing. */
export function drawStatus(chip, runs, { link, linkReason, engine, trouble }) {
  const states = runs.map(({ card }) => card.state);
  const live = isLive(runs);
  const word = live ? "LIVE" : states.includes("paused") ? "PAUSED" : "ENDED";
  chip.hidden = !runs.length && link !== "gone";
  chip.textContent = link === "live" || !live ? word : link === "gone" ? "OFFLINE" : "RECONNECTING";
  chip.dataset.kind = link === "gone" ? "offline" : word.toLowerCase();
  const silent = engine && engine.state !== "alive" && states.some((state) => WAITS.has(state));
  return trouble || (link === "gone" && runs.length ? `This page cannot reach its server: ${linkReason}` : silent ? `${engine.message} The Race page can start it.` : "");
}
