/**
 * The page of the instant races: a slider moves, four nets train, their curves grow over those of the races before. The
 * server tells which races there are, and of the newest what is new of its curves, as of any race.
 */
import { Controls } from "./controls.js";
import { LatestWins } from "./latest_wins.js";
import { RaceStream } from "../stream.js";
import { RingStream, answered, choiceOf, dialPoints, taken } from "./ring.js";
import { Series, takeMessage } from "../series.js";
import { attend, loadPlotly, readTheme } from "../../shared/page.js";
import { drawDial } from "./dial.js";
import { ENDED, runningMean } from "../../shared/run_states.js";
import { MAX_GHOSTS, instantFigure } from "./figure.js";
import { fixed } from "../../shared/format.js";
import { setText } from "../../shared/dom.js";
import { unreachableText } from "../../shared/link_status.js";
import { PLOT_CONFIG } from "../../shared/plot_style.js";

/** Between two drawings while the nets train: drawing takes time from them. */
const DRAW_MS = 450;
/** The chart ends this far above the lower end of the window, within these heights. */
const BELOW_PX = 60, LEAST_PX = 300, MOST_PX = 620;

export class InstantView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.si-${name}`);
    this.ring = [];
    this.busy = [];
    this.runs = [];
    this.past = [];
    this.statement = {};
    this.race = null;
    this.latest = new LatestWins((choice) => this.#train(choice));
    this.part("keep").onclick = () => this.race && this.#send("keep", { run: this.race.race });
    this.part("train").onclick = () => this.latest.want(this.choice);
    this.leave = attend(host, () => this.#soon(true), () => {}, this.part("stage"));
    host.instantView = this; // for tests and for the curious
  }

  update(data, send) {
    Object.assign(this, { data, send });
    this.theme = readTheme(this.host, data.themes);
    this.controls ??= new Controls(this.part("controls"), data.settings, (choice) => {
      this.choice = { ...this.choice, ...choice };
      this.latest.want(this.choice);
      this.#soon();
    });
    if (!this.feed) {
      this.#set(data.usual);
      this.feed = new RingStream({ history: data.urls.ring, stream: data.urls.ring }, [], {
        history: () => {},
        message: (message) => this.#listed(message),
        link: (state, reason) => this.#linked(state, reason),
      });
    }
    // A refused race never comes to its end; a refused *Keep* says nothing of the race that trains.
    if (data.notice.at === this.sent?.at) this.latest.ended();
    this.#soon(true);
  }

  stop() {
    this.stopped = true;
    this.latest.stop();
    for (const stream of [this.feed, this.stream]) stream?.close();
    this.leave();
    if (window.Plotly && this.drawn) window.Plotly.purge(this.part("plot"));
  }

  // --- commands -----------------------------------------------------------------------------------------------------

  #train(wanted) {
    const choice = wanted.shortcut === this.data.dialled ? wanted : { ...wanted, strength: 1 };
    this.sent = { at: Date.now(), after: this.ring[0]?.race ?? 0 };
    this.#send("train", { choice, at: this.sent.at });
  }

  #send(verb, more = {}) {
    if (this.data.mayCommand === false || (verb === "train" && this.data.obstacle)) return;
    this.send("command", { verb, run: 0, at: Date.now(), ...more });
  }

  #set(choice) {
    this.controls.choice = choice;
    // An older race may have had values that can no longer be set.
    this.choice = { ...choice, ...this.controls.choice };
  }

  // --- what arrives -------------------------------------------------------------------------------------------------

  #listed(message) {
    if (message.busy) this.busy = message.busy;
    if (message.engine) this.engine = message.engine;
    // What was told before a break of the connection may be over.
    if (message.whole || message.error !== undefined) this.trouble = message.error ?? "";
    this.ring = taken(this.ring, message);
    const [newest] = this.ring;
    // The numbers of another database begin anew.
    if (message.whole && this.sent) this.sent.after = Math.min(this.sent.after, newest?.race ?? 0);
    const other = newest && newest.race !== this.race?.race;
    if (other) this.#follow(newest);
    else this.race = newest ?? this.race;
    if (this.sent && answered(newest, this.sent.after)) this.latest.ended();
    // Whoever has set nothing meanwhile sees what is trained.
    if (newest && !this.latest.busy) this.#set(choiceOf(newest));
    // At the end the whole history is drawn, once: it is on its way.
    this.#soon(other || Boolean(newest?.over && this.whole));
  }

  /** Another race is the newest: its curves grow over those of the one before, where that came to its end. */
  #follow(race) {
    if (this.runs.length && this.#isOver()) this.past = [this.runs, ...this.past].slice(0, MAX_GHOSTS);
    Object.assign(this, { race, runs: [], statement: {}, whole: false });
    this.stream?.close();
    const known = new Map(race.runs.map((run) => [run.run, run]));
    this.stream = new RaceStream(this.data.urls, [...known.keys()], {
      history: (answer) => {
        this.runs = answer.cards.filter(({ run }) => known.has(run)).map((card) => ({ ...known.get(card.run), usual: known.get(card.run).label, card, series: new Series(answer.runs[card.run]) }));
        this.whole = this.#isOver();
        this.#words(answer);
        this.#soon(this.whole);
      },
      message: (message) => {
        const { gone, moved } = takeMessage(this.runs, message);
        this.runs = this.runs.filter(({ card }) => !gone.has(card.run));
        this.#words(message);
        // At the end the whole history puts back the steps that the stream left out.
        if (moved && this.#isOver()) this.stream.open();
        else this.#soon();
      },
      link: (state, reason) => this.#linked(state, reason),
    });
  }

  #words({ g, sure }) {
    if (g !== undefined) this.statement.g = g;
    if (sure !== undefined) this.statement.sure = sure;
  }

  #linked(state, reason) {
    this.lost = state === "gone" ? unreachableText(reason) : "";
    this.#soon();
  }

  #isOver() {
    return this.runs.length > 0 && this.runs.every(({ card }) => ENDED.has(card.state));
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  #soon(atOnce = false) {
    if (this.stopped || document.hidden || (this.pending && !atOnce)) return;
    clearTimeout(this.pending);
    const due = (this.drawnAt ?? 0) + DRAW_MS;
    this.pending = setTimeout(() => requestAnimationFrame(() => this.#draw()), atOnce ? 0 : Math.max(0, due - performance.now()));
  }

  async #draw() {
    this.pending = null;
    if (this.stopped || !this.data) return;
    this.drawnAt = performance.now();
    this.#tell();
    const { theme } = this, plot = this.part("plot"), stage = this.part("stage"), width = stage.clientWidth;
    if (!this.runs.length || !width) return;
    try {
      await loadPlotly(this.data.urls.plotly);
    } catch (error) {
      setText(this.part("says"), `The chart could not be loaded (${error.message}); trying again.`);
      setTimeout(() => this.#soon(), 2000);
      return;
    }
    if (this.stopped) return;
    const { data, layout } = instantFigure(this.runs, this.past, theme, { width, height: this.#height(stage) });
    layout.datarevision = this.revision = (this.revision ?? 0) + 1; // the arrays grow in place
    stage.style.minHeight = `${layout.height}px`;
    await window.Plotly.react(plot, data, layout, { displayModeBar: false, responsive: false, doubleClick: false, showTips: false, ...PLOT_CONFIG });
    this.part("says").hidden = this.drawn = true;
    this.shown = { race: this.race.race, over: this.whole };
  }

  #height(stage) {
    const top = stage.getBoundingClientRect().top + (this.host.closest("[data-testid=stMain]")?.scrollTop ?? 0);
    return Math.min(MOST_PX, Math.max(LEAST_PX, window.innerHeight - top - BELOW_PX));
  }

  /** The words, the sliders and the dial. */
  #tell() {
    const { choice, data, race, ring, statement, theme } = this;
    const may = data.mayCommand !== false, trains = may && !data.obstacle, over = Boolean(race?.over);
    this.controls.enable(trains, choice.shortcut === data.dialled);
    setText(this.part("headline"), statement.g ?? "What depth costs, and what a shortcut gives back");
    const [label, kind, why] = over ? statement.sure ?? [] : [];
    this.part("certainty").hidden = !label;
    this.part("certainty").dataset.kind = kind ?? "";
    setText(this.part("certainty"), label ?? "");
    setText(this.part("why"), why ?? "");
    // What was kept or deleted meanwhile is only drawn still.
    this.part("keep").hidden = !may || !over || ring[0]?.race !== race.race;
    this.part("train").hidden = !may || ring.length > 0;
    Object.assign(this.part("train"), { disabled: !trains, title: data.obstacle });
    this.part("lead").hidden = !trains || !ring.length;
    setText(this.part("time"), over && race.seconds !== null ? `TRAINED IN ${fixed(race.seconds, 1)} s` : "");
    const notice = this.#notice();
    this.part("notice").hidden = !notice;
    setText(this.part("notice"), notice);
    setText(this.part("foot"), race ? footText(race, this.past.length > 0) : "");
    if (!race && this.feed.source) setText(this.part("says"), emptyText(may, data.obstacle));
    this.part("plot").setAttribute("aria-label", `Training curves of ${this.runs.length} nets. ${statement.g ?? ""}`);
    const deep = ring.find(({ shortcut }) => shortcut === data.dialled)?.runs.findLast(({ plain }) => !plain);
    drawDial(this.part("dial-plot"), dialPoints(ring, choice, data.dialled), {
      now: choice.shortcut === data.dialled ? choice.strength : null, color: deep?.color[theme.scheme] ?? theme.text, theme,
      width: this.part("dial").clientWidth, net: `the net of ${this.controls.words("depth")}`,
    });
    setText(this.part("dial-words"), `${this.controls.words("depth")}, rate ${choice.lr}`);
    setText(this.part("dial-seed"), String(choice.seed));
  }

  #notice() {
    const { busy, data, engine, race, trouble } = this;
    const waits = race && !race.over && race.runs.some(({ state }) => state === "queued");
    if (this.lost || trouble) return this.lost || trouble;
    if (data.notice.line) return data.notice.line;
    if (engine && engine.state !== "alive" && race && !race.over) {
      const starts = engine.state === "none" && data.mayCommand !== false && !data.obstacle;
      return starts ? `${engine.message}. Move a slider to start it.` : engine.message;
    }
    if (!busy.length) return "";
    const named = busy.length > 1 ? `Races ${busy.join(", ")} train or wait for their turn, and have` : `Race ${busy[0]} trains or waits for its turn, and has`;
    const ends = busy.length > 1 ? "those have ended" : "that has ended";
    const setter = data.mayCommand === false ? "the presenter sets" : "you set";
    return `${named} precedence. ${waits ? `These nets train when ${ends}.` : `What ${setter} here trains when ${ends}.`}`;
  }
}

/**
 * What stands in the empty chart: nothing that does not come true here.
 * @type {(may: boolean, obstacle: string) => string}
 */
export function emptyText(may, obstacle) {
  if (obstacle) return `Nothing was trained here, and nothing can be: ${obstacle}.`;
  return may ? "Press the button or move a slider: two plain nets and two with a shortcut train at once, in about two seconds. Their training errors are drawn here." : "Nothing was trained here yet. As soon as the presenter moves a slider, the curves appear.";
}

/** @type {(race: { steps: number, race: number, runs: unknown[] }, past: boolean) => string} */
export function footText({ steps, race, runs }, past) {
  const faint = past ? " · faint: the races before" : "";
  return `${runs.length} nets, ${steps} steps each · race ${race} · lines: running training error, ${runningMean()} · ○, and the headline at the end: clean training error${faint}`;
}
