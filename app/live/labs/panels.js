/** The grid of a lab's panels: one Plotly picture each, with title and words; zoom survives every update. */
import { cellWords } from "./kinds/cells.js";
import { ends, same, yWords } from "./curves.js";
import { plural, spoken } from "../shared/format.js";
import { BUILDERS, controlsOf, filled } from "./kinds/index.js";
import { drawLegend } from "./kinds/labels.js";
import { netsOf, pictureWords, stylesOf, tableOf } from "./export.js";
import { panelFooter } from "./footer.js";
import { element, setText } from "../shared/dom.js";
import { PLOT_CONFIG, quietModeBar } from "../shared/plot_style.js";
import { TOUCH, loadPlotly } from "../shared/page.js";
import { ExportButtons, exportPlot } from "../shared/export/buttons.js";

/** Kinds of panels that need the full width. */
const WIDE = new Set(["heat", "plane"]);
/** Whether each panel takes a whole row, so that no row of two has a hole. */
function wideOnes(panels) {
  const wide = panels.map(({ kind }) => WIDE.has(kind));
  let row = 0;
  return wide.map((whole, index) => {
    row = whole ? 0 : row + 1;
    return whole || (row % 2 === 1 && (wide[index + 1] ?? true));
  });
}

export class LabPanels {
  /** slot: the place of the first picture; grid: that of all others, in a fold. shown(): { curves, pick, data, theme, page: words about every panel, recorded: the origin of a reference }; choose({ cell }): after the pick of a cell. */
  constructor({ slot, grid }, panels, zooms, { shown, choose }) {
    Object.assign(this, { slot, grid, zooms, shown, choose });
    const drawn = panels.filter((panel) => !panels.some(({ path }) => path === panel.name));
    this.panels = drawn.map((panel) => {
      const root = element("figure", "sl-panel");
      const [head, note, legend] = [element("h4", "sl-title", panel.title), element("span", "sl-note"), element("p", "sl-legend")];
      note.setAttribute("aria-live", "polite");
      const axis = element("p", "sl-axis", yWords(panel));
      const [stage, empty, plot] = ["stage", "empty", "plot"].map((name) => element("div", `sl-${name}`));
      plot.setAttribute("role", "group"); // no picture: its buttons can be pressed
      stage.append(empty, plot);
      const caption = element("details", "sl-caption");
      caption.append(element("summary", "", "How to read it"), ...[panel.how_to_read, panel.caveat].filter(Boolean).map((words) => element("p", "", words)));
      head.append(note);
      const [foot, strip, take] = [element("div", "ss-foot"), element("p"), element("span")];
      const exportButtons = new ExportButtons(take, panel.title, (format) => this.#take(format, panel, plot));
      foot.append(strip, take);
      const one = { panel, root, note, axis, legend, stage, empty, plot, foot, strip, exportButtons };
      one.controls = controlsOf(one, this);
      root.append(head, legend, ...one.controls.nodes, axis, stage, foot, caption);
      return one;
    });
    this.#lead(this.panels[0]);
  }

  /** Show one picture first, all others in the fold. */
  #lead(lead) {
    if (lead === this.lead) return;
    this.lead = lead;
    const others = this.panels.filter((one) => one !== lead);
    const wide = wideOnes(others.map(({ panel }) => panel));
    lead.root.className = "sl-panel sl-tall";
    others.forEach(({ root }, index) => { root.className = `sl-panel${wide[index] ? " sl-wide" : ""}`; });
    this.slot.replaceChildren(lead.root);
    this.grid.replaceChildren(...others.map(({ root }) => root));
  }

  /** Draw every panel with curves; resolves to true without the chart library. */
  async draw(shown, emptyWords) {
    const { curves, pick, data } = shown;
    this.#lead(this.panels.find(({ panel }) => curves.shown(panel.name, pick.cell).length) ?? this.panels[0]);
    for (const one of this.panels) this.#words(one, shown, emptyWords);
    if (!curves.size) return false;
    let Plotly;
    try {
      Plotly = await loadPlotly(data.urls.plotly);
    } catch (error) {
      for (const { empty } of this.panels) empty.textContent = `The chart could not be loaded (${error.message}); trying again.`;
      return true;
    }
    const look = { styles: stylesOf(curves.kinds(), data), setting: data.picks, settings: shown.settings };
    for (const one of this.panels) if (!this.stopped && curves.shown(one.panel.name, pick.cell).length) this.#one(Plotly, one, shown, look);
    return false;
  }

