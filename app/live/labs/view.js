/** One lab on the page: its stream, curves, panels and words. The pick changes at once, without the server. */
import { button, element, setText } from "../shared/dom.js";
import { unreachableText } from "../shared/link_status.js";
import { AT_WORK, FINAL, VERBS } from "../shared/run_states.js";
import { EventStream } from "../shared/event_stream.js";
import { settledCell } from "./kinds/cells.js";
import { Curves, same, sentencesOf } from "./curves.js";
import { LabPanels } from "./panels.js";
import { CurveSelector } from "./selector.js";
import { LabState } from "./state.js";
import { counted, jobFooter, took } from "./footer.js";
import { numbersTable } from "./numbers.js";
import { labPresenter } from "./presentation.js";
import { attend, loadPlotly, readTheme } from "../shared/page.js";
import { showProgress } from "../shared/page_title.js";
import { request } from "../shared/source.js";

const DRAW_MS = 120;
const ASKED_MS = 4_000;
/** What could not be loaded is asked for again after this time. */
const RETRY_MS = 2_000;
/** Parts of a message that replace earlier ones. */
const PARTS = ["card", "figures", "findings", "engine", "error", "gone"];

class LabStream extends EventStream {
  query(more) {
    return new URLSearchParams({ run: this.runs[0], ...more });
  }
}

export class LabView {
  constructor(host) {
    this.part = (name) => host.querySelector(`.sl-${name}`);
    Object.assign(this, { host, run: undefined, pick: { kind: null, value: null, cell: null }, asked: 0 });
    this.#forget();
    this.leave = attend(host, () => this.#soon(), () => {
      this.state?.address.keep();
      showProgress(this, this.run !== null && this.card ? [this] : []);
    });
    this.picks = new CurveSelector(this.part, {
      choose: (change) => this.#choose(change),
      measure: (value) => this.#ask("measure", { setting: this.data.picks.setting, value }),
    });
    this.part("more").addEventListener("toggle", () => this.#soon(0));
    host.labView = this; // for tests and for the curious
  }

