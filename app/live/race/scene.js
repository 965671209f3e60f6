/**
 * The curves of a race as one scene of a talk: the chart alone, played from a recording or fed by what trains now. Where a
 * live race breaks off its owner hears why, and shows the recording.
 */
/** @import { Run, Theme, View } from "../types.js" */
/** @import { Recording } from "../shared/replay/recording.js" */
import { isLive, stateOf } from "../shared/run_states.js";
import { nameRuns } from "../shared/arm_names.js";
import { element, setText } from "../shared/dom.js";
import { attend } from "../shared/page.js";
import { playhead } from "../shared/replay/replay.js";
import { grouped } from "../shared/format.js";
import { RacePlot } from "./chart/plot.js";
import { NARROW } from "./chart/axes.js";
import { feedFor } from "./feed.js";
import { Series, stepOf, takeMessage } from "./series.js";

const DRAW_MS = 250;
/** A live race without news from its server for so long has broken off. */
const GONE_MS = 3_000;
/** A live race that has no step after so long does not begin in time for its scene. */
const STARTING_MS = 30_000;
/** A record without a clock plays as if it had taken so long. */
const WITHOUT_CLOCK_S = 60;
/** The height of the window that the chart is laid out in, in pixels: smaller is larger type. */
const ROOM_PX = 580;
/** A phone: the page scrolls, and nothing is enlarged. */
const HAND_PX = 640;
const BROKEN = new Set(["failed", "lost", "stopped", "diverged"]);

/**
 * @typedef {object} SceneData
 * @property {{ run: number, label: string, mark: string, glyph: string, color: any, textColor: any }[]} runs
 * @property {Record<string, string>} urls
 * @property {string} layout as in race/panel/view_state.js
 * @property {number} seconds in which a recording plays
 * @property {number} [begin] the step from which it plays
 * @property {boolean} [raw] whether single steps are drawn too
 * @property {boolean} live whether these runs train now
 * @property {boolean} [atEnd] whether it stands at its end from the first
 */

export class RaceScene {
  /**
   * host: where the chart goes; broke(words): the race cannot be shown live; state(state): what a live race does now, as
   * in shared/run_states.js.
   * @param {HTMLElement} host
   * @param {{ broke: (words: string) => void, state: (state: string) => void }} hears
   */
  constructor(host, hears) {
    this.host = host;
    this.broke = hears.broke;
    this.hears = hears;
    /** @type {Run[]} */
    this.runs = [];
    /** @type {Record<string, any>} */
    this.said = {};
    this.drawn = 0;
    this.stage = element("div", "sk-stage");
    const [skeleton, plot] = [element("div", "sk-skeleton sk-enlarged", "loading the curves"), element("div", "sk-plot sk-enlarged", "", { role: "img", "aria-label": "Training curves" })];
    Object.assign(this, { skeleton, plot });
    this.stage.append(skeleton, plot);
    this.place = element("p", "sk-place");
    host.append(this.stage, this.place);
    this.chart = new RacePlot({ plot: /** @type {any} */ (plot), skeleton, stage: this.stage }, { zoomed: () => {}, later: () => this.#soon() });
    this.leave = attend(host, () => this.#soon(), () => {}, this.stage);
  }

  /** @type {(data: SceneData, theme: Theme) => void} */
  show(data, theme) {
    this.theme = theme;
    const key = JSON.stringify([data.runs.map(({ run }) => run), data.live, data.layout]);
    this.data = data;
    if (key === this.key) return this.#soon();
    this.key = key;
    this.runs = [];
    this.feed?.close();
    playhead.pause();
    clearTimeout(this.starting);
    if (data.live) this.starting = setTimeout(() => this.runs.some((run) => stepOf(run) > 0) || this.broke("The live race has not begun in time."), STARTING_MS);
    else Object.assign(playhead, { by: "step", at: data.begin ?? 0, playing: !data.atEnd, end: { seconds: 0, step: 0 } });
    this.feed = feedFor({ urls: data.urls, recording: data.live ? null : this }, data.runs.map(({ run }) => run), {
      history: (answer) => this.#history(answer),
      message: (message) => this.#message(message),
      link: (state, reason) => this.#link(state, reason ?? ""),
    });
    return undefined;
  }

  // --- what a recorded feed asks of a replay ------------------------------------------------------------------------

  /** @param {Recording} recording */
  loaded({ end }) {
    const { begin = 0, seconds, atEnd } = this.data, calm = atEnd || matchMedia("(prefers-reduced-motion: reduce)").matches;
    playhead.speed = (((end.step - begin) / seconds) * (end.seconds || WITHOUT_CLOCK_S)) / (end.step || 1);
    playhead.by = "step";
    playhead.at = calm ? null : begin;
    playhead.playing = !calm;
    playhead.take(end);
    playhead.by = "step";
  }

  /** @param {string} reason */
  failed(reason) {
    setText(this.skeleton, `The recording could not be loaded: ${reason}`);
  }

  /** Play again from the begin, or stop where it is. */
  again() {
    if (this.data.live) return;
    if (playhead.playing) playhead.pause();
    else {
      if (playhead.atEnd) playhead.at = this.data.begin ?? 0;
      playhead.play();
    }
  }

  // --- what arrives -------------------------------------------------------------------------------------------------

  /** @param {any} answer */
  #history(answer) {
    this.runs = answer.cards.flatMap((/** @type {any} */ card) => {
      const known = this.data.runs.find(({ run }) => run === card.run);
      if (!known) return [];
      return [{ ...known, card, series: new Series(answer.runs[card.run], card.parent_step ?? 0), usual: known.label }];
    });
    nameRuns(this.runs);
    this.#words(answer);
    this.feed?.filled(this.runs);
    this.#judge();
    this.#soon(!this.drawn);
  }

  /** @param {any} message */
  #message(message) {
    const { gone } = takeMessage(this.runs, message);
    if (gone.size) return this.broke("The live race was deleted.");
    if (message.c) nameRuns(this.runs);
    if (this.feed?.isFull(this.runs)) this.feed.open();
    this.#words(message);
    if (message.engine && message.engine.state !== "alive" && isLive(this.runs)) return this.broke(`The engine is gone: ${message.engine.message ?? "it does not answer"}.`);
    this.#judge();
    return this.#soon();
  }

  /** Tell what a live race does, or that it has broken off. */
  #judge() {
    if (!this.data.live || !this.runs.length || this.stopped) return;
    const broken = this.runs.find(({ card }) => BROKEN.has(card.state)), state = stateOf(this.runs);
    if (broken) this.broke(`${broken.label} of the live race ${broken.card.state === "stopped" ? "was stopped" : `has ended: ${broken.card.state}`}.`);
    else if (state !== this.state) this.hears.state(this.state = state);
  }

