/** A page of probes: stream, columns, time, layer, panels. The browser holds all data but distributions. */
import { Arms } from "./arms.js";
import { Columns } from "./panels/columns.js";
import { feedFor } from "./stream.js";
import { LayerPanel } from "./panels/layer.js";
import { ProbeMap } from "./panels/map.js";
import { commonStep, deepest, mapNets, underGlass } from "./nets.js";
import { ProbePanels } from "./panels/panels.js";
import { Scale } from "./panels/scale.js";
import { Timeline } from "./timeline.js";
import { pageFooter } from "./footer.js";
import { ProbeState } from "./state.js";
import { ProbeExport } from "./export.js";
import { absence, armKey, finding, headlineOf, readout, remarks, steadyHeadline } from "./sentences.js";
import { familiesOf, groupsOf, inFamily } from "./groups.js";
import { probePresenter } from "./presentation.js";
import { nameRuns } from "../shared/arm_names.js";
import { setText } from "../shared/dom.js";
import { attend, loadPlotly, readTheme } from "../shared/page.js";
import { showProgress } from "../shared/page_title.js";
import { dropRecordings } from "../shared/replay/recording.js";
import { Replay } from "../shared/replay/replay.js";
import { drawChip, shownLink, unreachableText } from "../shared/link_status.js";
import { AT_WORK, isLive } from "../shared/run_states.js";

const DRAW_MS = 250;
/** Requested columns at most; a run with twice as many is fetched again, thinned by the server. */
const MAX_COLUMNS = 600;

