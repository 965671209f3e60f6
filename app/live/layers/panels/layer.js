/** One layer, fetched after the pointer rests: its channels, its distribution in every shown run or over time in one run. */
import { buildChannels, buildHistogram, buildRidge } from "./histogram.js";
import { grouped } from "../../shared/format.js";
import { request } from "../../shared/source.js";
import { option } from "./panels.js";
import { PLOT_OPTIONS } from "./plot.js";

const REST_MS = 60;
/** Nets that a sentence names. */
const MAX_NAMED = 4;

export class LayerPanel {
  /** part(name) finds elements; chosen(place) hears of another layer. */
  constructor(part, state, chosen) {
    Object.assign(this, { part, state, wanted: null });
    this.slider = part("layer-slider");
    this.slider.oninput = () => chosen(Number(this.slider.value) - 1);
    const show = (run) => {
      state.over = run;
      this.again();
    };
    part("over").onclick = () => show(this.over ? null : this.overRun ?? 0);
    part("over-run").onchange = () => show(Number(part("over-run").value));
    this.overRun = state.over || undefined;
  }

  get over() {
    return this.state.over !== null;
  }

  again() {
    this.overRun = this.state.over || this.overRun;
    this.part("over-run").value = this.overRun ?? "";
    this.#soon(0);
  }

  /** wanted: { layer, place, of, pinned, step, upto: the last step of a layer over time, runs: shown runs with columns, urls, edges }. */
  update(wanted, theme, Plotly) {
    Object.assign(this, { wanted, theme, Plotly });
    this.#heading(wanted);
    const columns = wanted.runs.map(({ card, columns: found }) => `${card.run}:${found.steps[found.at(wanted.step)]}`).join();
    const key = `${wanted.layer} ${columns}`;
    if (key !== this.key) {
      this.key = key;
      this.#soon(REST_MS);
    } else this.draw();
  }

  #heading({ layer, place, of, pinned, runs }) {
    this.part("layer-name").textContent = `Layer ${place + 1} of ${of}, ${layer}`;
    this.part("layer-pin").textContent = pinned ? "pinned; click it again to let go" : "hover a layer above, click to pin it";
    this.slider.max = of;
    this.slider.value = place + 1;
    this.slider.style.setProperty("--sp-have", `${(100 * place) / Math.max(1, of - 1)}%`);
    this.slider.setAttribute("aria-valuetext", `layer ${place + 1}, ${layer}`);
    this.part("over").setAttribute("aria-pressed", this.over);
    const select = this.part("over-run");
    const ids = runs.map(({ card }) => card.run).join();
    if (ids !== this.ids) {
      this.ids = ids;
      select.replaceChildren(...runs.map(({ card, label }) => option(card.run, label)));
      this.overRun = runs.some(({ card }) => card.run === this.overRun) ? this.overRun : runs.at(-1)?.card.run;
      select.value = this.overRun ?? "";
    }
  }

  #soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#fetch(), wait);
  }

  async #fetch() {
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    const { layer, step, runs, urls } = this.wanted ?? {};
    if (!runs?.length) return;
    const run = runs.find(({ card }) => card.run === this.overRun) ?? runs[0];
    const query = this.over
      ? new URLSearchParams({ runs: run.card.run, layer: layerIn(run, this.wanted), over: 1 })
      : new URLSearchParams({ runs: runs.map(({ card }) => card.run).join(), layer, step });
    try {
      const response = await request(`${urls.detail}?${query}`, { cache: "no-store", signal: abort.signal });
      if (!response.ok) throw new Error((await response.text()).slice(0, 200));
      const answer = await response.json();
      this.found = { over: this.over, run, document: this.over ? until(answer, this.wanted.upto) : answer };
      this.say("");
    } catch (error) {
      if (error.name === "AbortError") return;
      this.say(`The distributions could not be loaded (${error.message}).`);
    }
    this.draw();
  }

  say(words) {
    this.part("hist-says").textContent = words;
    this.part("hist-says").hidden = !words;
  }

  /** Draw the last answer for the shown runs. */
  draw() {
    const { Plotly, theme, wanted, found } = this;
    if (!Plotly || !wanted || !found) return;
    const [hist, channels] = [this.part("hist"), this.part("channels")];
    if (!hist.clientWidth) return;
    const draw = (node, build, ...rest) => {
      const { words, ...figure } = build(...rest, theme, { width: node.clientWidth, height: node.clientHeight });
      Plotly.react(node, { ...figure, config: PLOT_OPTIONS });
      return words;
    };
    this.part("over-run").hidden = !this.over || wanted.runs.length < 2;
    this.part("channels-box").hidden = found.over;
    if (found.over) {
      if (!found.document.histograms?.length) return this.say("No distributions on record for this layer.");
      const words = draw(hist, buildRidge, found.document, found.run, wanted.edges);
      this.part("tails").textContent = `${found.run.label}, ${found.document.layer}. ${words}`;
      return;
    }
    const moments = wanted.runs.flatMap((run) => {
      const moment = found.document.runs[run.card.run];
      return moment?.histogram.length ? [{ ...run, run: run.card.run, moment }] : [];
    });
    if (!moments.length) return this.say("No distributions on record for this layer at this step.");
    const words = draw(hist, buildHistogram, moments, wanted.edges);
    if (channels.clientWidth) draw(channels, buildChannels, moments);
    this.part("tails").textContent = [...others(moments, wanted), words].join(" ");
    hist.setAttribute("aria-label", `Distribution of the responses of layer ${wanted.layer} at step ${grouped(wanted.step)}`);
  }

  stop() {
    clearTimeout(this.timer);
    this.abort?.abort();
  }
}

/** A layer over time up to a step: a replay keeps back what comes later. */
function until(answer, step) {
  const count = answer.steps.filter((other) => other <= step).length;
  return { ...answer, ...Object.fromEntries(["steps", "histograms", "not_finite"].map((name) => [name, answer[name].slice(0, count)])) };
}

/** The wanted layer in a run: by its name, else by its relative depth. */
function layerIn(run, { layer, place, of }) {
  const names = run.columns.layers.map(([name]) => name);
  return names.includes(layer) ? layer : names[Math.round((place / Math.max(1, of - 1)) * (names.length - 1))];
}

/** What is said of each layer that stands in for one of another name. */
function others(moments, { layer }) {
  const standIns = Map.groupBy(moments.filter(({ moment }) => moment.layer !== layer), ({ moment }) => `${moment.layer} (${moment.index + 1} of ${moment.of})`);
  return [...standIns].map(([where, list]) => `In nets without a layer of this name, ${where} stands in, at the same relative depth. These nets: ${few(list)}.`);
}

/** The names of nets, of many those of the first. */
function few(list) {
  const names = list.slice(0, MAX_NAMED).map(({ label }) => label.replace(/ \(\d+ layers\)/, ""));
  return [...names, ...(list.length > MAX_NAMED ? [`${list.length - MAX_NAMED} more`] : [])].join(", ");
}
