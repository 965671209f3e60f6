/**
 * The live race on the page: takes what the feed brings and tells the parts around it, chart, cards, words. The server
 * sends only what is new; everything here is drawn from what the browser holds, at most four times a second.
 */
import { Cards } from "./panel/cards.js";
import { ZoomDetail } from "./zoom_detail.js";
import { MachineLoad } from "./panel/machine_load.js";
import { NextSteps, hasEnded, newlyEnded } from "./panel/next_steps.js";
import { attend, readTheme } from "../shared/page.js";
import { RaceNotification } from "./panel/notification.js";
import { showProgress } from "../shared/page_title.js";
import { shownLink } from "../shared/link_status.js";
import { dropRecordings } from "../shared/replay/recording.js";
import { Replay } from "../shared/replay/replay.js";
import { ENDED, isLive } from "../shared/run_states.js";
import { nameRuns } from "../shared/arm_names.js";
import { setText } from "../shared/dom.js";
import { alone, armsOf, linesAsArms, seenLines, shownArms, toggled } from "./inspect/arms.js";
import { ArmChips } from "./inspect/chips.js";
import { smoothedRuns } from "./inspect/smoothing.js";
import { CrossHair } from "./inspect/crosshair.js";
import { Presenter } from "./presentation/presenter.js";
import { feedFor } from "./feed.js";
import { RacePlot } from "./chart/plot.js";
import { fittingHeight } from "./chart/axes.js";
import { RaceStatus, placed, stillCut } from "./panel/status.js";
import { footerText } from "./panel/footer.js";
import { ExportTools } from "./panel/tools.js";
import { Series, stepOf, takeMessage } from "./series.js";
import { SideBar } from "./panel/side_bar.js";
import { ViewControls } from "./panel/controls.js";
import { ViewState, kindsOf } from "./panel/view_state.js";

const DRAW_MS = 250;
/** A history from a step on that no run reaches. */
const STATES_ALONE = { n: 100, first: 1e9 };
/** Between two draws so many times the last one's time passes: the page has other work, and the machine trains. */
const REST = 1.5;

/** @type {(run: { series: Series }) => boolean} */
const hasCurve = ({ series }) => series.train.step.length > 1;

