/**
 * One card per run: state, progress, speed, time left, last errors, and the buttons that its state allows. The DOM is
 * made once per run and then only its texts change, so that focus and a half-made decision survive every update.
 */
import { short } from "../chart/edit_marks.js";
import { stepOf } from "../series.js";
import { button, element, keepRows, setText } from "../../shared/dom.js";
import { duration, fixed, grouped } from "../../shared/format.js";
import { BROKEN, VERBS } from "../../shared/run_states.js";

/** Verbs that ask for a confirmation, for they discard something, and those that stand in the menu. */
const CONFIRMED = new Set(["delete", "stop"]);
const IN_MENU = new Set(["delete"]);
const ASKED_MS = 4_000;
const MAX_CHANGES = 3;

/** The elements of a card, of its head and of its line of steps: name, tag and class of each. */
const PARTS = [
  ["head", "div", "ss-card-head"], ["progress", "progress"], ["steps", "div", "ss-steps"], ["errors", "dl", "ss-errors"],
  ["changes", "div", "ss-changes"], ["note", "div", "ss-note"], ["buttons", "div", "ss-buttons"], ["files", "div", "ss-files"],
];
const HEAD = [["swatch", "button", "ss-swatch"], ["name", "strong", "ss-name"], ["badge", "span", "ss-state"], ["menu", "span", "ss-menu"]];
const STEPS = [["count", "span"], ["speed", "span"]];
/** An error of the mini-batches, the clean training subset, the test images and the held-out images. */
const ERRORS = 4;

export class Cards {
  /** states: {state: [symbol, tone]}; ask(verb, run) sends a command. */
  constructor(list, states, ask) {
    this.list = list;
    this.states = states;
    this.ask = ask;
    this.cards = new Map();
    this.listening = new AbortController();
    document.addEventListener("pointerdown", ({ target }) => this.cards.forEach((parts) => parts.closeMenu(target)), this.listening);
  }

  stop() {
    this.listening.abort();
  }

  /**
   * runs: [{ card, color, glyph, series, label }], theme: { scheme }; without mayCommand there are no buttons of a run. arms:
   * whether a run's curve is shown, and what a click on its mark does.
   */
  draw(runs, theme, mayCommand, arms = { shown: () => true, toggle() {}, alone() {} }) {
    this.mayCommand = mayCommand;
    this.arms = arms;
    const labels = new Map(runs.map((run) => [run.card.run, run.label]));
    keepRows(this.list, this.cards, [...labels.keys()], (id) => made(id));
    for (const run of runs) this.#fill(this.cards.get(run.card.run), run, theme, labels);
  }

