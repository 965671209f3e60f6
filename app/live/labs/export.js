/** The files of a lab's panel: title, caption and legend of its picture, the rows of its table. Pure functions. */
import { cellWords } from "./kinds/cells.js";
import { plural, spoken } from "../shared/format.js";
import { yWords } from "./curves.js";
import { marking } from "./kinds/curves.js";
import { filled } from "./kinds/index.js";
import { markName, marksOf } from "./kinds/marks.js";
import { panelFooter } from "./footer.js";

const COLUMNS = ["panel", "curve", "kind", "setting", "value", "cell", "part"];

/** Lightness of a kind without a depth in its name. */
const DEPTH = 26;

/** The style of every kind: the page's own, else the hue of its arm in a race with the lightness of its depth, else a spare one. */
export function stylesOf(kinds, data) {
  const taken = {};
  const styles = { ...data.styles };
  for (const kind of kinds.filter((one) => !(one in styles))) {
    const hue = data.hues.find(({ match }) => new RegExp(match).test(kind));
    const depth = hue ? Number(/-(\d+)\b/.exec(kind)?.[1] ?? DEPTH) : 0;
    const place = hue ? `${hue.match} ${depth}` : "";
    const nth = (taken[place] = (taken[place] ?? -1) + 1);
    styles[kind] = hue ? { ...shade(hue.shades, depth, nth, data.variants), dash: data.dashes[nth % data.dashes.length] } : data.spare[nth % data.spare.length];
  }
  return styles;
}

/** The colours of the nth kind of one hue and depth: those of the depth, then lighter and darker ones. */
function shade(shades, depth, nth, variants) {
  const own = Object.keys(shades).map(Number).toSorted((a, b) => Math.abs(Math.log(a / depth)) - Math.abs(Math.log(b / depth)))[0];
  const order = [...new Set([own, ...variants])];
  return shades[order[nth % order.length]];
}

/** shown: { curves, pick, data, theme, page, recorded }, see LabPanels. */
export function pictureWords(panel, { curves, pick, data, theme, page, recorded, settings }) {
  const drawn = curves.shown(panel.name, pick.cell);
  const kinds = new Set(drawn.map(({ kind }) => kind));
  const entries = Object.entries(stylesOf(curves.kinds(), data)).filter(([kind]) => kinds.has(kind));
  return {
    title: `${panel.title}${netsOf(panel, settings)}${aside(panel, drawn, pick, data)}`,
    caption: [yWords(panel), panelFooter(drawn, panel), page].join(" · "),
    legend: ["heat", "plane"].includes(panel.kind) ? [] : entries.map(([kind, { color, dash }]) => ({ name: kind, color: color[theme.scheme], width: filled(panel) ? 8 : 2.4, dash: filled(panel) ? "solid" : dash })).concat(marksFor(panel, drawn, pick).map((mark) => ({ name: markName(mark), color: theme.text, symbol: mark.symbol, meaning: true }))),
    filename: `skipscope-lab-${data.lab}-${panel.name}-${recorded ? "reference" : `job-${data.run}`}`,
  };
}

/** The marks that stand in a picture's legend: those that its curves have. */
function marksFor(panel, drawn, pick) {
  if (panel.kind === "curves") return marking(drawn, pick).marks;
  return panel.kind === "bands" ? marksOf(drawn) : [];
}

/** How many layers the drawn nets have, where a panel names the setting that says it. */
export function netsOf(panel, settings) {
  const layers = panel.nets_of && settings?.[panel.nets_of];
  return layers ? ` (nets of ${plural(layers, "layer")})` : "";
}

function aside(panel, drawn, pick, data) {
  if (pick.cell && drawn.some(({ cell }) => cell)) return `: ${cellWords(pick.cell)}`;
  return pick.value !== null && panel.kind === "curves" ? ` (bold: ${pick.kind}, ${data.picks.setting} ${spoken(pick.value)})` : "";
}

/** The points of the drawn curves and of a plane's path, for an index x the column's name; the job or the reference that they are from. */
export function tableOf(panel, { curves, pick, data, recorded }) {
  const drawn = [...curves.shown(panel.name, pick.cell), ...(panel.path ? curves.of(panel.path) : [])];
  const origin = recorded ? `reference, ${recorded}` : `job ${data.run}`;
  return {
    columns: [...COLUMNS, panel.x, panel.y, "origin"],
    rows: drawn.flatMap(({ panel: of, name, kind, setting, value, cell, part, x, y }) => x.map((at, index) => [of, name, kind, setting, value, cell, part, panel.columns[at] ?? at, y[index], origin])),
  };
}
