/** The omissions and the cost of the pictures of the probe pages: one line under each, one line about all. */
import { duration, fixed, grouped, shownOf } from "../shared/format.js";

/** About every chart; live: whether runs are at work; news: age of the newest column in seconds or null; normed: nets with batch norm. */
export function pageFooter(runs, live, news, normed = true) {
  const probed = runs.filter(({ columns }) => columns.steps.length);
  if (!probed.length) return "";
  const share = Math.max(...probed.map(({ columns }) => columns.share ?? 0));
  const images = [...new Set(probed.map(({ columns }) => columns.images))].filter(Boolean).join(" / ");
  const distinct = (key) => [...new Set(runs.map(({ card }) => card[key]).filter(Boolean))].join(" / ");
  const seeds = new Set(runs.map(({ card }) => card.seed)).size;
  const threads = distinct("threads");
  return [
    images && `probe batch ${images} training images${normed ? ", normalised with that batch's own statistics (train-mode BN)" : ""}`,
    `${seeds} seed${seeds === 1 ? "" : "s"}`,
    distinct("precision"),
    distinct("device"),
    threads && `${threads} thread${threads === "1" ? "" : "s"} per run`,
    share > 0 && `probes cost ${share < 0.001 ? "less than 0.1" : fixed(100 * share, 1)} % of the time${live ? " so far" : ""}`,
    live && "followed: the last step that all nets have reached",
    live && news !== null && `newest column ${duration(news)} old`,
  ].filter(Boolean).join(" · ");
}

/** averaged: whether seeds are drawn as their mean. */
export function profileFooter(shown, all, scale, step, averaged = false) {
  const probed = shown.filter(({ columns }) => columns.steps.length);
  if (!probed.length) return "";
  const codes = probed.flatMap(({ columns }) => [...columns.codes(scale.row.name, columns.at(step)) ?? []]);
  const finite = codes.filter((code) => Number.isFinite(scale.value(code)));
  return [
    `${probed.length} of ${all.length} net${all.length === 1 ? "" : "s"}`,
    `step ${grouped(step)}`,
    averaged && "lines are means of seeds",
    shownOf(finite.length, codes.length, `${scale.place}s`, ", the others have no finite value"),
    "no smoothing",
  ].filter(Boolean).join(" · ");
}

export function mapFooter(nets, crowded) {
  const probed = nets.map(({ columns }) => columns).filter((columns) => columns.steps.length);
  if (!probed.length) return "";
  return [
    shownOf(Math.max(...probed.map(({ steps }) => steps.length)), Math.max(...probed.map(({ total }) => total)), "columns"),
    "columns are probes, not evenly spaced steps",
    "colours span the middle 99 % of the values",
    crowded && "several cells share a pixel: the largest is shown",
    "no smoothing",
  ].filter(Boolean).join(" · ");
}

export function layerFooter(found, total) {
  if (!found) return "";
  const steps = found.over ? found.document.steps?.length ?? 0 : 0;
  const counted = found.over ? `${shownOf(steps, Math.max(steps, total), "probes")} · every response of the batch is counted` : "every response of the batch is counted, all channels";
  return `${counted} · no smoothing; bins narrower than a line are joined`;
}

export function channelFooter(found) {
  const counts = Object.values(found?.document.runs ?? {}).map(({ channels }) => channels.length).filter(Boolean);
  return counts.length ? `all ${[...new Set(counts)].join(" / ")} channels shown, those with no deviation cannot be drawn · no smoothing` : "";
}
