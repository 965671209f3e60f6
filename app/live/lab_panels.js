/** The grid of a lab's panels: one Plotly picture each with its title and its words; zoom survives every update. */
import { buildPanel } from "./lab_figure.js";
import { ends, same, spoken } from "./lab_curves.js";
import { panelStrip } from "./lab_strip.js";
import { TOUCH, loadPlotly } from "./page.js";
import { TakeButtons, takePlot } from "./take_buttons.js";

export class LabPanels {
  /** zooms: see zooms.js; shown(panel): { curves, pick, data, theme, page: words about every panel }. */
  constructor(grid, panels, zooms, shown) {
    Object.assign(this, { zooms, shown });
    this.panels = panels.map((panel) => {
      const root = element("figure", "sl-panel");
      const head = element("h4", "sl-title", panel.title);
      const note = element("span", "sl-note");
      const axis = element("p", "sl-axis", panel.y_scale === "log" ? `${panel.y}, log scale` : panel.y);
      const stage = element("div", "sl-stage");
      const empty = element("div", "sl-empty");
      const plot = element("div", "sl-plot");
      plot.setAttribute("role", "img");
      stage.append(empty, plot);
      const caption = element("figcaption", "sl-caption");
      caption.append(element("span", "", panel.reading));
      if (panel.misleads) caption.append(" ", element("em", "sl-careful", "Careful:"), " ", element("span", "", panel.misleads));
      head.append(note);
      const [foot, strip, take] = [element("div", "ss-foot"), element("p"), element("span")];
      new TakeButtons(take, panel.title, (format) => this.#take(format, panel, plot));
      foot.append(strip, take);
      root.append(head, axis, stage, foot, caption);
      grid.append(root);
      return { panel, note, axis, stage, empty, plot, foot, strip };
    });
  }

  /** Draw every panel that has curves; resolves to true when the chart library could not be loaded. */
  async draw(curves, pick, data, theme, emptyWords) {
    for (const one of this.panels) {
      const some = curves.of(one.panel.name).length > 0;
      one.empty.hidden = some;
      one.foot.hidden = !some;
      one.strip.textContent = panelStrip(curves.of(one.panel.name), one.panel);
      one.plot.style.visibility = some ? "visible" : "hidden";
      one.empty.textContent = emptyWords;
      const picked = curves.picked(one.panel.name, pick);
      const elsewhere = picked && picked.value !== null && !same(picked.value, pick.value);
      one.note.textContent = elsewhere ? ` measured at ${data.picks?.setting ?? ""} ${spoken(picked.value)}`
        : picked && !ends(picked) ? ` “${pick.kind}” is not finite here`
        : some && !picked ? ` without a curve of “${pick.kind}”` : "";
    }
    if (!curves.size) return false;
    let Plotly;
    try {
      Plotly = await loadPlotly(data.urls.plotly);
    } catch (error) {
      for (const { empty } of this.panels) empty.textContent = `The chart could not be loaded (${error.message}); trying again.`;
      return true;
    }
    const styles = stylesOf(curves, data);
    for (const one of this.panels) if (!this.stopped && curves.of(one.panel.name).length) this.#one(Plotly, one, curves, pick, data, styles, theme);
    return false;
  }

  #one(Plotly, one, curves, pick, data, styles, theme) {
    const { panel, plot, stage } = one;
    if (!plot.isConnected || !stage.clientWidth) return;
    const { data: traces, layout, side } = buildPanel(panel, curves, pick, { styles, setting: data.picks }, theme, stage.clientWidth, stage.clientHeight);
    one.axis.dataset.side = side === "left" ? "right" : "left";
    this.zooms.apply(panel.name, layout);
    layout.datarevision = one.revision = (one.revision ?? 0) + 1;
    plot.setAttribute("aria-label", `${panel.title}: ${panel.y} against ${panel.x}, ${curves.of(panel.name).length} curves, ${pick.kind ?? ""} is bold`);
    Plotly.react(plot, traces, layout, {
      ...(TOUCH ? { displayModeBar: false } : {}),
      displaylogo: false, responsive: false, doubleClick: false, showTips: false,
      // Named one by one: Plotly's own set has a button that uploads the chart to a company's server.
      modeBarButtons: [["zoom2d", "pan2d"], [{ name: "whole", title: "Whole curves", icon: Plotly.Icons.home, click: () => this.zooms.whole(panel.name) }]],
      plotlyServerURL: "",
    });
    if (!one.heard) this.zooms.listen(plot, panel.name);
    one.heard = true;
    for (const button of plot.querySelectorAll(".modebar-btn")) button.tabIndex = -1;
  }

  #take(format, panel, plot) {
    const { curves, pick, data, theme, page } = this.shown(panel);
    const styles = stylesOf({ kinds: () => [...new Set(curves.map(({ kind }) => kind))] }, data);
    const words = () => ({
      title: pick.value === null ? panel.title : `${panel.title} (bold: ${pick.kind}, ${data.picks?.setting} ${spoken(pick.value)})`,
      caption: [panel.y_scale === "log" ? `${panel.y}, log scale` : panel.y, panelStrip(curves, panel), page].join(" · "),
      legend: Object.entries(styles).filter(([kind]) => curves.some((curve) => curve.kind === kind)).map(([kind, { colour, dash }]) => ({ name: kind, colour: colour[theme.ground], width: 2.4, dash })),
      filename: `skipscope-lab-${data.lab}-${panel.name}-job-${data.run}`,
    });
    const table = () => ({
      columns: ["panel", "curve", "kind", data.picks?.setting ?? "setting", panel.x, panel.y],
      rows: curves.flatMap(({ panel: of, name, kind, value, x, y }) => x.map((at, index) => [of, name, kind, value, at, y[index]])),
    });
    return takePlot(format, { plot, url: data.urls.plotly, theme, words, table });
  }

  stop() {
    this.stopped = true;
    if (window.Plotly) for (const { plot } of this.panels) window.Plotly.purge(plot);
  }
}

/** Every kind has a style; those that the page does not name take the spare ones in the order in which they came. */
function stylesOf(curves, data) {
  const unnamed = curves.kinds().filter((kind) => !(kind in data.styles));
  return { ...data.styles, ...Object.fromEntries(unnamed.map((kind, index) => [kind, data.spare[index % data.spare.length]])) };
}

function element(tag, className = "", words = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = words;
  return made;
}