  /** @param {any} message */
  #words(message) {
    for (const part of ["gaps", "depths", "cut"]) if (message[part] !== undefined) this.said[part] = message[part];
  }

  /** @type {(state: string, reason: string) => void} */
  #link(state, reason) {
    clearTimeout(this.losing);
    if (state === "gone" && this.data.live) this.losing = setTimeout(() => this.broke(`The server of the live race is gone (${reason || "no answer"}).`), GONE_MS);
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  #soon(atOnce = false) {
    if (this.stopped || document.hidden || (this.pending && !atOnce)) return;
    clearTimeout(this.pending);
    this.pending = setTimeout(() => requestAnimationFrame(() => this.#draw()), atOnce ? 0 : Math.max(0, this.drawn + DRAW_MS - performance.now()));
  }

  async #draw() {
    this.pending = undefined;
    if (this.stopped || !this.runs.length || !this.theme || !this.stage.clientHeight) return;
    this.drawn = performance.now();
    setText(this.place, this.#placeWords());
    const factor = Math.max(1, window.innerHeight / ROOM_PX), isNarrow = this.host.clientWidth <= HAND_PX;
    const families = new Set(this.runs.map(({ card }) => card.plain)).size;
    this.stage.classList.toggle("sk-stacked", this.data.layout === "side" && families > 1 && this.host.clientWidth < NARROW);
    const [width, height] = [this.stage.clientWidth, this.stage.clientHeight].map((px) => Math.floor(px / (isNarrow ? 1 : factor)));
    for (const { style } of [this.skeleton, this.plot]) Object.assign(style, { width: `${width}px`, height: `${height}px`, scale: String(isNarrow ? 1 : factor) });
    await this.chart.draw(this.runs, this.#view(height, !isNarrow), this.theme, this.data.urls.plotly, width);
  }

  #placeWords() {
    const steps = this.runs.map((run) => Math.floor(stepOf(run))), [least, most] = [Math.min(...steps), Math.max(...steps)];
    const step = this.data.live && least < most ? `${grouped(least)} to ${grouped(most)}` : grouped(most), total = Math.max(...this.runs.map(({ card }) => card.total_steps));
    const seeds = new Set(this.runs.map(({ card }) => card.seed)).size;
    return `step ${step} of ${grouped(total)} · running training error, ${seeds > 1 ? `means of ${seeds} seeds` : "one seed"}`;
  }

  /** @type {(height: number, big: boolean) => View} */
  #view(height, big) {
    // When gaps are compared is for the page with the verdict; over a net's name the words would be read as its own.
    const { gaps = null, depths = {} } = this.data.layout === "gap" ? this.said : { depths: this.said.depths };
    return {
      race: null, layout: this.data.layout, metric: "error", scale: "linear", x: "step", curves: this.data.raw ? ["running", "raw"] : ["running"], seeds: "band", big,
      height, zoom: null, marks: [], pins: [], unseen: [], unnamed: true, room: true, hidden: false, gaps, depths,
    };
  }

  stop() {
    this.stopped = true;
    for (const timer of [this.losing, this.starting, this.pending]) clearTimeout(timer);
    playhead.pause();
    this.feed?.close();
    this.chart.stop();
    this.leave();
    this.host.replaceChildren();
  }
}
