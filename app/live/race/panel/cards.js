/**
 * One card per run: state, progress, speed, time left, last errors, and the buttons that its state allows. The DOM is
 * made once per run and then only its texts change, so that focus and a half-made decision survive every update.
 */
import { short } from "../chart/edit_marks.js";
import { stepOf } from "../series.js";
import { button, element, setText } from "../../shared/dom.js";
import { duration, grouped } from "../../shared/format.js";
import { BROKEN, VERBS } from "../../shared/run_states.js";

/** Verbs that ask for a confirmation, for they discard something. */
const CONFIRMED = new Set(["delete", "stop"]);
const ASKED_MS = 4_000;
const MAX_CHANGES = 3;

export class Cards {
  /** states: {state: [symbol, tone]}; ask(verb, run) sends a command. */
  constructor(list, states, ask) {
    this.list = list;
    this.states = states;
    this.ask = ask;
    this.cards = new Map();
  }

  /** runs: [{ card, color, glyph, series, label }], theme: { scheme }; without mayCommand there are no buttons. */
  draw(runs, theme, mayCommand) {
    this.mayCommand = mayCommand;
    const wanted = new Set(runs.map((run) => run.card.run));
    const labels = new Map(runs.map((run) => [run.card.run, run.label]));
    for (const [id, card] of this.cards) {
      if (wanted.has(id)) continue;
      card.root.remove();
      this.cards.delete(id);
    }
    for (const run of runs) {
      if (!this.cards.has(run.card.run)) {
        const card = this.#make(run.card.run);
        this.cards.set(run.card.run, card);
        this.list.append(card.root);
      }
      this.#fill(this.cards.get(run.card.run), run, theme, labels);
    }
  }

  #make(id) {
    const root = element("li", "ss-card");
    const parts = { root, id, state: null, asked: 0, confirming: null };
    const head = element("div", "ss-card-head");
    parts.swatch = element("span", "ss-swatch");
    parts.name = element("strong", "ss-name");
    parts.badge = element("span", "ss-state");
    head.append(parts.swatch, parts.name, parts.badge);
    parts.progress = document.createElement("progress");
    parts.steps = element("div", "ss-steps");
    parts.speed = element("span");
    parts.count = element("span");
    parts.steps.append(parts.count, parts.speed);
    parts.errors = element("dl", "ss-errors");
    parts.cells = ["training", "clean", "test", "held out"].map(() => {
      const [cell, label, value] = [element("div"), element("dt"), element("dd")];
      cell.append(label, value);
      parts.errors.append(cell);
      return { cell, label, value };
    });
    parts.changes = element("div", "ss-changes");
    parts.note = element("div", "ss-note");
    parts.buttons = element("div", "ss-buttons");
    parts.files = element("div", "ss-files");
    root.append(head, parts.progress, parts.steps, parts.errors, parts.changes, parts.note, parts.buttons, parts.files);
    return parts;
  }

  #fill(parts, run, theme, labels) {
    const { card, series } = run;
    const [symbol, tone] = this.states[card.state] ?? ["", "gray"];
    parts.root.style.setProperty("--ss-run", run.color[theme.scheme]);
    parts.root.style.setProperty("--ss-ink", run.textColor[theme.scheme]);
    parts.root.dataset.state = card.state;
    setText(parts.swatch, run.glyph ?? "");
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
    for (const [{ cell, ...words }, [label, value]] of zip(parts.cells, errorCells(series, card))) {
      cell.hidden = value === null;
      setText(words.label, label);
      setText(words.value, value);
    }
    setText(parts.changes, changeLines(card, labels));
    setText(parts.note, noteLine(card));
    setText(parts.files, fileLine(card));
    parts.note.classList.toggle("ss-bad", BROKEN.has(card.state) || card.state === "lost");
    if (parts.state !== card.state || parts.mayCommand !== this.mayCommand) {
      parts.state = card.state;
      parts.mayCommand = this.mayCommand;
      parts.asked = 0;
      // A confirmation that the new state still allows stays, for the person may be about to answer.
      if (!VERBS[card.state]?.includes(parts.confirming)) parts.confirming = null;
      this.#buttons(parts, run.label);
    } else if (parts.asked && performance.now() - parts.asked > ASKED_MS) {
      parts.asked = 0; // without an answer the buttons return
      this.#buttons(parts, run.label);
    }
  }

  #buttons(parts, label) {
    const verbs = (this.mayCommand && VERBS[parts.state]) || [];
    const made = verbs.flatMap((verb) => {
      if (parts.confirming === verb) {
        return [
          action(`${capital(verb)}?`, `Yes, ${verb} ${label}`, "ss-sure", () => this.#send(parts, verb, label)),
          action("Keep", `Do not ${verb} ${label}`, "", () => this.#confirm(parts, null, label)),
        ];
      }
      const act = CONFIRMED.has(verb) ? () => this.#confirm(parts, verb, label) : () => this.#send(parts, verb, label);
      return [action(capital(verb), `${capital(verb)} ${label}`, "", act)];
    });
    for (const one of made) one.disabled = Boolean(parts.asked);
    parts.buttons.replaceChildren(...made);
  }

  #confirm(parts, verb, label) {
    parts.confirming = verb;
    this.#buttons(parts, label);
    parts.buttons.querySelector(verb ? ".ss-sure" : "button")?.focus();
  }

  #send(parts, verb, label) {
    parts.asked = performance.now();
    parts.confirming = null;
    this.#buttons(parts, label);
    this.ask(verb, parts.id);
  }
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
  const percent = (value) => (value === undefined ? "–" : `${value.toFixed(1)} %`);
  // An extended run measured the full set at its old end. A newer error of a subset says more.
  const newest = (split) => series[split].step.at(-1) ?? -1;
  const test = newest("test") >= newest("test_subset") ? series.latest("test", "error") : undefined;
  const part = grouped(card.eval_images ?? 1000);
  return [
    ["training", percent(series.latest("train", "running_error"))],
    ["clean", percent(series.latest("train_clean", "error"))],
    test === undefined ? [`test, ${part}`, percent(series.latest("test_subset", "error"))] : ["test, all", percent(test)],
    [`held out, ${test === undefined ? part : "all"}`, series.validation.step.length ? percent(series.latest("validation", "error")) : null],
  ];
}

/** The run's number on the command line, its first learning rate, its files. */
function fileLine({ run, lr, checkpoints, checkpoint_bytes: bytes }) {
  const saved = checkpoints ? `${checkpoints} saved, ${(bytes / 1e6).toFixed(1)} MB` : "";
  return [`run ${run}`, lr === null ? "rate not yet tuned" : `rate ${lr}`, saved].filter(Boolean).join(" · ");
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

function zip(left, right) {
  return left.map((item, index) => [item, right[index]]);
}

function capital(word) {
  return word[0].toUpperCase() + word.slice(1);
}

function action(label, name, className, act) {
  const made = button(label, act, `ss-button ${className}`);
  made.setAttribute("aria-label", name);
  return made;
}
