/** The charts of a page of probes as files: the words and the table of each picture. */
import { channelFooter, layerFooter, mapFooter, profileFooter } from "./footer.js";
import { titled } from "./sentences.js";
import { setText } from "../shared/dom.js";
import { mapImage, mapSvg } from "../shared/export/map_picture.js";
import { ExportButtons, saveTable, exportPlot } from "../shared/export/buttons.js";
import { markedCaption, markedFile, markedTitle } from "../shared/replay/marks.js";

const NAMES = { profile: "the profile", side: "the upper small chart", side2: "the lower small chart", map: "the map", hist: "the distribution", channels: "the channels" };

export class ProbeExport {
  /** shown(): { data, groups and their runs, all, quantity, scale(name), step, nets, map, layer, theme, page: words about every chart, replay: its words or "" }. */
  constructor(part, shown) {
    Object.assign(this, { part, shown });
    this.buttons = Object.entries(NAMES).map(([chart, name]) => new ExportButtons(part(`${chart}-take`), name, (format) => this.#take(chart, format)));
  }

  strips() {
    const now = this.shown();
    for (const chart of Object.keys(NAMES)) setText(this.part(`${chart}-strip`), strip(chart, now));
  }

  #take(chart, format) {
    const now = this.shown();
    if (chart === "map") return exportMap(format, now, this.part);
    return exportPlot(format, { plot: this.part(chart), url: now.data.urls.plotly, theme: now.theme, words: () => marked(wordsOf(chart, now, this.part), now.replay), line: now.replay, table: () => tableOf(chart, now) });
  }
}

/** The words of a picture, in a replay with what says so. */
function marked({ title, caption, filename, ...words }, replay) {
  return { ...words, title: markedTitle(title, replay), caption: markedCaption(caption, replay), filename: markedFile(filename, replay) };
}

function strip(chart, now) {
  if (chart === "map") return mapFooter(now.nets ?? [], now.map.crowded);
  if (chart === "hist") return layerFooter(now.layer.found, now.layer.found?.run?.columns.total ?? 0);
  if (chart === "channels") return channelFooter(now.layer.found);
  return profileFooter(now.runs, now.all, scaleOf(chart, now), now.step, now.groups.some(({ runs }) => runs.length > 1));
}

function scaleOf(chart, { data, quantity, scale }) {
  const at = ["side", "side2"].indexOf(chart);
  return scale(at < 0 ? quantity : data.sides[at]?.[0] ?? quantity);
}

function wordsOf(chart, now, part) {
  const { groups, theme, data, step } = now;
  const drawn = groups.filter(({ runs }) => runs.some(({ columns }) => columns.steps.length));
  const lines = drawn.map(({ label, color }) => ({ name: label, color: color[theme.scheme], width: 2.4 }));
  const caption = [`race ${data.race}`, strip(chart, now), now.page].filter(Boolean).join(" · ");
  const layered = chart === "hist" || chart === "channels";
  const name = layered ? `layer-${now.layer.found?.document.layer ?? now.layer.wanted?.layer ?? ""}-${chart}` : scaleOf(chart, now).row.name;
  const filename = `skipscope-race-${data.race}-${name}-step-${step}`.replaceAll("/", "-");
  const over = layered && now.layer.found?.over;
  const title = chart === "hist" ? `Responses of ${part("layer-name").textContent}${over ? ", over time" : `, step ${step}`}`
    : chart === "channels" ? `Channels of ${part("layer-name").textContent}, step ${step}` : `${titled(scaleOf(chart, now).row)}, step ${step}`;
  if (over) return { title, caption, filename, legend: [{ name: now.layer.found.run.label, color: now.layer.found.run.color[theme.scheme], width: 2 }] };
  const dotted = chart === "profile" && now.runs.some(({ columns }) => columns.measuredAtStart(now.quantity));
  return { title, caption, filename, legend: dotted ? [...lines, { name: "at the start", color: theme.text, width: 1.4, dash: "dot", meaning: true }] : lines };
}

async function exportMap(format, now, part) {
  const scale = now.scale(now.quantity);
  const { row } = scale;
  const words = [part("map-note").textContent, strip("map", now), now.page].filter(Boolean).join(" · ");
  const { title, caption, filename } = marked({
    title: part("map-title").textContent, caption: `race ${now.data.race} · ${words}`, filename: `skipscope-race-${now.data.race}-${row.name}-map`,
  }, now.replay);
  if (format === "csv") return saveTable(mapTable(now), filename, now.replay);
  const picture = now.map.picture(now.theme);
  if (!picture.halves.some(({ count }) => count)) throw new Error("nothing is drawn yet");
  const bar = { stops: scale.stops(now.theme.scheme), ticks: [...part("bar-ticks").children].map((tick) => ({ text: tick.textContent, at: parseFloat(tick.style.left) / 100 })) };
  const svg = mapSvg(picture, { title, caption, place: scale.place }, bar, now.theme);
  const [image, { download }] = await Promise.all([mapImage(svg, format), import("../shared/export/image.js")]);
  return download(image, `${filename}.${format}`);
}

const PLACES = ["run", "net", "seed", "step", "quantity", "unit", "place", "name", "stage", "value"];

function values(run, scale, column) {
  const { card, columns, label } = run;
  const { name, unit, per } = scale.row;
  const codes = columns.codes(name, column);
  if (!codes || column < columns.firstMeasured(name)) return [];
  const places = columns.places({ per });
  return Array.from(codes, (code, place) => [card.run, label, card.seed, columns.steps[column], name, unit, place + 1, places[place]?.[0], places[place]?.[1], plain(scale.value(code))]);
}

/** An empty field is an absent value, so infinity is a word. */
function plain(value) {
  return value === Infinity ? "inf" : Number.isNaN(value) ? null : Number(value.toPrecision(6));
}

export function mapTable({ nets, quantity, scale }) {
  const mapped = scale(quantity);
  return { columns: PLACES, rows: nets.flatMap(({ run }) => run.columns.steps.flatMap((_, column) => values(run, mapped, column))) };
}

export function tableOf(chart, now) {
  const { runs, step, layer } = now;
  if (chart === "hist") return histTable(layer.found, now);
  if (chart === "channels") return channelTable(layer.found, now);
  const scale = scaleOf(chart, now);
  return {
    columns: PLACES,
    rows: runs.flatMap((run) => {
      const column = run.columns.at(step);
      const start = chart === "profile" && run.columns.steps[0] === 0 && column > 0 ? values(run, scale, 0) : [];
      return column < 0 ? [] : [...start, ...values(run, scale, column)];
    }),
  };
}

function histTable(found, { runs, data: { edges } }) {
  // Values beyond the outermost edges have their own bins.
  const bins = ({ run, moment: { layer, step, histogram } }) => histogram.map((share, bin) => [run.card.run, run.label, layer, step, edges[bin - 1] ?? "-inf", edges[bin] ?? "inf", share]);
  return { columns: ["run", "net", "layer", "step", "z_from", "z_to", "share"], rows: moments(found, runs).flatMap(bins) };
}

function channelTable(found, { runs }) {
  const ranks = ({ run, moment }) => moment.channels.map((std, index) => [run.card.run, run.label, moment.layer, moment.step, index + 1, std]);
  return { columns: ["run", "net", "layer", "step", "rank", "std"], rows: found?.over ? [] : moments(found, runs).flatMap(ranks) };
}

/** The fetched layer as [{ run, moment }]: one run over time, or every shown run at one step. */
function moments(found, runs) {
  const { steps, layer, histograms } = found?.document ?? {};
  if (found?.over) return steps.map((step, at) => ({ run: found.run, moment: { layer, step, histogram: histograms[at] } }));
  return runs.map((run) => ({ run, moment: found?.document.runs?.[run.card.run] })).filter(({ moment }) => moment);
}
