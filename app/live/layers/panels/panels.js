/** The panels around the map: profiles, choices, colour bar, and the registry's words about the quantity. */
import { button, element } from "../../shared/dom.js";
import { spoken } from "../../shared/format.js";
import { PLOT_OPTIONS, markX, tickWord } from "./plot.js";
import { NARROW_PX, buildProfile } from "./profile.js";
import { INFINITE_COLOR } from "./scale.js";
import { growth, titled } from "../sentences.js";
import { seedsAt } from "../groups.js";

export class ProbePanels {
  /** zooms: see shared/address/zoom_state.js; act: quantity(name), form(name), net(half, run), hover(place), pin(place). */
  constructor(part, data, zooms, act) {
    Object.assign(this, { part, data, zooms, act, marked: null });
    this.#quantities();
    part("absence").textContent = data.absence;
    this.netPicks = [...part("maps").querySelectorAll(".sp-net-pick")];
    this.netNames = [...part("maps").querySelectorAll(".sp-net-name")];
    this.netPicks.forEach((select, half) => { select.onchange = () => act.net(half, Number(select.value)); });
    part("forms").hidden = data.forms.length < 2;
    this.forms = data.forms.map((form) => [form, button(form === "sorted" ? "Sorted" : "In order", () => act.form(form), "sp-button")]);
    part("forms").append(...this.forms.map(([, node]) => node));
  }

  #quantities() {
    const select = this.part("quantity");
    for (const family of new Set(this.data.offered.map((name) => this.#row(name).family))) {
      const group = Object.assign(element("optgroup"), { label: family });
      group.append(...this.data.offered.filter((name) => this.#row(name).family === family).map((name) => option(name, this.#row(name).label)));
      select.append(group);
    }
    select.onchange = () => this.act.quantity(select.value);
  }

  #row(name) {
    return this.data.quantities.find((row) => row.name === name);
  }

  notice(words) {
    this.part("notice").textContent = words;
    this.part("notice").hidden = !words;
  }

  map(map, nets, scale, timeline, theme) {
    const { row } = scale;
    this.part("map-title").textContent = `${titled(row)} over depth and time`;
    const parts = [nets.length > 1 ? "mirrored: both inputs in the middle, the outputs at the edges" : "input below, output above"];
    this.part("maps").dataset.halves = nets.length;
    nets.forEach((net, half) => {
      const select = this.netPicks[half];
      const several = net.choices.length > 1;
      select.hidden = !several;
      this.netNames[half].hidden = several;
      this.netNames[half].textContent = net.run.label;
      this.netNames[half].style.color = net.run.textColor[theme.scheme];
      const key = net.choices.map(({ label, card }) => `${card.run}${label}`).join();
      if (select.dataset.key !== key) {
        select.dataset.key = key;
        select.replaceChildren(...net.choices.map(({ card, label }) => option(card.run, label)));
      }
      select.value = net.run.card.run;
    });
    map.draw(nets, scale, timeline, theme);
    const some = (count) => map.halves.some((half, index) => nets[index] && half[count]);
    if (some("missing")) parts.push("▨ no value");
    this.part("map-note").textContent = parts.join(" · ");
    if (some("infinite")) {
      const key = element("span", "", "■");
      key.style.color = INFINITE_COLOR;
      this.part("map-note").append(" · ", key, " infinite");
    }
    map.halves.forEach(({ field }, half) => nets[half] && field.setAttribute("aria-label", `${row.label} of each ${scale.place} of ${nets[half].run.label} over time`));
    this.#bar(scale, theme);
    this.#words(row);
  }

  #bar(scale, theme) {
    const [low, high] = scale.ranges().most;
    const key = `${scale.row.name} ${low} ${high} ${theme.scheme}`;
    if (key === this.barKey) return;
    this.barKey = key;
    this.part("ramp").style.background = `linear-gradient(to right, ${scale.stops(theme.scheme).join(", ")})`;
    this.part("bar-ticks").replaceChildren(...scale.ticks([low, high], 5).map((value) => {
      const at = (100 * (scale.onAxis(value) - low)) / (high - low);
      return tickWord(spoken(value), at, at < 4 ? "left" : at > 96 ? "right" : "");
    }));
  }

  #words(row) {
    if (this.wordsOf === row.name) return;
    this.wordsOf = row.name;
    this.part("quantity").value = row.name;
    const words = { reading: row.how_to_read, formula: row.formula, misleads: row.caveat, source: row.source };
    for (const [name, text] of Object.entries(words)) this.part(name).textContent = text;
  }