  /** Take new data or a new theme; keep connection, curves and zoom of the same job. */
  update(data, send) {
    Object.assign(this, { data, send });
    this.theme = readTheme(this.host, data.themes);
    this.state ??= new LabState(data.lab, () => this.#soon(0), () => this.#soon(0));
    this.panels ??= new LabPanels({ slot: this.part("lead"), grid: this.part("grid") }, data.panels, this.state.zooms, { shown: () => this.#exported(), choose: (change) => this.#choose(change) });
    this.presenter ??= labPresenter(this.host, this.part, { state: this.state, drawn: () => this.panels.panels, changed: () => this.#soon(0) });
    this.presenter.stage.invite(data.room);
    this.state.address.keep();
    if (data.run !== this.run) {
      if (this.run) this.state.forget();
      this.run = data.run;
      this.#forget();
      if (data.run !== null) {
        this.feed = new LabStream(data.urls, [data.run], {
          history: (answer) => { this.curves = new Curves(); this.#message(answer); },
          message: (message) => this.#message(message),
          link: (link, linkReason = "") => { Object.assign(this, { link, linkReason }); this.#soon(); },
        });
      } else if (data.recorded) {
        this.#recorded();
      }
      loadPlotly(data.urls.plotly).catch(() => {}); // ahead of the first curves; the panels report a failure
    }
    this.#soon();
  }

  stop() {
    this.stopped = true;
    this.feed?.close();
    this.leave();
    showProgress(this, []);
    this.state?.address.stop();
    this.panels?.stop();
    this.presenter?.stop();
  }

  /** Show the recorded results while there is no job. */
  async #recorded() {
    const isWanted = () => this.run === null && !this.card && !this.stopped;
    if (!isWanted()) return;
    const asked = request(`${this.data.urls.reference}?lab=${this.data.lab}`);
    const message = await asked.then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
    if (message && isWanted()) this.#message(message);
    else setTimeout(() => this.#recorded(), RETRY_MS);
  }

  #forget() {
    this.feed?.close();
    Object.assign(this, { feed: null, curves: new Curves(), card: null, figures: {}, findings: [], values: [], error: "", gone: false, link: "opening" });
    this.pick.value = null;
  }

  #message(message) {
    for (const part of PARTS) if (part in message) this[part] = message[part];
    this.curves.add(message.traces ?? []);
    // A job in a final state sends nothing more, and a browser has few connections.
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
    Object.assign(this.state, change);
    this.#settlePick(); // the next press of a key may come before the next draw
    this.#soon(0);
  }

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
    const shown = this.#shown();
    this.part("measure").hidden = !this.data.mayCommand;
    this.picks.draw(this.data.picks, this.curves, this.values, shown);
    this.#says(shown);
    setText(this.part("strip"), jobFooter(this.card, this.data.options));
    numbersTable(this.part("numbers"), this.data.figures, this);
    this.panels.draw(this.#exported(), this.emptyWords()).then((failed) => failed && setTimeout(() => this.#soon(), RETRY_MS));
    this.presenter.sync();
  }

  /** Settle the pick: the address's where measured, else the job's own setting; without switches only a cell. */
  #settlePick() {
    const { state, data } = this;
    this.pick.cell = settledCell(data.panels, this.curves, [state.cell, this.pick.cell?.text]);
    if (!data.picks) return;
    this.values = this.curves.values(undefined, data.picks.setting);
    const own = this.card?.settings[data.picks.setting];
    const wanted = [state.value, this.pick.value, own].map((value) => this.values.find((other) => value !== null && same(other, value)));
    this.pick.value = wanted.find((value) => value !== undefined) ?? this.values[0] ?? null;
    const kinds = [...Object.keys(data.picks.kinds), ...this.curves.kinds()];
    this.pick.kind = [state.kind, data.picks.kind].find((kind) => kinds.includes(kind)) ?? kinds[0] ?? null;
  }

  /** The shown pick: some kinds have the job's own value alone. */
  #shown() {
    const { kind, cell } = this.pick;
    const own = kind in (this.data.picks?.alone ?? {}) ? this.curves.values(kind, this.data.picks.setting)[0] : undefined;
    return { kind, value: own ?? this.pick.value, cell };
  }

  #exported() {
    const { data, theme, card } = this;
    return { curves: this.curves, pick: this.#shown(), data, theme, page: jobFooter(card, data.options), recorded: card?.recorded, settings: card?.settings };
  }

  emptyWords() {
    if (!this.card) return this.run === null ? "drawn here while it is measured" : "loading";
    if (this.card.state === "queued") return "waiting for its turn";
    return AT_WORK.has(this.card.state) ? "measuring" : "was not measured";
  }

  #status() {
    const { card } = this;
    this.part("top").hidden = !card && this.run === null;
    this.host.dataset.empty = !card && this.run === null;
    const [symbol, tone] = this.data.states[card?.state] ?? ["", "gray"];
    setText(this.part("state"), card ? `${symbol} ${card.state}` : "");
    this.part("state").dataset.tone = tone;
    const progress = this.part("progress");
    progress.hidden = !card || !AT_WORK.has(card.state) && card.state !== "paused";
    if (card?.total) Object.assign(progress, { max: card.total, value: card.step });
    else progress.removeAttribute("value");
    setText(this.part("words"), this.gone ? "this job was deleted" : statusWords(card));
    this.part("words").classList.toggle("sl-bad", ["failed", "lost"].includes(card?.state));
    const busy = this.asked && performance.now() - this.asked < ASKED_MS;
    const { mayCommand } = this.data;
    const key = `${card?.state} ${Boolean(busy)} ${this.gone} ${mayCommand}`;
    if (key === this.buttonsKey) return;
    if (this.stateBefore !== card?.state) this.asked = 0;
    this.stateBefore = card?.state;
    this.buttonsKey = key;
    const verbs = this.gone || !mayCommand ? [] : (VERBS[card?.state] ?? []).filter((verb) => verb !== "delete");
    this.part("buttons").replaceChildren(...verbs.map((verb) => {
      const made = button(verb[0].toUpperCase() + verb.slice(1), () => this.#ask(verb), "sl-button");
      made.setAttribute("aria-label", `${made.textContent} the lab`);
      made.disabled = Boolean(this.asked);
      return made;
    }));
  }

  #notice() {
    const silent = this.engine && this.engine.state !== "alive";
    const waits = this.card && (AT_WORK.has(this.card.state) || this.card.outdated);
    const unreachable = this.link === "gone" && !this.gone;
    this.part("notice").hidden = !(this.error || (silent && waits) || unreachable);
    setText(this.part("notice-text"), this.error || (unreachable ? unreachableText(this.linkReason) : this.engine?.message ?? ""));
    const start = this.part("engine-start");
    start.hidden = !(this.data.mayCommand && this.engine?.state === "none" && waits) || Boolean(this.error);
    start.onclick = () => this.#ask("engine");
  }

  #says(shown) {
    const findings = this.findings.filter(({ name }) => this.data.rules.includes(name));
    const [first, ...others] = sentencesOf(findings, shown, this.data.picks?.setting);
    const differences = this.card?.differences && `Measured on no ordinary net of its arm: ${this.card.differences}.`;
    fill(this.part("says"), "p", [first, differences]);
    for (const [name, value] of [["role", "heading"], ["aria-level", "3"]]) this.part("says").firstChild?.setAttribute(name, value); // between page and pictures
    fill(this.part("also"), "li", others);
    const pictures = this.panels.panels.length - 1;
    const count = [others.length && counted(others.length, "sentence"), pictures && counted(pictures, "picture")].filter(Boolean);
    this.part("more").hidden = !this.curves.size || !count.length;
    setText(this.part("more").querySelector("summary"), `More from this lab: ${count.join(" and ")}`);
  }
}

/** Give a node one child of a tag for each of the lines that are not empty. */
function fill(node, tag, lines) {
  const told = lines.filter(Boolean);
  while (node.children.length > told.length) node.lastChild.remove();
  while (node.children.length < told.length) node.append(element(tag));
  told.forEach((line, index) => setText(node.children[index], line));
}

function statusWords(card) {
  if (!card) return "";
  if (card.recorded) return "Measured on another machine.";
  if (card.cause) return `${card.cause}${card.state === "failed" && card.log ? `\nLog: ${card.log}` : ""}`;
  const units = card.total ? `${card.step} of ${card.total}` : "";
  if (card.state === "finished") return `in ${took(card)}`;
  if (card.state === "stopped") return `after ${units || "0"} measurements; what was measured stays`;
  if (card.state === "paused") return `${units} measured`;
  return [units, card.detail].filter(Boolean).join(" · ");
}
