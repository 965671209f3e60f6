/** What a lab measured with and what its pictures leave out: one line about the job, one under each panel. */
import { duration, grouped } from "./cards.js";

/** labels: { name of a setting: its label }. */
export function jobStrip(card, labels) {
  if (!card) return "";
  const settings = Object.entries(card.settings).filter(([name]) => name in labels).map(([name, value]) => `${labels[name].toLowerCase()} ${said(value)}`);
  const took = card.seconds < 10 ? `${card.seconds.toFixed(1)} s` : duration(card.seconds);
  return [
    ...settings,
    card.precision,
    card.device,
    card.threads > 0 && `${card.threads} thread${card.threads === 1 ? "" : "s"}`,
    card.seconds > 0 && `measured in ${took}`,
    card.ended ? `on ${moment(card.ended)}` : `begun ${moment(card.created)}`,
    `job ${card.run}`,
  ].filter(Boolean).join(" · ");
}

/** Under a panel: curves and points that are drawn, of those that were measured. */
export function panelStrip(curves, panel) {
  if (!curves.length) return "";
  const points = curves.flatMap((curve) => curve.y);
  const drawn = points.filter((y) => y !== null && (panel.y_scale !== "log" || y > 0)).length;
  const shown = drawn < points.length
    ? `${grouped(drawn)} of ${grouped(points.length)} points shown, the others are not finite${panel.y_scale === "log" ? " or not above 0" : ""}`
    : `all ${grouped(points.length)} points shown`;
  return `${curves.length} curve${curves.length === 1 ? "" : "s"}, ${shown} · no smoothing`;
}

function said(value) {
  return typeof value === "boolean" ? (value ? "on" : "off") : String(value);
}

function moment(seconds) {
  return new Date(1000 * seconds).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
