/** The settings of a lab job and the omissions of its pictures: one line about the job, one under each panel. */
import { duration, fixed, grouped, shownOf } from "../shared/format.js";
import { isBundle, isSeed } from "./curves.js";

/** options: { name of a setting: { label, usual } }; the settings that are not the usual ones stand in the line. */
export function jobFooter(card, options) {
  if (!card) return "";
  const changed = Object.entries(card.settings).filter(([name, value]) => name in options && value !== options[name].usual);
  return [
    ...changed.map(([name, value]) => `${options[name].label.toLowerCase()} ${said(value)}`),
    !changed.length && "usual settings",
    card.differences,
    card.precision,
    card.device,
    card.threads > 0 && counted(card.threads, "thread"),
    card.seconds > 0 && `measured in ${took(card)}`,
    ...(card.recorded ? [`reference, ${card.recorded}`] : [card.ended ? `on ${moment(card.ended)}` : `begun ${moment(card.created)}`, `job ${card.run}`]),
  ].filter(Boolean).join(" · ");
}

export function took({ seconds }) {
  return seconds < 10 ? `${fixed(seconds, 1)} s` : duration(seconds);
}

/** Under a panel: the drawn part of the shown curves. */
export function panelFooter(all, panel) {
  if (!all.length) return "";
  const single = panel.kind === "curves" && new Set(all.filter(isSeed).map(({ part }) => part)).size === 1;
  const curves = single ? all.filter((curve) => !covered(curve, all)) : all;
  const points = curves.filter((curve) => !isBundle(curve)).flatMap((curve) => curve.y);
  const drawn = points.filter((y) => y !== null && (panel.y_scale !== "log" || y > 0)).length;
  const log = panel.y_scale === "log" ? " or not above 0" : "";
  if (panel.kind === "heat") return cellFooter(curves, panel);
  return `${curvesOf(curves, panel)}${curves.length < all.length ? " of 1 seed" : ""}, ${shownOf(drawn, points.length, "points", `, the others are not finite${log}`)} · no smoothing`;
}

/** Whether a seed lies under the line of its mean: of one seed both are the same, and one line is seen. */
function covered(seed, all) {
  return isSeed(seed) && all.some((mean) => !mean.part && mean.row === seed.row && mean.cell === seed.cell && mean.y.length === seed.y.length && mean.y.every((y, at) => y === seed.y[at]));
}

function curvesOf(curves, panel) {
  if (panel.kind === "plane") return `${counted(new Set(curves.map(({ kind }) => kind)).size, "net")}`;
  const seeds = new Set(curves.filter(isSeed).map(({ part }) => part)).size;
  const main = curves.filter((curve) => !curve.part).length;
  const bands = curves.some(({ part }) => part === "low" || part === "high");
  const bundles = [...new Set(curves.filter(isBundle).map(({ part }) => part))].map((part) => `${part} (thin lines)`);
  return [(main || !seeds) && counted(main, panel.kind === "bars" ? "kind" : "curve"), seeds && `${counted(seeds, "seed")} (${panel.kind === "bars" ? "points" : "thin lines"})`, bands && "each with its band", ...bundles].filter(Boolean).join(", ");
}

function cellFooter(curves, panel) {
  const rows = curves.filter(({ part }) => !part);
  const values = rows.flatMap(({ y }) => y);
  const columns = new Set(rows.flatMap(({ x }) => x)).size;
  const all = rows.length * columns;
  const lost = values.filter((y) => y === null).length;
  return [
    columns < panel.columns.length && values.length === all ? `all ${grouped(all)} cells of ${counted(columns, "column")} shown` : values.length < all ? `${grouped(values.length)} of ${grouped(all)} cells measured, the others are framed` : `all ${grouped(all)} cells shown`,
    lost && `${grouped(lost)} not finite`,
    columns < panel.columns.length && `${counted(panel.columns.length - columns, "other column")} not measured`,
  ].filter(Boolean).join(" · ");
}

export function counted(number, word) {
  return `${grouped(number)} ${word}${number === 1 ? "" : "s"}`;
}

function said(value) {
  return typeof value === "boolean" ? (value ? "on" : "off") : String(value).replaceAll(",", ", ");
}

function moment(seconds) {
  return new Date(1000 * seconds).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
