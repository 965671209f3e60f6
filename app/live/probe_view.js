/**
 * The insides of a race's nets on a page: owns the feed, the columns of every run, the time that is looked at, the layer
 * that is looked at, and the panels. Everything but a layer's distribution is drawn from what the browser holds.
 */
import { Arms } from "./probe_arms.js";
import { Columns } from "./probe_columns.js";
import { finding } from "./probe_finding.js";
import { ProbeFeed } from "./probe_feed.js";
import { LayerPanel } from "./probe_layer.js";
import { ProbeMap } from "./probe_map.js";
import { commonStep, mapNets } from "./probe_nets.js";
import { ProbePanels } from "./probe_panels.js";
import { Scale } from "./probe_scale.js";
import { Timeline } from "./probe_timeline.js";
import { absence, honesty, remark } from "./probe_words.js";
import { loadPlotly, readTheme } from "./page.js";

const DRAW_MS = 250;
/** Columns that are asked for at most; a run with twice as many is fetched again, thinned by the server. */
const MOST_COLUMNS = 600;
const ENDED = new Set(["stopped", "finished", "diverged", "failed", "lost"]);
const WAITS = new Set(["queued", "starting", "running", "stopping"]);

export class ProbeView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.sp-${name}`);
    this.runs = [];
    this.scales = new Map();
    this.focus = { place: null, pinned: false };
    this.picks = [null, null];
    this.timeline = new Timeline(this.part, () => this.#moved());
    this.arms = new Arms(this.part("arms"), () => this.#now());
    this.map = new ProbeMap(this.part("maps"), { hover: (spot) => this.#hover(spot), pick: (spot) => this.#pick(spot) });
    this.layer = new LayerPanel(this.part, (place) => this.#focus(place, true));
    // The width alone: words that wrap change the height, and a chart must not be redrawn in the middle of a drag.
    this.resize = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width !== this.width) this.#soon();
      this.width = contentRect.width;
    });
    this.resize.observe(host);
    this.onResize = () => this.#soon(); // charts are as high as the window allows
    window.addEventListener("resize", this.onResize);
    this.clock = setInterval(() => this.#honest(), 1000);
    this.onVisibility = () => !document.hidden && this.#soon();
    document.addEventListener("visibilitychange", this.onVisibility);
    this.link = "waiting";
    this.lastNews = null;
    host.probeView = this; // for tests and for the curious
  }

  /** New data from the script, or a new theme. Keeps the connection and the columns when the runs are the same. */
  update(data, send) {
    this.data = data;
    this.send = send;
    loadPlotly(data.urls.plotly).catch(() => {}); // early: it takes longer than the history; a failure is told below
    this.host.dataset.layout = data.layout;
    this.theme = readTheme(this.host, data.themes);
    this.panels ??= new ProbePanels(this.part, data, { quantity: (name) => this.#choose(name), net: (half, run) => this.#net(half, run), hover: (place) => this.#focus(place, false), pin: (place) => this.#pinned(place) });
    this.asked ??= this.quantity = data.quantity;
    const ids = data.runs.map((run) => run.run).join();
    if (ids !== this.ids) {
      this.ids = ids;
      this.runs = [];
      this.loaded = false;
      this.#ask();
    }
    this.#soon();
  }

  /** Open the feed for the quantity that is looked at: what nobody sees is not sent. */
  #ask() {
    this.wanted = new Set([...this.data.always, this.asked]);
    this.feed?.close();
    const urls = { ...this.data.urls, quantities: this.wanted, columns: MOST_COLUMNS };
    this.feed = new ProbeFeed(urls, this.data.runs.map((run) => run.run), {
      history: (document_) => this.#history(document_),
      message: (message) => this.#message(message),
      link: (state, reason) => this.#link(state, reason),
    });
  }

  stop() {
    this.stopped = true;
    this.feed?.close();
    this.timeline.stop();
    this.layer.stop();
    this.resize.disconnect();
    window.removeEventListener("resize", this.onResize);
    clearInterval(this.clock);
    document.removeEventListener("visibilitychange", this.onVisibility);
    if (window.Plotly) for (const plot of this.host.querySelectorAll(".js-plotly-plot")) window.Plotly.purge(plot);
  }

  scale(name) {
    if (!this.scales.has(name)) this.scales.set(name, new Scale(this.data.quantities.find((row) => row.name === name)));
    return this.scales.get(name);
  }

  // --- what arrives -------------------------------------------------------------------------------------------------

  #history(document_) {
    this.scales.clear();
    this.loaded = true;
    this.quantity = this.asked;
    this.runs = document_.cards.map((card) => {
      const known = this.data.runs.find((run) => run.run === card.run);
      const columns = new Columns(document_.runs[card.run], (name, codes) => this.scale(name).learn(codes));
      return { card, columns, label: known.label, colour: known.colour, ink: known.ink, family: known.family };
    });
    this.#timed();
  }

  #message(message) {
    const byId = new Map(this.runs.map((run) => [run.card.run, run]));
    for (const [id, places] of Object.entries(message.l ?? {})) Object.assign(byId.get(Number(id))?.columns ?? {}, places);
    for (const [id, step, share, arrays] of message.b ?? []) byId.get(id)?.columns.append(step, share, arrays, this.wanted);
    for (const card of message.c ?? []) if (byId.has(card.run)) byId.get(card.run).card = card;
    if (message.b) this.lastNews = performance.now();
    if (message.engine !== undefined) this.engine = message.engine;
    if (message.error !== undefined) this.trouble = message.error;
    const gone = new Set(message.d ?? []);
    if (gone.size) {
      this.runs = this.runs.filter((run) => !gone.has(run.card.run));
      this.feed.forget([...gone]);
    }
    if (this.runs.some(({ columns }) => columns.steps.length > 2 * MOST_COLUMNS)) this.feed.open();
    this.#timed();
    if (gone.size && !this.runs.length) this.send("command", { verb: "gone", at: Date.now() });
  }

  #timed() {
    const steps = Math.max(0, ...this.runs.map(({ card }) => card.total_steps));
    this.timeline.update(this.runs.map(({ columns }) => columns), steps, commonStep(this.runs));
    this.#soon();
  }

  #link(state, reason) {
    this.link = state;
    this.linkReason = reason ?? "";
    this.#soon();
  }

  // --- what is chosen -----------------------------------------------------------------------------------------------

  #choose(name) {
    this.asked = name;
    if (!this.wanted.has(name)) return this.#ask(); // the picture changes when its columns are here
    this.quantity = name;
    this.#now();
  }

  #net(half, run) {
    this.picks[half] = run;
    this.#now();
  }

  #hover(spot) {
    const run = spot && this.nets?.[spot.half]?.run;
    if (!run) return this.panels.readout("");
    this.panels.readout(run, this.scale(this.quantity), spot.place, this.timeline.columns[spot.column]);
    this.#focus(spot.place, false);
  }

  #pick(spot) {
    this.timeline.look(spot.column);
    this.#focus(spot.place, true);
  }

  /** Look at a place of the net; a pinned one stays until another is pinned. */
  #focus(place, pin) {
    if (this.focus.pinned && !pin) return;
    this.focus = { place, pinned: pin || this.focus.pinned };
    this.#marks();
    this.#glass();
  }

  #pinned(place) {
    if (this.focus.pinned && this.focus.place === place) this.focus.pinned = false;
    else this.#focus(place, true);
    this.#glass();
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  #soon() {
    if (this.pending || this.stopped || document.hidden) return;
    this.pending = setTimeout(() => requestAnimationFrame(() => {
      this.pending = null;
      this.#draw();
    }), Math.max(0, (this.drawn ?? -DRAW_MS) + DRAW_MS - performance.now()));
  }

  #now() {
    this.drawn = -DRAW_MS;
    clearTimeout(this.pending);
    this.pending = null;
    this.#soon();
  }

  /** Another moment: the profiles and the lines over the map, at the next frame. */
  #moved() {
    if (this.moving) return;
    this.moving = requestAnimationFrame(() => {
      this.moving = null;
      if (this.stopped || !this.window) return;
      this.map.look(this.timeline.index);
      this.#profiles();
    });
  }

  async #draw() {
    if (this.stopped) return;
    this.drawn = performance.now();
    this.#status();
    this.arms.draw(this.runs, this.theme, this.data.states, this.timeline.step);
    const present = this.runs.some(({ columns }) => columns.steps.length);
    this.part("grid").hidden = !present;
    this.part("says").hidden = present;
    if (!present) {
      const reasons = this.runs.map(({ card, columns }) => absence(card, columns));
      this.part("says").textContent = !this.loaded ? "Loading the probes." : this.runs.length ? [...new Set(reasons)].join("\n") : "These runs were deleted. Choose another race.";
      return;
    }
    this.nets = mapNets(this.runs, this.picks);
    this.panels.map(this.map, this.nets, this.scale(this.quantity), this.timeline, this.theme);
    try {
      this.window = await loadPlotly(this.data.urls.plotly);
    } catch (error) {
      this.panels.notice(`The charts could not be loaded (${error.message}); trying again.`);
      setTimeout(() => this.#soon(), 2000);
      return;
    }
    if (!this.stopped) this.#profiles();
  }

  #profiles() {
    const shown = this.arms.shown(this.runs);
    const step = this.timeline.step;
    this.panels.profiles(this.window, { runs: shown, step, quantity: this.quantity, scale: (name) => this.scale(name) }, this.theme);
    this.part("finding").textContent = this.data.layout === "layers" ? finding(shown, this.scale(this.quantity), step) : "";
    this.part("remarks").textContent = this.runs.map((run) => remark(run, this.scale(this.quantity), step)).filter(Boolean).join("\n");
    this.arms.draw(this.runs, this.theme, this.data.states, this.timeline.step);
    this.#marks();
    this.#glass();
    this.painted ??= performance.now();
  }

  /** The place that is looked at, in units of the quantity's places; the middle of the deepest net to begin with. */
  #place() {
    const deepest = this.#deepest();
    const count = deepest?.columns.places(this.scale(this.quantity).row).length ?? 0;
    return Math.min(this.focus.place ?? Math.floor(count / 2), count - 1);
  }

  #deepest() {
    return [...this.runs].filter(({ columns }) => columns.layers.length).sort((a, b) => b.columns.layers.length - a.columns.layers.length)[0];
  }

  #marks() {
    const place = this.#place();
    this.map.mark(this.nets?.map(() => place) ?? []);
    this.panels.mark(place);
  }

  #glass() {
    const deepest = this.#deepest();
    if (this.data.layout !== "layers" || !this.window || !deepest) return;
    const block = this.scale(this.quantity).row.per === "block";
    const place = block ? Math.min(deepest.columns.layers.length - 1, 2 * this.#place() + 2) : this.#place();
    const runs = this.arms.shown(this.runs).filter(({ columns }) => columns.steps.length && columns.at(this.timeline.step) >= 0);
    const wanted = { layer: deepest.columns.layers[place][0], place, of: deepest.columns.layers.length, pinned: this.focus.pinned, step: this.timeline.step, runs, urls: this.data.urls, edges: this.data.edges };
    this.layer.update(wanted, this.theme, this.window);
  }

  #status() {
    const states = this.runs.map(({ card }) => card.state);
    this.live = states.some((state) => !ENDED.has(state) && state !== "paused");
    const word = this.live ? "LIVE" : states.includes("paused") ? "PAUSED" : "ENDED";
    const chip = this.part("chip");
    chip.hidden = !this.runs.length && this.link !== "gone";
    chip.textContent = this.link === "live" || !this.live ? word : this.link === "gone" ? "OFFLINE" : "RECONNECTING";
    chip.dataset.kind = this.link === "gone" ? "offline" : word.toLowerCase();
    const silent = this.engine && this.engine.state !== "alive" && states.some((state) => WAITS.has(state));
    const reason = this.trouble || (this.link === "gone" && this.runs.length ? `This page cannot reach its server: ${this.linkReason}` : silent ? `${this.engine.message} The Race page can start it.` : "");
    this.panels.notice(reason);
    this.#honest();
  }

  #honest() {
    if (!this.data) return;
    const news = this.lastNews ? (performance.now() - this.lastNews) / 1000 : null;
    const words = honesty(this.runs, this.live, news);
    if (this.part("honest").textContent !== words) this.part("honest").textContent = words;
  }
}