  #fill(parts, run, theme, labels) {
    const { card, series } = run;
    const [symbol, tone] = this.states[card.state] ?? ["", "gray"];
    parts.root.style.setProperty("--ss-run", run.color[theme.scheme]);
    parts.root.style.setProperty("--ss-ink", run.textColor[theme.scheme]);
    parts.root.dataset.state = card.state;
    setText(parts.swatch, run.glyph ?? "");
    parts.swatch.setAttribute("aria-label", `Curve of ${run.label}`);
    parts.swatch.setAttribute("aria-pressed", this.arms.shown(run));
    parts.swatch.onclick = () => this.arms.toggle(run);
    parts.swatch.ondblclick = () => this.arms.alone(run);
    setText(parts.name, run.label);
    setText(parts.badge, `${symbol} ${card.state}`);
    parts.badge.dataset.tone = tone;
    const step = stepOf(run);
    parts.progress.max = card.total_steps;
    parts.progress.value = step;
    parts.progress.setAttribute("aria-label", `${run.label}: step ${step} of ${card.total_steps}`);
    setText(parts.count, `${grouped(step)} of ${grouped(card.total_steps)} steps`);
    setText(parts.speed, speedLine(card, series, step));
    parts.errors.hidden = !series.train.step.length && !series.test_subset.step.length;
    errorCells(series, card).forEach(([label, value], index) => {
      const cell = parts.cells[index];
      cell.cell.hidden = value === null;
      setText(cell.label, label);
      setText(cell.value, value);
    });
    setText(parts.changes, changeLines(card, labels));
    setText(parts.note, noteLine(card));
    setText(parts.files, fileLine(card));
    parts.note.classList.toggle("ss-bad", BROKEN.has(card.state) || card.state === "lost");
    const renamed = parts.label !== run.label;
    parts.label = run.label;
    if (parts.state !== card.state || parts.mayCommand !== this.mayCommand) {
      parts.state = card.state;
      parts.mayCommand = this.mayCommand;
      parts.asked = 0;
      // A confirmation that the new state still allows stays, for the person may be about to answer.
      if (!VERBS[card.state]?.includes(parts.confirming)) parts.confirming = null;
      this.#buttons(parts);
    } else if (renamed || (parts.asked && performance.now() - parts.asked > ASKED_MS)) {
      if (!renamed) parts.asked = 0; // without an answer the buttons return
      this.#buttons(parts);
    }
  }

  #buttons(parts) {
    const verbs = (this.mayCommand && VERBS[parts.state]) || [];
    const asks = parts.confirming && this.mayCommand;
    const shown = asks ? this.#question(parts) : verbs.filter((verb) => !IN_MENU.has(verb)).map((verb) => this.#button(parts, verb));
    for (const each of shown) each.disabled = Boolean(parts.asked);
    parts.buttons.replaceChildren(...shown);
    this.#menu(parts, verbs.filter((verb) => IN_MENU.has(verb)));
  }

  #button(parts, verb) {
    const act = CONFIRMED.has(verb) ? () => this.#confirm(parts, verb) : () => this.#send(parts, verb);
    return button(capital(verb), act, "ss-button", { "aria-label": `${capital(verb)} ${parts.label}` });
  }

  /** What asks before something is discarded: a question, and both answers. */
  #question(parts) {
    const { label, confirming: verb } = parts;
    const what = `${capital(verb)} ${label} ${verb === "delete" ? "and its files" : "for good"}`;
    return [
      element("span", "ss-asks", `${what}?`),
      button(capital(verb), () => this.#send(parts, verb), "ss-button ss-confirm", { "aria-label": what }),
      button("Cancel", () => this.#confirm(parts, null), "ss-button", { "aria-label": `Cancel, do not ${verb} ${label}` }),
    ];
  }

  /** The menu of a card: what is seldom wanted, and cannot be undone. */
  #menu(parts, verbs) {
    const items = element("span", "ss-menu-items");
    const opener = button("⋯", () => open(items.hidden), "ss-more", { "aria-label": `More for ${parts.label}` });
    const open = (wanted) => {
      items.hidden = !wanted;
      opener.setAttribute("aria-expanded", wanted);
      if (wanted) items.children[0].focus();
    };
    items.append(...verbs.map((verb) => this.#button(parts, verb)));
    open(false);
    parts.menu.onkeydown = (event) => {
      if (event.key !== "Escape" || items.hidden) return;
      open(false);
      opener.focus();
    };
    parts.closeMenu = (node) => parts.menu.contains(node) || items.hidden || open(false);
    // Safari focuses no button that is clicked: without a new place of the focus the press outside decides.
    parts.menu.onfocusout = ({ relatedTarget }) => relatedTarget && parts.closeMenu(relatedTarget);
    parts.menu.replaceChildren(...(verbs.length && !parts.asked ? [opener, items] : []));
  }

  #confirm(parts, verb) {
    const before = parts.confirming;
    parts.confirming = verb;
    this.#buttons(parts);
    // The focus goes to the answer, and back to where the question came from.
    const back = IN_MENU.has(before) ? parts.menu.querySelector(".ss-more") : parts.buttons.querySelector("button");
    (verb ? parts.buttons.querySelector(".ss-confirm") : back)?.focus();
  }

  #send(parts, verb) {
    parts.asked = performance.now();
    parts.confirming = null;
    this.#buttons(parts);
    this.ask(verb, parts.id);
  }
}