  /** place: the layers that are marked, see buildProfile, or null. */
  profiles(Plotly, { groups, step, quantity, scale, found, place, form }, theme) {
    const lines = groups.map((group) => ({ ...group, run: group.card.run, seeds: seedsAt(group, step) })).filter(({ seeds }) => seeds.length);
    const { row, place: noun } = scale(quantity);
    this.noun = noun;
    const title = this.data.titles[quantity];
    this.part("profile-title").textContent = title ?? titled(row);
    const notes = [
      title && row.label, lines.some(({ seeds }) => seeds.length > 1) && "band: range of the seeds",
      lines.some(({ seeds }) => seeds[0].measuredAtStart(quantity)) && "dotted: before training", row.neutral !== null && `dashed: ${spoken(row.neutral)}`,
    ];
    this.part("profile-note").textContent = notes.filter(Boolean).join("; ");
    this.part("none").hidden = Boolean(lines.length);
    for (const [name, node] of this.forms) node.setAttribute("aria-pressed", name === form);
    this.#growth(groups.flatMap(({ runs }) => runs), found, theme);
    this.#plot(Plotly, "profile", { lines, scale: scale(quantity), form, step, ghosts: true, place }, theme);
    this.part("sides").hidden = !this.data.sides.length;
    this.data.sides.forEach(([name, word], index) => {
      const id = index ? "side2" : "side";
      this.part(`${id}-title`).textContent = word;
      const side = this.#row(name);
      this.part(`${id}-note`).textContent = side.label;
      this.part(`${id}-reading`).textContent = side.how_to_read;
      this.part(`${id}-caveat`).textContent = side.caveat;
      this.#plot(Plotly, id, { lines, scale: scale(name), form: "order", step, ghosts: false }, theme);
    });
  }

  #plot(Plotly, name, wanted, theme) {
    const plot = this.part(name);
    const [width, height] = [plot.clientWidth, plot.clientHeight];
    if (!width || !height) return;
    const figure = buildProfile(wanted, theme, { width, height });
    this.zooms.apply(name, figure.layout);
    this.part(`${name}-whole`).hidden = !this.zooms.get(name);
    Plotly.react(plot, figure.data, figure.layout, { ...PLOT_OPTIONS, scrollZoom: false });
    plot.setAttribute("aria-label", `${wanted.scale.row.label} against depth at step ${wanted.step}`);
    if (plot.dataset.heard) return;
    plot.dataset.heard = "yes";
    const at = ([{ customdata: place }], act) => Number.isInteger(place) && act(place); // a rank of several seeds is no place
    plot.on("plotly_hover", ({ points }) => at(points, this.act.hover));
    plot.on("plotly_click", ({ points }) => at(points, this.act.pin));
    plot.on("plotly_relayout", () => this.mark(this.marked));
    this.zooms.listen(plot, name);
    this.part(`${name}-whole`).onclick = () => this.zooms.reset(name);
    if (width < NARROW_PX) plot.style.touchAction = "pan-y";
  }

  #growth(runs, found, theme) {
    const node = this.part("growth");
    node.hidden = !this.data.growth;
    if (node.hidden) return;
    node.replaceChildren(...growth(found, runs).map(({ run, name, words }) => {
      const [line, arm] = [element("p"), element("b", "", name)];
      arm.style.color = run.textColor[theme.scheme];
      line.append(arm, element("span", "", `: ${words}`));
      return line;
    }));
  }

  /** Mark a place of the net in the profiles, null for none; pinned: whether it stays when a pointer goes elsewhere. */
  mark(place, pinned = this.pinned) {
    Object.assign(this, { marked: place, pinned });
    for (const name of ["profile", "side", "side2"]) {
      const plot = this.part(name);
      if (plot._fullLayout) markX(plot, place === null ? null : place + 1, `${this.noun} ${(place ?? 0) + 1}${pinned ? ", pinned" : ""}`);
    }
  }
}

export function option(value, text) {
  return Object.assign(element("option", "", text), { value });
}
