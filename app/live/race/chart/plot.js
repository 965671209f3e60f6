/** The chart of a race: owns the Plotly element and reports zooms. chart/figure.js builds the figure. */
/** @import { Figure, Run, Theme, View, Plot, Range } from "../../types.js" */
import { buildFigure } from "./figure.js";
import { messageOf } from "../../shared/format.js";
import { lighter } from "./many_runs.js";
import { loadPlotly } from "../../shared/page.js";
import { preview } from "../preview.js";
import { PLOT_CONFIG } from "../../shared/plot_style.js";

/** A key zooms by this factor, or moves by this share of what is seen. */
const KEY_ZOOM = 1.4, KEY_MOVE = 0.2;
/** @type {Record<string, Range>} */
const MOVES = { ArrowLeft: [-KEY_MOVE, 0], ArrowRight: [KEY_MOVE, 0], ArrowDown: [0, -KEY_MOVE], ArrowUp: [0, KEY_MOVE] };
/** @type {Record<string, number>} */
const FACTORS = { "+": 1 / KEY_ZOOM, "=": 1 / KEY_ZOOM, "-": KEY_ZOOM };

/**
 * @typedef {object} Handlers
 * @property {(zoom: { x: Range, y: Range } | null) => void} zoomed
 * @property {() => void} later
 */

export class RacePlot {
  /**
   * plot, skeleton, stage: elements. handlers: what a zoom and a draw that failed call.
   * @param {{ plot: Plot, skeleton: HTMLElement, stage: HTMLElement }} options
   * @param {Handlers} handlers
   */
  constructor({ plot, skeleton, stage }, handlers) {
    this.plot = plot;
    this.skeleton = skeleton;
    this.stage = stage;
    this.handlers = handlers;
    this.drawn = this.held = this.previewed = this.stopped = false;
    this.revision = 0;
    /** The empty axes that were drawn last, as text. */
    this.empty = "";
    /** @type {Figure | null} what was drawn last, each curve a trace of its own */
    this.figure = null;
    this.listening = new AbortController();
    // A redraw in the middle of a drag would end the drag.
    plot.addEventListener("pointerdown", () => (this.held = true));
    for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, () => this.#release(), this.listening);
    stage.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @type {(runs: Run[], view: View, theme: Theme, url: string, width: number) => Promise<void>} */
  async draw(runs, view, theme, url, width) {
    if (!runs.length) return;
    let Plotly = window.Plotly;
    if (!Plotly && !this.previewed) await this.#preview(runs, view, theme, width);
    try {
      Plotly ??= await loadPlotly(url);
    } catch (error) {
      this.skeleton.textContent = `The chart could not be loaded (${messageOf(error)}); trying again.`;
      setTimeout(() => this.handlers.later(), 2000);
      return;
    }
    const { plot } = this;
    if (this.stopped || this.held || !plot.isConnected) return;
    const figure = buildFigure(runs, view, theme, width), { layout } = figure;
    if (this.#isThere(figure, runs)) return;
    const data = lighter(figure.data, runs);
    layout.datarevision = this.revision += 1; // the arrays grow in place
    this.stage.style.minHeight = `${layout.height}px`;
    const done = Plotly.react(plot, data, layout, { displayModeBar: false, responsive: false, doubleClick: false, showTips: false, ...PLOT_CONFIG });
    // Plotly has drawn by now, and its promise may take half a second: the browser must never paint both on each other.
    this.skeleton.hidden = true;
    await done;
    this.figure = figure;
    if (plot._fullLayout.width !== plot.clientWidth) await Plotly.Plots.resize(plot); // the window was resized
    if (!this.drawn) {
      this.drawn = true;
      plot.on("plotly_relayout", (change) => this.#relayout(change));
      plot.on("plotly_doubleclick", () => this.handlers.zoomed(null));
    }
  }

  /**
   * Whether the same empty axes stand there already: before the first points only cards and words change.
   * @param {Figure} figure
   * @param {Run[]} runs
   */
  #isThere(figure, runs) {
    const text = runs.some(({ series }) => series.train.step.length || series.evaluations) ? "" : JSON.stringify(figure);
    const same = text !== "" && text === this.empty;
    this.empty = text;
    return same;
  }

  /**
   * Draw the curves without Plotly and wait for their frame: the browser paints nothing while it reads plotly.js.
   * @type {(runs: Run[], view: View, theme: Theme, width: number) => Promise<unknown>}
   */
  #preview(runs, view, theme, width) {
    this.previewed = true;
    const figure = buildFigure(runs, view, theme, width);
    this.stage.style.minHeight = `${figure.layout.height}px`;
    this.skeleton.classList.add("ss-preview");
    // As much of many runs as the chart draws: each mark is an element here.
    this.skeleton.replaceChildren(preview({ ...figure, data: lighter(figure.data, runs) }, theme, width));
    return new Promise((seen) => requestAnimationFrame(() => setTimeout(seen)));
  }

  /**
   * The visible ranges, in the axes' own units.
   * @returns {{ x: Range, y: Range }}
   */
  get seen() {
    const { xaxis, yaxis } = this.plot._fullLayout;
    return { x: /** @type {Range} */ ([...xaxis.range]), y: /** @type {Range} */ ([...yaxis.range]) };
  }

  stop() {
    this.stopped = true;
    this.listening.abort();
    if (window.Plotly && this.drawn) window.Plotly.purge(this.plot);
  }

  #release() {
    if (!this.held) return;
    // Plotly tells of the zoom a moment after the pointer is up.
    setTimeout(() => {
      this.held = false;
      this.handlers.later();
    }, 50);
  }

  /** @param {Record<string, any>} change */
  #relayout(change) {
    if (!Object.keys(change).some((key) => /^[xy]axis\d*\.range/.test(key))) return;
    this.handlers.zoomed(this.seen);
  }

  /**
   * Zoom with + and -, move with the arrows, show the whole with 0.
   * @param {KeyboardEvent} event
   */
  #key(event) {
    if (!this.drawn || event.ctrlKey || event.metaKey || event.altKey) return;
    const { x, y } = this.seen;
    const by = MOVES[event.key], factor = FACTORS[event.key];
    if (event.key === "0") this.handlers.zoomed(null);
    else if (by) this.handlers.zoomed({ x: moved(x, by[0]), y: moved(y, by[1]) });
    else if (factor) this.handlers.zoomed({ x: moved(x, 0, factor), y: moved(y, 0, factor) });
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * A range that is moved by a share of its length, or longer by a factor around its middle.
 * @type {(range: Range, share: number, factor?: number) => Range}
 */
function moved([from, to], share, factor = 1) {
  const middle = (from + to) / 2 + share * (to - from), half = ((to - from) / 2) * factor;
  return [middle - half, middle + half];
}