  #words(one, { curves, pick, data, settings }, emptyWords) {
    const { panel } = one;
    const [all, shown] = [curves.of(panel.name), curves.shown(panel.name, pick.cell)];
    const some = shown.length > 0;
    one.empty.hidden = some;
    one.foot.hidden = !some;
    one.plot.style.visibility = some ? "visible" : "hidden";
    one.axis.hidden = panel.kind === "heat" || panel.kind === "plane";
    if (!some) one.legend.hidden = true;
    setText(one.strip, panelFooter(shown, panel));
    setText(one.empty, all.length && pick.cell ? `no curve of ${cellWords(pick.cell)}` : emptyWords);
    setText(one.note, `${some ? netsOf(panel, settings) : ""}${noteOf(panel, curves, shown, pick, data)}`);
    one.controls.words?.(shown, curves);
  }

  /** Draw the picture of one panel after a change. */
  #one(Plotly, one, { curves, pick, theme, settings }, look) {
    const { panel, plot, stage } = one;
    if (!plot.isConnected || !stage.clientWidth || stage.closest("details:not([open])")) return;
    const [width, room] = [stage.clientWidth, stage.clientHeight];
    const key = JSON.stringify([curves.revision(panel.name), curves.revision(panel.path), curves.kinds(), pick, settings?.[panel.event], width, one.fixed ?? room, theme, this.zooms.get(panel.name), one.controls.look?.surface]);
    if (key === one.key || one.controls.wait?.()) return;
    one.key = key;
    const began = performance.now();
    const { data: traces, layout, side, legend, places, height } = BUILDERS[panel.kind](panel, curves, pick, { ...look, ...one.controls.look, width, height: room }, theme);
    if (height && height !== one.fixed) stage.style.height = `${height}px`;
    one.fixed = height;
    one.places = places;
    one.axis.dataset.side = side === "left" ? "right" : "left";
    drawLegend(one.legend, legend ?? [], filled(panel), theme);
    this.zooms.apply(panel.name, layout);
    layout.datarevision = one.revision = (one.revision ?? 0) + 1;
    plot.setAttribute("aria-label", `${panel.title}: ${panel.y} against ${panel.x}, ${plural(curves.shown(panel.name, pick.cell).length, "curve")}${pick.kind ? `, ${pick.kind} is bold` : ""}`);
    const drawn = Plotly.react(plot, traces, layout, {
      ...(TOUCH ? { displayModeBar: false } : {}),
      displaylogo: false, responsive: false, doubleClick: false, showTips: false,
      // Plotly's own set has a button that uploads the chart to a company's server.
      modeBarButtons: [...(one.controls.look?.surface ? [] : [["zoom2d", "pan2d"]]), [{ name: "whole", title: "Show the whole", icon: Plotly.Icons.home, click: () => (one.controls.resetView?.(Plotly), this.zooms.reset(panel.name)) }]],
      ...PLOT_CONFIG,
    });
    one.controls.drawn?.(drawn, began);
    if (!one.heard) {
      one.controls.listen?.(Plotly);
      this.zooms.listen(plot, panel.name);
    }
    one.heard = true;
    quietModeBar(plot);
  }

  #take(format, panel, plot) {
    const shown = this.shown();
    return exportPlot(format, { plot, url: shown.data.urls.plotly, theme: shown.theme, words: () => pictureWords(panel, shown), table: () => tableOf(panel, shown) });
  }

  stop() {
    this.stopped = true;
    if (window.Plotly) for (const { plot } of this.panels) window.Plotly.purge(plot);
  }
}

/** The note behind a panel's title: its cell, its value, its missing curves. */
function noteOf(panel, curves, shown, pick, data) {
  if (panel.kind === "heat") return shown.length && pick.cell && panel.opens ? ` ${cellWords(pick.cell)} is picked: its curves stand under “More from this lab”` : "";
  if (curves.of(panel.name).some(({ cell }) => cell)) return pick.cell ? ` ${cellWords(pick.cell)}` : "";
  if (pick.kind === null) {
    const lost = shown.filter((curve) => !ends(curve));
    return lost.length && panel.kind === "curves" ? ` not finite: ${lost.map(({ name }) => name).join(", ")}` : "";
  }
  if (panel.kind !== "curves") return "";
  const picked = curves.picked(panel.name, pick);
  if (picked && picked.value !== null && !same(picked.value, pick.value)) return ` measured at ${data.picks.setting} ${spoken(picked.value)}`;
  if (picked && !ends(picked)) return ` “${pick.kind}” is not finite here`;
  return shown.length && !picked ? ` without a curve of “${pick.kind}”` : "";
}
