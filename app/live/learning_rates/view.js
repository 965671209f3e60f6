/** The learning-rate curves on a page with footer and files: drawn again when trials, theme or width change. */
import { grouped } from "../shared/format.js";
import { attend, loadPlotly, readTheme } from "../shared/page.js";
import { RUNNING_WINDOW } from "../shared/run_states.js";
import { buildRates } from "./figure.js";
import { ExportButtons, exportPlot } from "../shared/export/buttons.js";
import { PLOT_CONFIG } from "../shared/plot_style.js";

const AGAIN_MS = 2_000;

export class RatesView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.sr-${name}`);
    this.exportButtons = new ExportButtons(this.part("take"), "the learning-rate curves", (format) => this.#take(format));
    this.leave = attend(host, () => this.#draw(), () => {});
    host.ratesView = this; // for tests and for the curious
  }

  update(data) {
    this.data = data;
    this.theme = readTheme(this.host, data.themes);
    this.#draw();
  }

  stop() {
    this.stopped = true;
    this.leave();
    if (window.Plotly) window.Plotly.purge(this.part("plot"));
  }

  async #draw() {
    const [plot, says] = [this.part("plot"), this.part("says")];
    if (!this.data || this.stopped) return;
    this.part("strip").textContent = ratesFooter(this.data.curves);
    let Plotly;
    try {
      Plotly = await loadPlotly(this.data.urls.plotly);
    } catch (error) {
      says.textContent = `The chart could not be loaded (${error.message}); trying again.`;
      setTimeout(() => this.#draw(), AGAIN_MS);
      return;
    }
    if (this.stopped || !plot.clientWidth) return; // folded
    const { data, layout } = buildRates(this.data.curves, this.theme, plot.clientWidth, plot.clientHeight);
    await Plotly.react(plot, data, layout, { displayModeBar: false, responsive: false, doubleClick: false, showTips: false, ...PLOT_CONFIG });
    plot.setAttribute("aria-label", `Training error against learning rate, ${this.data.curves.length} arms. ${this.data.words}`);
    says.hidden = true;
  }

  #take(format) {
    const { data: { curves, race, urls, words: special }, theme } = this;
    const words = () => ({
      title: "Learning rates: training error at the end of each trial",
      caption: [ratesFooter(curves), special].filter(Boolean).join(" · "),
      legend: [
        ...curves.map(({ arm, color, mark }) => ({ name: arm, color: color[theme.scheme], width: 2, symbol: mark })),
        { name: "the rate that is taken", color: theme.text, symbol: "circle-open", meaning: true },
        { name: "no error: diverged, failed or stopped", color: theme.text, symbol: "x-thin-open", meaning: true },
      ],
      filename: `skipscope-race-${race}-learning-rates`,
    });
    const table = () => ({
      columns: ["arm", "run", "learning_rate", "training_error", "state", "step", "total_steps", "seed", "chosen"],
      rows: curves.flatMap(({ arm, chosen, trials }) => trials.map((trial) => [arm, trial.run, trial.lr, trial.error, trial.state, trial.step, trial.steps, trial.seed, trial.lr === chosen ? 1 : 0])),
    });
    return exportPlot(format, { plot: this.part("plot"), url: urls.plotly, theme, words, table });
  }
}

export function ratesFooter(curves) {
  const trials = curves.flatMap((curve) => curve.trials);
  const distinct = (key) => [...new Set(trials.map((trial) => trial[key]).filter((value) => value !== "" && value !== 0))].join(" / ");
  const ended = trials.filter(({ end }) => end).length;
  const seeds = [...new Set(trials.map(({ seed }) => seed))].toSorted((a, b) => a - b);
  const steps = [...new Set(trials.map((trial) => trial.steps))].map(grouped).join(" / ");
  const threads = distinct("threads");
  return [
    ended < trials.length ? `${ended} of ${trials.length} trials at their end` : `all ${trials.length} trials shown`,
    `${steps} steps each`,
    `each point the mean of its last ${RUNNING_WINDOW} steps, of all where there are fewer`,
    `seed ${seeds.join(", ")}`,
    distinct("precision"),
    distinct("device"),
    threads && `${threads} thread${threads === "1" ? "" : "s"} per trial`,
  ].filter(Boolean).join(" · ");
}
