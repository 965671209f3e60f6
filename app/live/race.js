/**
 * The live race on the page: owns the feed, the points, the chart, the cards and the lines of words around them. The
 * server sends only what is new; everything here is drawn from what the browser holds, at most four times a second.
 */
import { Cards, duration, grouped } from "./cards.js";
import { Feed } from "./feed.js";
import { buildFigure, xs } from "./figure.js";
import { TOUCH, loadPlotly, readTheme } from "./page.js";
import { Series } from "./series.js";

const DRAW_MS = 250;
/** A curve longer than this is fetched again, decimated by the server, extremes kept. */
const MOST_POINTS = 4_000;
const CURVES = ["running", "raw", "test", "clean"];
const CURVES_KEY = "skipscope-curves";
const ENDED = new Set(["stopped", "finished", "diverged", "failed", "lost"]);

export class RaceView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.ss-${name}`);
    this.runs = [];
    this.link = "waiting";
    this.lastNews = null;
    this.drawn = 0;
    this.resize = new ResizeObserver(() => this.#soon());
    this.resize.observe(host);
    this.clock = setInterval(() => this.#strip(), 1000);
    this.onVisibility = () => !document.hidden && this.#soon();
    document.addEventListener("visibilitychange", this.onVisibility);
    this.curves = this.#rememberedCurves();
    for (const button of host.querySelectorAll(".ss-curve")) button.onclick = () => this.#toggleCurve(button.dataset.curve);
    host.raceView = this; // for tests and for the curious
  }

  /** New data from the script, or a new theme. Keeps the connection and the points when the runs are the same. */
  update(data, send) {
    this.data = data;
    this.cards ??= new Cards(this.part("cards"), data.states, (verb, run) => this.#ask(verb, run));
    this.send = send;
    this.theme = readTheme(this.host, data.themes);
    const ids = data.runs.map((run) => run.run).join();
    if (ids !== this.ids) {
      this.ids = ids;
      // What stays in the race stays on the page until the new history is there.
      this.runs = this.runs.filter(({ card }) => data.runs.some((run) => run.run === card.run));
      if (data.race !== this.race) this.runs = [];
      this.race = data.race;
      this.feed?.close();
      this.feed = new Feed(data.urls, data.runs.map((run) => run.run), {
        history: (document_) => this.#history(document_),
        message: (message) => this.#message(message),
        link: (state, reason) => this.#link(state, reason),
      });
    }
    this.#soon();
  }

  stop() {
    this.stopped = true;
    this.feed?.close();
    clearTimeout(this.zooming);
    this.resize.disconnect();
    clearInterval(this.clock);
    document.removeEventListener("visibilitychange", this.onVisibility);
    if (window.Plotly && this.plot) window.Plotly.purge(this.part("plot"));
  }

  // --- what arrives -------------------------------------------------------------------------------------------------

  #history(document_) {
    const before = new Map(this.runs.map((run) => [run.card.run, run.series]));
    this.runs = document_.cards.map((card) => {
      const series = new Series(document_.runs[card.run], card.parent_step ?? 0);
      series.detail = before.get(card.run)?.detail ?? null;
      return this.#run(card, series);
    });
    if (document_.a !== null && document_.a !== undefined) this.lastNews = performance.now() - 1000 * document_.a;
    this.#words(document_);
    this.#soon();
  }

  #message(message) {
    const byId = new Map(this.runs.map((run) => [run.card.run, run]));
    let fresh = Boolean(message.e);
    for (const [id, seconds, ...rest] of message.p ?? []) {
      const flat = rest.pop(); // the running means stand between, about once a second
      const series = byId.get(id)?.series;
      fresh ||= Boolean(series && flat.at(-3) > series.lastStep);
      series?.append(seconds, rest[0] ?? null, rest[1] ?? null, flat);
    }
    for (const [id, ...evaluation] of message.e ?? []) byId.get(id)?.series.evaluate(...evaluation);
    for (const card of message.c ?? []) if (byId.has(card.run)) byId.get(card.run).card = card;
    const gone = new Set(message.d ?? []);
    if (gone.size) {
      this.runs = this.runs.filter((run) => !gone.has(run.card.run));
      this.feed.forget([...gone]);
    }
    if (fresh && message.a !== null) this.lastNews = performance.now() - 1000 * (message.a ?? 0);
    if (this.runs.some((run) => run.series.train.step.length > MOST_POINTS) || this.#ended(message)) this.feed.open();
    this.#words(message);
    this.#soon();
    if (gone.size && !this.runs.length) this.send("command", { verb: "gone", run: 0, at: Date.now() });
  }

  /** When the last run has ended, one look at the whole history puts back the steps that the stream left out. */
  #ended(message) {
    return Boolean(message.c) && this.runs.length > 0 && this.runs.every(({ card }) => ENDED.has(card.state) || card.state === "paused");
  }

  #words(message) {
    if (message.g !== undefined) this.gap = message.g;
    if (message.engine !== undefined) this.engine = message.engine;
    if (message.error !== undefined) this.trouble = message.error;
  }

  #run(card, series) {
    const known = this.data.runs.find((run) => run.run === card.run);
    return { card, series, colour: known.colour, ink: known.ink, label: known.label, mark: known.mark, glyph: known.glyph };
  }

  #link(state, reason) {
    this.link = state;
    this.linkReason = reason ?? "";
    this.#soon();
  }

  #ask(verb, run) {
    this.send("command", { verb, run, at: Date.now() });
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  /** Which curves are shown survives a reload of the tab. */
  #rememberedCurves() {
    try {
      return new Set(JSON.parse(sessionStorage.getItem(CURVES_KEY)) ?? CURVES);
    } catch {
      return new Set(CURVES);
    }
  }

  #toggleCurve(curve) {
    if (!this.curves.delete(curve)) this.curves.add(curve);
    sessionStorage.setItem(CURVES_KEY, JSON.stringify([...this.curves]));
    this.#soon();
  }

  #soon() {
    if (this.pending || this.stopped || document.hidden) return;
    this.pending = setTimeout(() => requestAnimationFrame(() => {
      this.pending = null;
      this.#draw();
    }), Math.max(0, this.drawn + DRAW_MS - performance.now()));
  }

  #draw() {
    if (this.stopped) return;
    this.drawn = performance.now();
    this.cards.draw(this.runs, this.theme);
    this.#status();
    this.#strip();
    this.#chart();
  }

  async #chart() {
    const plot = this.part("plot");
    let Plotly;
    try {
      Plotly = await loadPlotly(this.data.urls.plotly);
    } catch (error) {
      this.part("skeleton").textContent = `The chart could not be loaded (${error.message}); trying again.`;
      setTimeout(() => this.#soon(), 2000);
      return;
    }
    if (this.stopped || !plot.isConnected || !this.runs.length) return;
    const { data, layout } = buildFigure(this.runs, { ...this.data.view, race: this.data.race, curves: [...this.curves] }, this.theme, this.host.clientWidth);
    layout.datarevision = (this.revision = (this.revision ?? 0) + 1); // the arrays grow in place
    this.part("stage").style.minHeight = `${layout.height}px`;
    await Plotly.react(plot, data, layout, {
      ...(TOUCH ? { displayModeBar: false } : {}),
      displaylogo: false, responsive: false, doubleClick: "reset", showTips: false,
      // Named one by one: Plotly's own set has a button that uploads the chart to a company's server.
      modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
      plotlyServerURL: "",
      toImageButtonOptions: { filename: `skipscope-race-${this.data.race}`, scale: 2 },
    });
    if (plot._fullLayout.width !== plot.clientWidth) await Plotly.Plots.resize(plot); // the window was resized
    if (!this.plot) {
      this.plot = true;
      this.part("skeleton").hidden = true;
      plot.on("plotly_relayout", () => this.#zoomed(plot));
    }
    this.#quietModeBar(plot);
  }

  /** The chart's small buttons are for the pointer; Tab goes from the legend to the runs. */
  #quietModeBar(plot) {
    for (const button of plot.querySelectorAll(".modebar-btn")) button.tabIndex = -1;
  }

  /** After a zoom: fetch finer points where the server had to leave some out. */
  #zoomed(plot) {
    clearTimeout(this.zooming);
    this.zooming = setTimeout(async () => {
      const decimated = this.runs.some((run) => run.series.train.step.length < run.series.total);
      const range = plot.layout?.xaxis?.range;
      const whole = !range;
      if (!decimated || whole) return;
      const steps = this.runs.flatMap((run) => stepsBetween(run, this.data.view.x, Math.min(...range), Math.max(...range)));
      if (!steps.length) return;
      try {
        const document_ = await this.feed.history({ first: Math.min(...steps), last: Math.max(...steps) });
        for (const run of this.runs) run.series.detail = document_.runs[run.card.run]?.train ?? null;
        this.#soon();
      } catch {
        // The coarse curve stays; the next zoom tries again.
      }
    }, 200);
  }

  #status() {
    this.#chip();
    const images = this.runs[0]?.card.eval_images;
    const bn = this.runs[0]?.card.bn ?? "running";
    if (images) {
      this.part("test-label").textContent = `test (${grouped(images)} images)`;
      this.part("clean-label").textContent = `clean training (${grouped(images)} images, ${bn} batch-norm statistics)`;
    }
    for (const button of this.host.querySelectorAll(".ss-curve")) {
      button.setAttribute("aria-pressed", this.curves.has(button.dataset.curve));
    }
    this.part("gap").textContent = this.gap ?? "";
    this.part("plot").setAttribute("aria-label", `Training and test curves of ${this.runs.length} runs. ${this.gap ?? ""}`);
    const engine = this.part("engine");
    const silent = this.engine && this.engine.state !== "alive";
    const waits = this.runs.some(
      ({ card }) => ["queued", "starting", "running", "stopping"].includes(card.state) || card.detail === this.data.engineGone,
    );
    engine.hidden = !(this.trouble || (silent && waits) || this.link === "gone");
    const reason = this.trouble || (this.link === "gone" ? `This page cannot reach its server: ${this.linkReason}` : this.engine?.message);
    this.part("engine-text").textContent = reason ?? "";
    const start = this.part("engine-start");
    start.hidden = !(silent && waits) || Boolean(this.trouble);
    start.onclick = () => this.#ask("engine", 0);
    for (const [verb, states] of [["pause", ["queued", "starting", "running"]], ["resume", ["paused", "lost"]]]) {
      const all = this.part(`${verb}-all`);
      const runs = this.runs.filter((run) => states.includes(run.card.state));
      // Not `disabled`: the keyboard's focus would fall off the page the moment the button has done its work.
      all.setAttribute("aria-disabled", runs.length < 2);
      all.onclick = () => runs.length < 2 || this.#ask(`${verb}-all`, 0);
    }
    this.part("bar").hidden = !this.runs.length;
  }

  #chip() {
    const states = this.runs.map((run) => run.card.state);
    const live = states.some((state) => !ENDED.has(state) && state !== "paused");
    this.live = live;
    const word = live ? "LIVE" : states.includes("paused") ? "PAUSED" : "ENDED";
    const chip = this.part("chip");
    chip.hidden = !this.runs.length && this.link !== "gone";
    chip.textContent = this.link === "live" || !live ? word : this.link === "gone" ? "OFFLINE" : "RECONNECTING";
    chip.dataset.kind = this.link === "gone" ? "offline" : word.toLowerCase();
  }

  /** What the chart hides and costs, in one line. */
  #strip() {
    if (!this.runs.length) return;
    const cards = this.runs.map((run) => run.card);
    const shown = this.runs.reduce((sum, run) => sum + run.series.drawn().step.length, 0);
    const total = this.runs.reduce((sum, run) => sum + run.series.total, 0);
    const distinct = (key) => [...new Set(cards.map((card) => card[key]).filter(Boolean))].join(" / ");
    const seeds = new Set(cards.map((card) => card.seed)).size;
    const most = (key) => Math.max(...cards.map((card) => card[key] ?? 0));
    // The first probes come before the first steps: their share says nothing yet.
    const probed = Math.max(0, ...cards.filter((card) => card.step >= 50).map((card) => card.probe_share ?? 0));
    const parts = [
      shown < total ? `${grouped(shown)} of ${grouped(total)} steps shown, extremes kept` : `all ${grouped(total)} steps shown`,
      "dashed: mean of 50 steps over faint single steps",
      `${seeds} seed${seeds === 1 ? "" : "s"}`,
      distinct("precision"),
      distinct("device"),
      distinct("threads") && `${distinct("threads")} thread${distinct("threads") === "1" ? "" : "s"} per run`,
      most("evaluation_share") > 0 && `evaluation ${(100 * most("evaluation_share")).toFixed(0)} % of the time`,
      probed > 0 && `probes ${(100 * probed).toFixed(0)} %`,
      this.live && this.lastNews !== null && `newest datum ${duration((performance.now() - this.lastNews) / 1000)} old`,
    ];
    const words = parts.filter(Boolean).join(" · ");
    if (this.part("strip").textContent !== words) this.part("strip").textContent = words;
  }
}

/** First and last step of a run whose x values lie in [from, to]; nothing when there are none. */
function stepsBetween({ card, series }, kind, from, to) {
  const { step } = series.train;
  const x = xs(series.train, card, kind);
  const inside = step.filter((_, index) => x[index] >= from && x[index] <= to);
  return inside.length ? [inside[0], inside.at(-1)] : [];
}