function made(id) {
  const parts = { root: element("li", "ss-card"), id, state: null, asked: 0, confirming: null };
  const place = (root, names) => {
    for (const [name, tag, className] of names) root.append((parts[name] = element(tag, className)));
  };
  place(parts.root, PARTS);
  place(parts.head, HEAD);
  Object.assign(parts.swatch, { type: "button", title: "Hide or show; a double click leaves it alone" });
  place(parts.steps, STEPS);
  parts.cells = Array.from({ length: ERRORS }, () => {
    const [cell, label, value] = ["div", "dt", "dd"].map((tag) => element(tag));
    cell.append(label, value);
    parts.errors.append(cell);
    return { cell, label, value };
  });
  return parts;
}

/** Images per second over the last points and the time left, both from the stream's own clock. */
function speedLine(card, series, step) {
  if (card.state === "running" && step >= card.total_steps) return "measuring the full test set";
  if (card.state !== "running") return card.seconds > 0 ? duration(Math.max(card.seconds, series.lastSeconds)) : "";
  const { step: steps, seconds } = series.train;
  const from = Math.max(0, steps.length - 60);
  const done = steps.at(-1) - steps[from];
  const took = seconds.at(-1) - seconds[from];
  if (!(done > 0 && took > 0)) return "";
  const perStep = took / done;
  return `${grouped(Math.round(card.batch_size / perStep))} images/s · ${duration((card.total_steps - step) * perStep)} left`;
}

/**
 * Last errors in percent: of the mini-batches, of the clean training subset, of the test images (all at the end), and
 * of the held-out ones, null where none were held out.
 */
function errorCells(series, card) {
  const percent = (value) => (value === undefined ? "–" : `${fixed(value, 1)} %`);
  // An extended run measured the full set at its old end. A newer error of a subset says more.
  const newest = (split) => series[split].step.at(-1) ?? -1;
  const test = newest("test") >= newest("test_subset") ? series.latest("test", "error") : undefined;
  const part = grouped(card.eval_images ?? 1000);
  return [
    ["training", percent(series.latest("train", "running_error"))],
    ["clean ○", percent(series.latest("train_clean", "error"))],
    test === undefined ? [`test, ${part}`, percent(series.latest("test_subset", "error"))] : ["test, all", percent(test)],
    [`held out, ${test === undefined ? part : "all"}`, series.validation.step.length ? percent(series.latest("validation", "error")) : null],
  ];
}

/** The run's number on the command line, its optimizer, its first learning rate, its files. */
function fileLine({ run, optimizer, lr, checkpoints, checkpoint_bytes: bytes, place }) {
  const saved = checkpoints ? `${checkpoints} saved, ${fixed(bytes / 1e6, 1)} MB` : "";
  return [`run ${run}`, `${optimizer}, ${lr === null ? "rate not yet tuned" : `rate ${lr}`}`, saved, place].filter(Boolean).join(" · ");
}

/** Fork and changes of the run, newest last, and its note. labels: {run: name}. */
function changeLines({ parent, parent_step: step, changes, note }, labels) {
  const fork = parent === null ? [] : [`fork of ${labels.has(parent) ? `${labels.get(parent)} (run ${parent})` : `run ${parent}`} at step ${grouped(step)}`];
  const changed = changes.filter(([, words]) => !words.startsWith("fork of")).map(([from, words]) => `${short(words)} from step ${grouped(from)}`);
  return [...fork, ...changed.slice(-MAX_CHANGES), ...(note ? [`note: ${note}`] : [])].join("\n");
}

function noteLine(card) {
  if (card.cause) return `${card.cause}${card.state === "failed" && card.log ? `\nLog: ${card.log}` : ""}`;
  return card.detail;
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}
