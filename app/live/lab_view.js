/**
 * One lab on the page: owns the feed of its job, the curves, the panels and the words around them. What is picked (a
 * kind and a value of the setting) changes here at once; the server is asked for nothing that was measured already.
 */
import { duration } from "./cards.js";
import { Feed } from "./feed.js";
import { Curves, same, spoken } from "./lab_curves.js";
import { LabPanels } from "./lab_panels.js";
import { numbersTable } from "./lab_numbers.js";
import { words } from "./lab_words.js";
import { loadPlotly, readTheme } from "./page.js";

const DRAW_MS = 120;
const ACTIONS = { queued: ["pause", "stop"], starting: ["pause", "stop"], running: ["pause", "stop"], paused: ["resume", "stop"], lost: ["resume", "stop"], failed: ["resume"] };
/** A job in these states changes no more; its connection is let go. */
const FINAL = new Set(["finished", "stopped", "diverged"]);
const WAITS = new Set(["queued", "starting", "running", "stopping"]);
const ASKED_MS = 4_000;
const SLIDER = 1_000;

class LabFeed extends Feed {
  query(more) {
    return new URLSearchParams({ run: this.runs[0], ...more });
  }
}

export class LabView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.sl-${name}`);
    this.run = undefined;
    this.pick = { kind: null, value: null };
    this.asked = 0;
    this.#forget();
    this.resize = new ResizeObserver(() => this.#soon());
    this.resize.observe(host);
    this.onVisibility = () => !document.hidden && this.#soon();
    document.addEventListener("visibilitychange", this.onVisibility);
    const slider = this.part("slider").querySelector("input");
    slider.oninput = () => this.#choose({ value: nearest(this.values, Number(slider.value), this.data.picks) });
    slider.onkeydown = (event) => this.#stepSlider(event);
    this.part("measure-button").onclick = () => this.#measure();
    host.labView = this; // for tests and for the curious
  }

  /** New data from the script, or a new theme. Keeps connection, curves and zoom while the job is the same. */
  update(data, send) {
    this.data = data;
    this.send = send;
    this.theme = readTheme(this.host, data.themes);
    this.panels ??= new LabPanels(this.part("grid"), data.panels);
    this.pick.kind ??= data.picks?.kind ?? null;
    if (data.run !== this.run) {
      this.run = data.run;
      this.#forget();
      if (data.run !== null) {
        this.feed = new LabFeed(data.urls, [data.run], {
          history: (document_) => { this.curves = new Curves(); this.#message(document_); },
          message: (message) => this.#message(message),
          link: (state, reason) => { this.link = state; this.linkReason = reason ?? ""; this.#soon(); },
        });
      }
      loadPlotly(data.urls.plotly).catch(() => {}); // ahead of the first curves; the panels say so if it fails
    }
    this.#soon();
  }

  stop() {
    this.stopped = true;
    this.feed?.close();
    this.resize.disconnect();
    document.removeEventListener("visibilitychange", this.onVisibility);
    this.panels?.stop();
  }

  #forget() {
    this.feed?.close();
    this.feed = null;
    this.curves = new Curves();
    this.card = null;
    this.figures = {};
    this.pick.value = null;
    this.values = [];
    this.trouble = "";
    this.gone = false;
    this.link = "waiting";
  }

  #message(message) {
    if (message.card) this.card = message.card;
    if (message.figures) this.figures = message.figures;
    if (message.traces) this.curves.add(message.traces);
    if (message.engine !== undefined) this.engine = message.engine;
    if (message.error !== undefined) this.trouble = message.error;
    if (message.gone) this.gone = true;
    // Ended for good: nothing more will come, and a browser has few connections.
    if (this.gone || (this.card && FINAL.has(this.card.state))) queueMicrotask(() => this.feed?.close());
    this.#soon();
  }

  #ask(verb, more = {}) {
    this.asked = performance.now();
    setTimeout(() => this.#soon(), ASKED_MS + 50);
    this.send("command", { verb, run: this.run ?? 0, ...more, at: Date.now() });
    this.#soon();
  }

  #choose(change) {
    Object.assign(this.pick, change);
    this.#soon(0);
  }

  /** The arrow keys go from one measured value to the next. */
  #stepSlider(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const at = this.values.findIndex((value) => same(value, this.pick.value)) + by;
    if (at >= 0 && at < this.values.length) this.#choose({ value: this.values[at] });
  }

  #measure() {
    const value = Number(this.part("measure").querySelector("input").value);
    const known = this.values.find((other) => same(other, value));
    if (known !== undefined) this.#choose({ value: known });
    else if (Number.isFinite(value)) this.#ask("measure", { setting: this.data.picks.setting, value });
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  #soon(wait = DRAW_MS) {
    if (this.stopped || document.hidden || (this.pending && wait)) return;
    clearTimeout(this.pending);
    this.pending = setTimeout(() => requestAnimationFrame(() => {
      this.pending = null;
      if (!this.stopped) this.#draw();
    }), wait && Math.max(0, (this.drawn ?? 0) + wait - performance.now()));
  }

  #draw() {
    this.drawn = performance.now();
    this.#settlePick();
    this.#status();
    this.#notice();
    this.#switches();
    this.#says();
    numbersTable(this.part("numbers"), this.data.figures, this.figures, Boolean(this.card));
    this.panels.draw(this.curves, this.pick, this.data, this.theme, this.emptyWords()).then((failed) => failed && setTimeout(() => this.#soon(), 2000));
  }

  /** The pick starts at the job's own setting and stays among what was measured. */
  #settlePick() {
    this.values = this.curves.values();
    const own = this.card?.settings[this.data.picks?.setting];
    if (this.pick.value === null && this.values.length) this.pick.value = this.values.find((value) => same(value, own)) ?? this.values[0];
    this.pick.kind ??= this.curves.kinds()[0] ?? null;
  }

  emptyWords() {
    if (!this.card) return this.run === null ? "drawn here while it is measured" : "loading";
    if (this.card.state === "queued") return "waiting for its turn";
    return WAITS.has(this.card.state) ? "measuring" : "was not measured";
  }

  #status() {
    const { card } = this;
    this.part("top").hidden = this.run === null;
    this.host.dataset.empty = this.run === null;
    const [symbol, tone] = this.data.states[card?.state] ?? ["", "gray"];
    text(this.part("state"), card ? `${symbol} ${card.state}` : "");
    this.part("state").dataset.tone = tone;
    const progress = this.part("progress");
    progress.hidden = !card || !WAITS.has(card.state) && card.state !== "paused";
    if (card?.total) {
      progress.max = card.total;
      progress.value = card.step;
    } else progress.removeAttribute("value");
    text(this.part("words"), this.gone ? "this job was deleted" : statusWords(card));
    this.part("words").classList.toggle("sl-bad", ["failed", "lost"].includes(card?.state));
    const busy = this.asked && performance.now() - this.asked < ASKED_MS;
    const key = `${card?.state} ${Boolean(busy)} ${this.gone}`;
    if (key === this.buttonsKey) return;
    if (this.stateBefore !== card?.state) this.asked = 0;
    this.stateBefore = card?.state;
    this.buttonsKey = key;
    const verbs = this.gone ? [] : ACTIONS[card?.state] ?? [];
    this.part("buttons").replaceChildren(...verbs.map((verb) => {
      const button = element("button", "sl-button", verb[0].toUpperCase() + verb.slice(1));
      button.type = "button";
      button.setAttribute("aria-label", `${button.textContent} the lab`);
      button.disabled = Boolean(this.asked);
      button.onclick = () => this.#ask(verb);
      return button;
    }));
  }

  #notice() {
    const silent = this.engine && this.engine.state !== "alive";
    const waits = this.card && WAITS.has(this.card.state);
    const unreachable = this.link === "gone" && !this.gone;
    this.part("notice").hidden = !(this.trouble || (silent && waits) || unreachable);
    text(this.part("notice-text"), this.trouble || (unreachable ? `This page cannot reach its server: ${this.linkReason}` : this.engine?.message ?? ""));
    const start = this.part("engine-start");
    start.hidden = !(silent && waits) || Boolean(this.trouble);
    start.onclick = () => this.#ask("engine");
  }

  #switches() {
    const { picks } = this.data;
    this.part("picks").hidden = !picks || !this.curves.size;
    if (!picks) return;
    const group = this.part("switch");
    if (!group.children.length) {
      group.setAttribute("aria-label", picks.label);
      group.append(element("span", "sl-switch-label", picks.label), ...Object.entries(picks.kinds).map(([kind, label]) => {
        const button = element("button", "sl-option", label);
        button.type = "button";
        button.dataset.kind = kind;
        button.setAttribute("role", "radio");
        button.setAttribute("aria-label", `${picks.label}: ${label}`);
        button.onclick = () => this.#choose({ kind });
        return button;
      }));
      text(this.part("slider-label"), picks.settingLabel);
      text(this.part("measure-button"), picks.measure);
      const number = this.part("measure").querySelector("input");
      Object.assign(number, { min: picks.low, max: picks.high, step: picks.step, value: somewhere(picks) });
      number.setAttribute("aria-label", `another ${picks.settingLabel.toLowerCase()}`);
    }
    for (const button of group.querySelectorAll(".sl-option")) button.setAttribute("aria-checked", button.dataset.kind === this.pick.kind);
    const slider = this.part("slider").querySelector("input");
    // A kind that was measured at one value alone has nothing to choose from.
    const only = this.curves.of("norm").filter(({ kind }) => kind === this.pick.kind);
    const value = only.length === 1 ? only[0].value : this.pick.value;
    slider.value = value === null ? 0 : place(value, picks);
    slider.disabled = this.values.length < 2 || only.length === 1;
    const shown = value === null ? "" : only.length === 1 && this.values.length > 1 ? `${spoken(value)}, the only one measured here` : spoken(value);
    slider.setAttribute("aria-valuetext", shown);
    text(this.part("slider-value"), shown);
    const ticks = this.part("ticks");
    while (ticks.children.length > this.values.length) ticks.lastChild.remove();
    while (ticks.children.length < this.values.length) ticks.append(element("i"));
    this.values.forEach((value, index) => { ticks.children[index].style.left = `${place(value, picks) / (SLIDER / 100)}%`; });
  }

  #says() {
    const lines = this.card ? words(this.card.lab, this.curves, this.pick) : [];
    const node = this.part("says");
    while (node.children.length > lines.length) node.lastChild.remove();
    while (node.children.length < lines.length) node.append(element("p"));
    lines.forEach((words_, index) => text(node.children[index], words_));
  }
}

/** Where a value stands on the slider, 0 to SLIDER; positive settings in equal ratios. */
function place(value, { low, high }) {
  const scale = low > 0 ? Math.log : (number) => number;
  return Math.round((SLIDER * (scale(value) - scale(low))) / (scale(high) - scale(low)));
}

/** The measured value that is nearest to a place on the slider. */
function nearest(values, at, picks) {
  return [...values].sort((a, b) => Math.abs(place(a, picks) - at) - Math.abs(place(b, picks) - at))[0];
}

/** A value that is probably not measured yet, to begin with: a fifth of the way up, on the setting's own steps. */
function somewhere({ low, high, step }) {
  return Number((low + step * Math.round((0.2 * (high - low)) / step)).toPrecision(6));
}

function statusWords(card) {
  if (!card) return "";
  if (card.cause) return `${card.cause}${card.state === "failed" && card.log ? `\nLog: ${card.log}` : ""}`;
  const units = card.total ? `${card.step} of ${card.total}` : "";
  const took = card.seconds < 10 ? `${card.seconds.toFixed(1)} s` : duration(card.seconds);
  if (card.state === "finished") return `in ${took}`;
  if (card.state === "stopped") return `after ${units || "0"} measurements; what was measured stays`;
  if (card.state === "paused") return `${units} measured`;
  return [units, card.detail].filter(Boolean).join(" · ");
}

function element(tag, className = "", words_ = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = words_;
  return made;
}

function text(node, value) {
  if (node.textContent !== value) node.textContent = value;
}
