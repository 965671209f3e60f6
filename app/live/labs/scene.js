/** One panel of a lab as a scene of a talk: its recorded results, drawn in a small window and enlarged for the last row. */
import { element, setText } from "../shared/dom.js";
import { messageOf } from "../shared/format.js";
import { TOUCH, attend, loadPlotly } from "../shared/page.js";
import { PLOT_CONFIG } from "../shared/plot_style.js";
import { request } from "../shared/source.js";
import { settledCell } from "./kinds/cells.js";
import { BUILDERS, filled } from "./kinds/index.js";
import { drawLegend } from "./kinds/labels.js";
import { Curves, yWords } from "./curves.js";
import { stylesOf } from "./export.js";

/** The height of the window that the picture is laid out in, in pixels: smaller is larger type. */
const ROOM_PX = 420;
/** A phone: nothing is enlarged. */
const HAND_PX = 640;
const RETRY_MS = 2_000;

/** What is remembered of the labs' recorded results: a scene is left and comes back at once. @type {Map<string, any>} */
const known = new Map();

export class LabScene {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    this.legend = element("p", "sl-legend sk-legend");
    this.axis = element("p", "sk-axis");
    this.stage = element("div", "sk-stage");
    this.skeleton = element("div", "sk-skeleton", "loading the results");
    this.plot = element("div", "sk-plot sk-enlarged", "", { role: "img" });
    this.stage.append(this.skeleton, this.plot);
    host.append(this.legend, this.axis, this.stage);
    this.leave = attend(host, () => this.#draw(), () => {}, this.stage);
  }

  /** data: { lab, panel, curves: the kinds shown, urls, and what of live_lab's data the styles need }. */
  show(data, theme) {
    Object.assign(this, { data, theme });
    if (this.asked !== data.lab) {
      this.asked = data.lab;
      this.#fetch();
    }
    this.#draw();
  }

  async #fetch() {
    const { lab, urls } = this.data;
    try {
      if (!known.has(lab)) {
        const answer = await request(`${urls.reference}?lab=${encodeURIComponent(lab)}`);
        if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
        known.set(lab, await answer.json());
      }
    } catch (error) {
      setText(this.skeleton, `The recorded results could not be loaded: ${messageOf(error)}`);
      if (!this.stopped) setTimeout(() => this.#fetch(), RETRY_MS);
      return;
    }
    this.#draw();
  }

  async #draw() {
    const { data, theme, stage, plot } = this, document = known.get(data?.lab);
    if (this.stopped || !document) return;
    const { panel } = data;
    const [all, shown] = [new Curves(), new Curves()];
    all.add(document.traces);
    shown.add(document.traces.filter(({ kind, panel: of }) => of !== panel.name || !data.curves.length || data.curves.includes(kind)));
    const setting = data.picks ? document.card.settings[data.picks.setting] : null;
    const pick = { kind: data.picks?.kind ?? null, value: setting, cell: settledCell([panel], shown, []) };
    let Plotly;
    try {
      Plotly = await loadPlotly(data.urls.plotly);
    } catch (error) {
      setText(this.skeleton, `The chart could not be loaded (${messageOf(error)}); trying again.`);
      setTimeout(() => this.#draw(), RETRY_MS);
      return;
    }
    if (this.stopped || !stage.clientHeight) return;
    const factor = this.host.clientWidth <= HAND_PX ? 1 : Math.max(1, window.innerHeight / ROOM_PX);
    const [width, height] = [stage.clientWidth, stage.clientHeight].map((px) => Math.floor(px / factor));
    const key = JSON.stringify([data.lab, panel.name, data.curves, width, height, theme]);
    if (key === this.key) return;
    this.key = key;
    const look = { styles: stylesOf(all.kinds(), data), setting: data.picks, settings: document.card.settings, width, height };
    const { data: traces, layout, legend, side } = BUILDERS[panel.kind](panel, shown, pick, look, theme);
    drawLegend(this.legend, legend ?? [], filled(panel), theme);
    setText(this.axis, yWords(panel));
    this.axis.hidden = ["heat", "plane"].includes(panel.kind);
    this.axis.dataset.side = side === "left" ? "right" : "left";
    plot.setAttribute("aria-label", `${panel.title}: ${panel.y} against ${panel.x}`);
    Object.assign(plot.style, { width: `${width}px`, height: `${height}px`, scale: String(factor) });
    await Plotly.react(plot, traces, { ...layout, width, height }, { displayModeBar: false, staticPlot: TOUCH, responsive: false, doubleClick: false, showTips: false, ...PLOT_CONFIG });
    this.skeleton.hidden = true;
  }

  stop() {
    this.stopped = true;
    this.leave();
    if (window.Plotly) window.Plotly.purge(this.plot);
    this.host.replaceChildren();
  }
}