export class RaceView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.ss-${name}`);
    this.runs = [];
    this.ghosts = []; // the imported lines beside them
    this.statement = {};
    this.link = "opening";
    this.lastNews = null;
    this.drawn = 0;
    this.recorded = false; // whether what is shown comes from a recording
    this.view = new ViewState(() => this.#looked());
    this.controls = new ViewControls(this.part("controls"), this.part("key"), this.view);
    this.finer = new ZoomDetail({ runs: () => this.runs, whole: () => this.feed.whole() ?? this.runs, fetch: (ids, ranges) => this.feed.finer(ids, ranges), done: () => this.#soon(true) });
    this.chart = new RacePlot({ plot: this.part("plot"), skeleton: this.part("skeleton"), stage: this.part("stage") }, {
      zoomed: (zoom) => (this.view.zoom = zoom),
      later: () => this.#soon(),
    });
    this.crossHair = new CrossHair(this.part("stage"), this.part("plot"), {
      seen: () => ({ ...this.#shown(), figure: this.chart.figure, mayFork: (run) => this.#mayFork(run) }),
      fork: ({ run, step }) => this.#ask("fork-at", run, { step }),
    });
    this.chips = new ArmChips(this.part("arms"), {
      toggle: (id) => (this.view.off = toggled(this.#arms(), this.view.off, id)),
      alone: (id) => (this.view.off = alone(this.#arms(), this.view.off, id)),
      pin: (id) => this.view.pin(id),
    });
    this.status = new RaceStatus(this.part, (verb, run) => this.#ask(verb, run));
    this.next = new NextSteps(this.part("next"), this.part("certainty-actions"), (step) => this.#step(step));
    this.tools = new ExportTools(this.part, () => this.#shown(), () => this.picture ?? this.#shown());
    this.replay = new Replay(this.part("player"), this.part("replay"), () => {
      this.#follow();
      this.#says();
    });
    this.notification = new RaceNotification(this.part("notify"), {
      race: () => ({ race: this.race, runs: this.replaying ? [] : this.runs, hidden: this.view.hidden }),
      look: () => this.feed.history(STATES_ALONE),
    });
    this.meters = new MachineLoad(this.part("meters"));
    this.sideBar = new SideBar();
    this.presenter = new Presenter(host, this.part, this.view, { ask: (verb) => this.#ask(verb, 0) });
    this.leave = attend(host, () => this.#soon(), () => {
      this.#strip();
      this.view.keep();
      this.replay.keep();
      this.#progress();
    }, this.part("stage"));
    host.raceView = this; // for tests and for the curious
  }

  /** New data from the script, or a new theme. Keeps the connection and the points when the runs are the same. */
  update(data, send) {
    this.data = data;
    this.cards ??= new Cards(this.part("cards"), data.states, (verb, run) => this.#ask(verb, run));
    this.send = send;
    this.theme = readTheme(this.host, data.themes);
    this.next.heard(data);
    this.notification.update(data.mayCommand !== false);
    this.sideBar.filled(data.set_up);
    const ids = data.runs.map((run) => run.run).join();
    if (ids !== this.ids) {
      this.ids = ids;
      // What stays in the race stays on the page until the new history is there.
      this.runs = this.runs.filter(({ card }) => data.runs.some((run) => run.run === card.run));
      if (data.race !== this.race) {
        if (this.race) this.sideBar.close();
        Object.assign(this, { runs: [], ghosts: [], statement: {}, asked: null, answers: null, depths: {}, picture: null, cut: "", gaps: undefined, over: undefined, ended: undefined, cutSeen: false });
      }
      this.view.of(data.race);
      this.replay.of(data.race, data.runs.map((run) => run.run));
      this.race = data.race;
      this.#follow();
    }
    this.#says();
    this.view.keep();
    this.#soon();
  }

  /** Take the data from what trains now, or from the recording. What is shown stays until the first snapshot is here. */
  #follow() {
    this.feed?.close();
    if (!this.data) return;
    this.feed = feedFor({ urls: this.data.urls, recording: this.replay.on ? this.replay : null }, this.data.runs.map((run) => run.run), {
      history: (answer) => this.#history(answer),
      message: (message) => this.#message(message),
      link: (state, reason) => this.#link(state, reason),
    });
    this.#soon();
  }

  stop() {
    this.stopped = true;
    this.feed?.close();
    showProgress(this, []);
    for (const part of [this.finer, this.chart, this.crossHair, this.presenter, this.view, this.replay, this.sideBar, this.tools, this.notification]) part.stop();
    this.leave();
    for (const part of [this.cards, this.next]) part?.stop();
  }

  // --- what arrives -------------------------------------------------------------------------------------------------

  #history(answer) {
    const before = new Map(this.runs.map((run) => [run.card.run, run.series]));
    const turned = this.recorded !== Boolean(answer.recorded);
    if (turned) this.#turned(Boolean(answer.recorded));
    this.runs = answer.cards.map((card) => {
      const series = new Series(answer.runs[card.run], card.parent_step ?? 0);
      const detail = before.get(card.run)?.detail ?? null;
      // What was fine stays so; a moment of a recording has no points that came later.
      if (this.view.zoom && (this.recorded || turned)) series.refineUpTo(card.step, answer.fine?.get(card.run) ?? detail);
      else series.detail = detail;
      return this.#run(card, series);
    });
    nameRuns(this.runs);
    this.ghosts = answer.ghosts ?? [];
    this.replayWords = answer.words ?? "";
    if (answer.a !== null && answer.a !== undefined) this.lastNews = performance.now() - 1000 * answer.a;
    this.#words(answer);
    this.feed.filled(this.runs);
    // A link into a part of the curves; and what was fine stays so, with what has come since.
    if (this.view.zoom && !answer.fine?.size) this.#refine();
    this.#progress();
    this.#soon(!before.size || turned || answer.sought);
  }

  /** From now on what is shown comes from a recording, or from what trains now. */
  #turned(recorded) {
    Object.assign(this, { recorded, engine: undefined, trouble: "", lastNews: null, link: recorded ? "replay" : "live" });
    this.meters.clear();
    this.#says();
  }

  /** Whether a replay is shown, or on its way: from the press of its button until the live history is there again. */
  get replaying() {
    return this.recorded || this.replay.on;
  }

  /** Say and offer what a replay has, or a race that is live. */
  #says() {
    if (!this.data) return;
    this.host.setAttribute("aria-label", this.replaying ? "Replay of a race" : "Live race");
    this.presenter.update({ ...this.data, mayCommand: this.#mayCommand(), recorded: this.replaying });
    this.#progress();
  }

  #mayCommand() {
    return this.data.mayCommand !== false && !this.replaying;
  }

  #progress() {
    showProgress(this, this.runs, this.replaying);
  }

  #message(message) {
    const bare = !this.runs.some(hasCurve);
    if (message.p || message.c) dropRecordings(this.runs.map(({ card }) => card.run));
    const { fresh, gone, moved } = takeMessage(this.runs, message);
    if (gone.size) {
      this.runs = this.runs.filter((run) => !gone.has(run.card.run));
      this.feed.forget([...gone]);
    }
    if (message.c || gone.size) nameRuns(this.runs); // a run that was changed has another name from now on
    if (fresh && message.a !== null) this.lastNews = performance.now() - 1000 * (message.a ?? 0);
    if (message.ghosts || this.feed.isFull(this.runs) || (moved && this.#haveEnded())) this.feed.open();
    this.#words(message);
    // Words and meters alone are no reason to draw the curves.
    if (message.p || message.e || message.c || message.d || message.gaps !== undefined || message.depths) this.#soon(bare && this.runs.some(hasCurve)); // the first curve is waited for
    else this.#tell();
    if (message.c) this.notification.heard();
    if (gone.size && !this.runs.length) this.#ask("gone", 0);
  }

  /** When the last run has ended, one look at the whole history puts back the steps that the stream left out. */
  #haveEnded() {
    return this.runs.length > 0 && this.runs.every(({ card }) => ENDED.has(card.state) || card.state === "paused");
  }

  #words(message) {
    for (const part of ["g", "sure", "alone", "basis", "rows"]) if (message[part] !== undefined) this.statement[part] = message[part];
    if (message.gaps !== undefined) this.gaps = message.gaps;
    if (message.depths !== undefined) this.depths = message.depths;
    if (message.cut !== undefined) this.cut = message.cut;
    if (message.q !== undefined) this.asked = message.q;
    if (message.t !== undefined) this.answers = message.t;
    if (message.engine !== undefined) this.engine = message.engine;
    if (message.error !== undefined) this.trouble = message.error;
    if (message.m !== undefined) this.meters.take(message.m);
  }

  #run(card, series) {
    const known = this.data.runs.find((run) => run.run === card.run);
    return { card, series, color: known.color, textColor: known.textColor, label: known.label, usual: known.label, mark: known.mark, glyph: known.glyph };
  }

  #link(state, reason) {
    this.link = state;
    this.linkReason = reason ?? "";
    this.#soon();
  }

  #ask(verb, run, more = {}) {
    if (this.replaying || (this.data.mayCommand === false && !["gone", "ended"].includes(verb))) return;
    this.send("command", { verb, run, at: Date.now(), ...more });
  }

  /** A next step was pressed; a cut is seen beside the curve that it leaves. */
  #step({ key }) {
    if (["cut", "show"].includes(key)) {
      const layout = this.view.get("layout");
      this.view.choose({ layout: ["gap", "depth"].includes(layout) ? "side" : layout, metric: "error" });
      this.view.zoom = null;
      this.part("stage").scrollIntoView({ block: "nearest", behavior: "smooth" });
    }
    if (key !== "show") this.#ask("next", 0, { key });
  }

  /** The script names the next steps, and must hear of every end. */
  #nextSteps() {
    const { next, race } = this.data;
    if (!race || !this.runs.length) return;
    if (this.replaying) return this.next.draw(next, [], true);
    this.next.draw(next, this.runs, this.view.hidden);
    const ended = newlyEnded(next, this.runs), over = hasEnded(this.runs);
    // A race that ended can go on for more steps, and ends again.
    if ((ended && ended !== this.ended) || (over && this.over === false)) this.#ask("ended", 0);
    Object.assign(this, { ended, over });
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  /** Something else is looked at. */
  #looked() {
    this.presenter.sync();
    this.#refine();
    this.#soon(true);
  }

  /** Finer points of what is seen. Over depth there are no steps to see more of. */
  #refine() {
    const { zoom, layout, x } = this.view.all(this.#kinds());
    this.finer.look(layout === "depth" ? null : zoom, x);
  }

  /** Draw when it is due; at once where somebody waits for it. */
  #soon(atOnce = false) {
    if (this.stopped || document.hidden || (this.pending && !atOnce)) return;
    clearTimeout(this.pending);
    const due = this.drawn + Math.max(DRAW_MS, (1 + REST) * (this.took ?? 0));
    this.pending = setTimeout(() => requestAnimationFrame(() => this.#draw()), atOnce ? 0 : Math.max(0, due - performance.now()));
  }

  async #draw() {
    this.pending = null;
    if (this.stopped) return;
    const began = performance.now();
    if (this.runs.length) this.drawn = began;
    // No card may tell what the curves hide.
    const arms = this.#arms(), shown = shownArms(arms, this.view.off), idOf = (run) => arms.find(({ runs }) => runs.includes(run)).id;
    this.cards.draw(this.view.hidden ? [] : this.runs, this.theme, this.#mayCommand(), {
      shown: (run) => shown.some(({ runs }) => runs.includes(run)), toggle: (run) => this.chips.acts.toggle(idOf(run)), alone: (run) => this.chips.acts.alone(idOf(run)),
    });
    const lines = linesAsArms(this.ghosts);
    this.chips.draw([...arms, ...lines], [...shown, ...lines.filter(({ id }) => !this.view.off.includes(id))], this.view.pinned, this.theme);
    this.#tell();
    this.controls.draw(this.#kinds());
    this.tools.draw();
    this.notification.draw();
    this.replay.draw(this.recorded ? undefined : isLive(this.runs), this.runs.some((run) => stepOf(run) > 0));
    this.height = fittingHeight(window.innerHeight, this.#beside());
    const again = this.chart.drawn, { figure } = this.chart, drawing = this.#shown();
    await this.chart.draw(this.#drawn(), this.#view(), this.theme, this.data.urls.plotly, this.part("stage").clientWidth);
    if (this.chart.figure !== figure) this.picture = drawing;
    this.crossHair.refresh();
    // Taken when the frame is painted; the first time holds the loading of plotly.js as well.
    setTimeout(() => (this.took = again ? performance.now() - began : 0));
  }

  /** The words around the chart. */
  #tell() {
    const { engine, trouble, linkReason } = this, mayCommand = this.#mayCommand();
    const { engineGone } = this.data, link = shownLink(this.recorded, this.replay.on, this.link);
    // Nothing about a result that is hidden: neither how sure it is nor its evidence.
    const cutTrains = stillCut(this.runs);
    const { statement, cut } = this.view.hidden ? { statement: {}, cut: "" } : placed(this.statement, this.cut ?? "", cutTrains);
    const headline = this.presenter.verdict(statement.g ?? this.statement.g ?? "");
    const { hidden, smoothing } = this.#view();
    this.status.draw(this.runs, { ...statement, headline, engine, trouble, link, linkReason, engineGone, mayCommand, hidden, smoothing, gaps: hidden ? null : this.gaps });
    this.presenter.draw(this.runs, this.theme, this.#kinds(), this);
    setText(this.part("cut"), cut);
    this.cutSeen ||= cutTrains;
    // Spoken once, at the end of a fork that was seen training: its line changes with every step.
    setText(this.part("cut-spoken"), this.cutSeen && !cutTrains ? cut : "");
    this.#nextSteps();
    this.#strip();
  }

  /** The height of what stands above the chart, when the page is not scrolled, and below it down to the line of words. */
  #beside() {
    const [stage, strip] = ["stage", "strip"].map((name) => this.part(name).getBoundingClientRect());
    return stage.top + (this.host.closest("[data-testid=stMain]")?.scrollTop ?? 0) + strip.bottom - stage.bottom;
  }

  #kinds() {
    return kindsOf(this.runs, this.depths);
  }

  #arms() {
    return armsOf(this.runs);
  }

  /** The runs of the arms that are not hidden, in the order of the race, smoothed as it was chosen. */
  #drawn() {
    const shown = new Set(shownArms(this.#arms(), this.view.off).flatMap(({ runs }) => runs));
    return smoothedRuns(this.runs.filter((run) => shown.has(run)), this.view.smoothing);
  }

  #view() {
    const arms = this.#arms(), shown = shownArms(arms, this.view.off), { pinned } = this.view;
    const pins = arms.filter(({ id }) => pinned.includes(id)).flatMap(({ runs }) => runs.map(({ card }) => card.run));
    const unseen = arms.filter((arm) => !shown.includes(arm)).map(({ name }) => name);
    return { ...this.view.all(this.#kinds()), pins, unseen, race: this.data.race, gaps: this.gaps, depths: this.depths, ghosts: seenLines(this.ghosts, this.view.off, pinned), height: this.height, ...this.presenter.figure() };
  }

  #shown() {
    const { theme, data } = this;
    return { runs: this.#drawn(), theme, view: this.#view(), title: data.title, command: data.command, images: data.images, exports: { address: data.urls.exports, runs: this.runs }, replay: this.recorded ? this.replayWords : "" };
  }

  #mayFork(run) {
    return this.#mayCommand() && !this.view.present && !this.data.unforkable.includes(run);
  }

  #strip() {
    this.meters.draw();
    if (!this.runs.length) return;
    const age = !this.replaying && isLive(this.runs) && this.lastNews !== null ? (performance.now() - this.lastNews) / 1000 : null;
    setText(this.part("strip"), footerText(this.#drawn(), this.#view(), { age, mayFork: this.runs.some(({ card }) => this.#mayFork(card.run)) }));
  }
}