export class ProbeView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.sp-${name}`);
    Object.assign(this, { runs: [], findings: {}, scales: new Map(), link: "opening", lastNews: null, chosen: null, replayWords: "" });
    this.timeline = new Timeline(this.part, () => this.#moved(), (step) => (this.state.at = step));
    this.map = new ProbeMap(this.part("maps"), { hover: (spot) => this.#hover(spot), pick: (spot) => this.#pick(spot) });
    this.part("about").ontoggle = () => (this.state.more = this.part("about").open);
    this.leave = attend(host, () => this.#soon(), () => {
      this.#honest();
      this.state?.address.keep();
      this.replay.keep();
      this.#progress();
    });
    this.recorded = false; // whether what is shown comes from a recording
    this.replay = new Replay(this.part("player"), this.part("replay"), () => this.#turned());
    host.probeView = this; // for tests and for the curious
  }

  /** Take new data or a new theme; keep connection and columns of the same runs. */
  update(data, send) {
    Object.assign(this, { data, send });
    loadPlotly(data.urls.plotly).catch(() => {}); // early: it takes longer than the history; a failure shows below
    this.host.dataset.layout = data.layout;
    this.theme = readTheme(this.host, data.themes);
    if (!this.state) this.#begin(data);
    this.presenter.stage.invite(data.room);
    const before = this.state.race;
    this.state.of(data.race);
    this.replay.of(data.race);
    this.#lend();
    if (before !== data.race) {
      this.chosen = null;
      this.#look();
    }
    const ids = data.runs.map((run) => run.run).join();
    if (ids !== this.ids) {
      Object.assign(this, { ids, runs: [], loaded: false });
      this.#ask();
    }
    this.#soon();
  }

  #begin(data) {
    this.state = new ProbeState(data.layout, () => this.#look(), () => this.#soon());
    this.asked = this.quantity = this.state.quantity(data.offered, data.quantity);
    this.arms = new Arms(this.part, this.state, () => this.#soon(0));
    this.layer = new LayerPanel(this.part, this.state, (place) => this.#focus(place, true));
    this.panels = new ProbePanels(this.part, data, this.state.zooms, {
      quantity: (name) => this.#choose(name),
      form: (name) => {
        this.state.sorted = name === "sorted";
        this.#soon(0);
      },
      net: (half, run) => {
        this.state.pickNet(half, run);
        this.#soon(0);
      },
      hover: (place) => this.#focus(place, false),
      pin: (place) => this.#pinned(place),
    });
    this.part("layer-panel").hidden = !data.urls.detail; // a file holds no distributions
    this.takes = new ProbeExport(this.part, () => this.#shown());
    this.presenter = probePresenter(this.host, this.part, { state: this.state, timeline: this.timeline, replay: this.replay, layout: data.layout, changed: () => this.#soon(0) });
  }

  /** Take the state of the address: at the begin, after a step back, at another race. */
  #look() {
    const { state, data } = this;
    this.focus = state.focus;
    this.part("about").open = state.more;
    this.timeline.begin(this.replay.on ? null : state.at);
    if (this.layer.wanted) this.layer.again();
    const wanted = state.quantity(data.offered, data.quantity);
    if (wanted !== this.asked) this.#choose(wanted);
    this.#soon();
  }

  /** Open the feed for the chosen quantity alone. */
  #ask() {
    this.wanted = new Set([...this.data.always, this.asked]);
    this.feed?.close();
    const urls = { ...this.data.urls, quantities: this.wanted, about: this.data.growth ? "gradient_growth" : this.asked, columns: MAX_COLUMNS };
    this.feed = feedFor({ urls, recording: this.replay.on ? this.replay : null }, this.data.runs.map((run) => run.run), {
      history: (answer) => this.#history(answer),
      message: (message) => this.#message(message),
      placed: (words) => (this.replayWords = words),
      link: (link, linkReason = "") => {
        Object.assign(this, { link, linkReason });
        this.#soon();
      },
    });
  }

  /** From now on the recording is played, or what trains now is followed. What is shown stays until the first columns are here. */
  #turned() {
    if (!this.state) return;
    const { on } = this.replay;
    if (on) this.chosen = this.timeline.follow ? null : this.timeline.wanted ?? this.timeline.step ?? null;
    this.#lend();
    if (!on) this.state.at = this.chosen;
    this.timeline.begin(on ? null : this.chosen);
    this.#progress();
    this.#ask();
    this.#soon(0);
  }

  /** In a replay `at` is its place, and no column that somebody chose. */
  #lend() {
    const { on } = this.replay;
    if (on) this.state.at = null;
    this.state.address.lend("at", on);
    this.replay.lend(!on);
  }

  stop() {
    this.stopped = true;
    this.feed?.close();
    showProgress(this, []);
    this.replay.stop();
    for (const part of [this.timeline, this.layer, this.presenter, this.state?.address]) part?.stop();
    this.leave();
    if (window.Plotly) for (const plot of this.host.querySelectorAll(".js-plotly-plot")) window.Plotly.purge(plot);
  }

  scale(name) {
    if (!this.scales.has(name)) this.scales.set(name, new Scale(this.data.quantities.find((row) => row.name === name)));
    return this.scales.get(name);
  }

  #history(answer) {
    const recorded = Boolean(answer.recorded);
    if (recorded !== this.recorded) Object.assign(this, { recorded, engine: undefined, trouble: "", lastNews: null, link: recorded ? "replay" : "live" });
    this.scales.clear();
    this.loaded = true;
    this.quantity = this.asked;
    Object.assign(this, { findings: answer.f, headline: null });
    this.runs = answer.cards.map((card) => {
      const { label, color, textColor, family } = this.data.runs.find(({ run }) => run === card.run);
      const columns = new Columns(answer.runs[card.run], (name, codes) => this.scale(name).learn(codes));
      return { card, columns, label, usual: label, color, textColor, family };
    });
    if (recorded && this.replay.on) this.timeline.begin(null);
    this.#timed();
    this.#progress();
    if (answer.sought) this.#soon(0);
  }

  /** Whether a replay is shown, or on its way: from the press of its button until the live columns are there again. */
  get replaying() {
    return this.recorded || this.replay.on;
  }

  get shownLink() {
    return shownLink(this.recorded, this.replay.on, this.link);
  }

  #progress() {
    showProgress(this, this.runs, this.replaying);
  }

  #message(message) {
    const byId = new Map(this.runs.map((run) => [run.card.run, run]));
    for (const [id, places] of Object.entries(message.l ?? {})) Object.assign(byId.get(Number(id))?.columns ?? {}, places);
    for (const [id, step, share, arrays] of message.b ?? []) byId.get(id)?.columns.append(step, share, arrays, this.wanted);
    Object.assign(this.findings, message.f);
    let differs = false;
    for (const card of message.c ?? []) {
      const run = byId.get(card.run);
      if (!run) continue;
      differs ||= run.card.difference !== card.difference;
      run.card = card;
    }
    if (message.b || message.c) dropRecordings([...byId.keys()]);
    if (message.b) this.lastNews = performance.now();
    if (message.engine !== undefined) this.engine = message.engine;
    if (message.error !== undefined) this.trouble = message.error;
    const gone = new Set(message.d ?? []);
    if (gone.size) {
      this.runs = this.runs.filter((run) => !gone.has(run.card.run));
      this.feed.forget([...gone]);
    }
    // A run that has become an arm of its own is part of no finding any more, of earlier steps neither.
    if (differs || this.runs.some(({ columns }) => columns.steps.length > 2 * MAX_COLUMNS)) this.feed.open();
    this.#timed();
    if (gone.size && !this.runs.length) this.send("command", { verb: "gone", at: Date.now() });
  }

  #timed() {
    nameRuns(this.runs);
    const steps = Math.max(0, ...this.runs.map(({ card }) => card.total_steps));
    this.timeline.update(this.runs.map(({ columns }) => columns), steps, commonStep(this.runs));
    this.#soon();
  }

  #choose(name) {
    this.asked = name;
    if (name !== this.state.quantity(this.data.offered, this.data.quantity)) this.state.setQuantity(name, this.data.quantity);
    if (!this.wanted.has(name)) return this.#ask(); // the picture changes when its columns are here
    this.quantity = name;
    this.#soon(0);
  }

  #hover(spot) {
    const run = spot && this.nets?.[spot.half]?.run;
    this.part("readout").textContent = run ? readout(run, this.scale(this.quantity), spot.place, this.timeline.columns[spot.column]) : "";
    if (run) this.#focus(spot.place, false);
  }

  #pick(spot) {
    // All pages stand at the place of a replay: a column of it is a place.
    if (this.replay.on) this.replay.look(this.timeline.columns[spot.column] ?? 0);
    else this.timeline.look(spot.column);
    this.#focus(spot.place, true);
  }

  /** Mark a place of the net; a pinned place stays until another pin. */
  #focus(place, pin) {
    if (this.focus.pinned && !pin) return;
    this.focus = this.state.focus = { place, pinned: pin || this.focus.pinned };
    this.#marks();
    this.#glass();
  }

  #pinned(place) {
    if (this.focus.pinned && this.focus.place === place) this.focus = this.state.focus = { place, pinned: false };
    else this.#focus(place, true);
    this.#glass();
  }

  #soon(wait = DRAW_MS) {
    if (this.stopped || document.hidden || (this.pending && wait)) return;
    clearTimeout(this.pending);
    this.pending = setTimeout(() => requestAnimationFrame(() => {
      this.pending = null;
      this.#draw();
    }), wait && Math.max(0, (this.drawn ?? -wait) + wait - performance.now()));
  }

  /** Draw profiles and the map's lines for another step, at the next frame. */
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
    drawChip(this.part("chip"), this.runs, this.shownLink);
    this.replay.draw(this.recorded ? undefined : isLive(this.runs), this.runs.some(({ card, columns }) => card.step > 0 || columns.lastStep > 0));
    for (const name of ["play", "slider"]) this.part(name).hidden = this.replay.on;
    this.timeline.serve({ live: isLive(this.runs), replayed: this.replay.on });
    this.panels.notice(this.#trouble());
    this.#honest();
    this.#chips();
    const present = this.runs.some(({ columns }) => columns.steps.length);
    this.part("grid").hidden = !present;
    this.part("says").hidden = present;
    this.presenter.sync();
    if (!present) {
      const reasons = this.runs.map(absence);
      this.part("says").textContent = !this.loaded ? "Loading the probes." : this.runs.length ? [...new Set(reasons)].join("\n") : "These runs were deleted. Choose another race.";
      return;
    }
    this.nets = mapNets(this.runs, this.state.nets);
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

  /** The groups of the chosen family. */
  get groups() {
    const all = groupsOf(this.runs);
    return inFamily(all, familiesOf(all), this.state.family);
  }

  #chips() {
    this.arms.offer(familiesOf(groupsOf(this.runs)));
    this.arms.draw(this.groups, this.theme, this.data.states, this.timeline.step);
  }

  #profiles() {
    const groups = this.arms.shown(this.groups);
    const step = this.timeline.step, found = this.findings[step];
    const place = this.#headline(step);
    this.panels.profiles(this.window, { groups, step, quantity: this.quantity, scale: (name) => this.scale(name), found, place, form: this.form }, this.theme);
    this.map.frame(place, (this.nets ?? []).map(({ run }) => armKey(run.card)));
    const { means, closing } = finding(found, groups.flatMap(({ runs }) => runs));
    setText(this.part("finding"), this.data.growth ? "" : closing);
    setText(this.part("means"), this.data.growth ? "" : means);
    this.part("remarks").textContent = remarks(this.runs, this.scale(this.quantity), step);
    this.#chips();
    this.#marks();
    this.#glass();
    this.takes.strips();
    this.painted ??= performance.now();
  }

  get form() {
    return this.state.sorted && this.data.forms.includes("sorted") ? "sorted" : "order";
  }

  /** Show the headline of a step, on a page that follows a race a steady one; return its place if the pictures show it. */
  #headline(step) {
    const now = headlineOf(this.findings[step]);
    const before = headlineOf(this.findings[this.timeline.columns.findLast((at) => at < step && this.findings[at])]);
    this.headline = this.timeline.follow && !this.replaying && isLive(this.runs) ? steadyHeadline(this.headline, before, now) : now;
    setText(this.part("answer"), this.headline.text);
    const about = this.data.growth ? this.data.quantity : this.quantity;
    return about === this.quantity ? this.headline.place : null;
  }

  /** The marked place of the quantity, at first the middle of the deepest net. */
  #place() {
    const count = deepest(this.runs)?.columns.places(this.scale(this.quantity).row).length ?? 0;
    return Math.min(this.focus.place ?? Math.floor(count / 2), count - 1);
  }

  #marks() {
    const place = this.#place();
    this.map.mark(this.nets?.map(() => place) ?? []);
    this.panels.mark(this.form === "sorted" ? null : place, this.focus.pinned);
  }

  #glass() {
    if (this.data.layout !== "layers" || !this.window || !this.data.urls.detail) return;
    const { data, focus, timeline: { step } } = this;
    const layer = underGlass(this.runs, this.arms.shown(this.groups), this.#place(), this.scale(this.quantity).row, step);
    if (layer) this.layer.update({ ...layer, pinned: focus.pinned, step, upto: this.recorded ? step : Infinity, urls: data.urls, edges: data.edges }, this.theme, this.window);
  }

  /** The trouble with the live page, or "". */
  #trouble() {
    const { trouble, shownLink: link, linkReason, engine, runs } = this;
    if (trouble) return trouble;
    if (link === "gone" && runs.length) return unreachableText(linkReason);
    const silent = engine && engine.state !== "alive" && runs.some(({ card }) => AT_WORK.has(card.state) || card.outdated);
    if (!silent) return "";
    return engine.state === "none" ? `${engine.message}. The Race page can start it.` : engine.message;
  }

  #shown() {
    const { data, runs: all, quantity, nets, map, layer, theme } = this;
    const groups = this.arms.shown(this.groups);
    return { data, groups, runs: groups.flatMap(({ runs }) => runs), all, quantity, scale: (name) => this.scale(name), step: this.timeline.step, nets, map, layer, theme, page: this.part("honest").textContent, replay: this.recorded ? this.replayWords : "" };
  }

  #honest() {
    if (!this.data) return;
    const news = this.lastNews ? (performance.now() - this.lastNews) / 1000 : null;
    setText(this.part("honest"), pageFooter(this.runs, !this.replaying && isLive(this.runs), news, !this.data.absence));
    if (this.nets) this.takes.strips();
  }
}
