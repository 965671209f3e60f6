/** The files of a lab's panel: title, caption and legend of its picture, the rows of its table. Pure functions. */
import { cellWords } from "./kinds/cells.js";
import { spoken } from "../shared/format.js";
import { yWords } from "./curves.js";
import { filled } from "./kinds/index.js";
import { panelFooter } from "./footer.js";

const COLUMNS = ["panel", "curve", "kind", "setting", "value", "cell", "part"];

/** The style of every kind: the page's own, else one of its family, else the spare ones in order. */
export function stylesOf(kinds, data) {
  const taken = {};
  const styles = { ...data.styles };
  for (const kind of kinds.filter((one) => !(one in styles))) {
    const family = data.families.find(({ begins }) => kind.startsWith(begins))?.begins ?? "";
    const list = data.families.find(({ begins }) => begins === family)?.styles ?? data.spare;
    const index = (taken[family] = (taken[family] ?? -1) + 1);
    styles[kind] = list[index % list.length];
  }
  return styles;
}

/** shown: { curves, pick, data, theme, page, recorded }, see LabPanels. */
export function pictureWords(panel, { curves, pick, data, theme, page, recorded }) {
  const drawn = curves.shown(panel.name, pick.cell);
  const kinds = new Set(drawn.map(({ kind }) => kind));
  const entries = Object.entries(stylesOf(curves.kinds(), data)).filter(([kind]) => kinds.has(kind));
  return {
    title: `${panel.title}${aside(panel, drawn, pick, data)}`,
    caption: [yWords(panel), panelFooter(drawn, panel), page].join(" · "),
    legend: ["heat", "plane"].includes(panel.kind) ? [] : entries.map(([kind, { color, dash }]) => ({ name: kind, color: color[theme.scheme], width: filled(panel) ? 8 : 2.4, dash: filled(panel) ? "solid" : dash })),
    filename: `skipscope-lab-${data.lab}-${panel.name}-${recorded ? "reference" : `job-${data.run}`}`,
  };
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
