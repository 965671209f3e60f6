/**
 * Presenter mode: the race alone on the screen, steered by keys, with a question to the room before the curves are
 * shown. Everything happens in the browser; only commands go to the script. What it shows is part of the view, so a
 * reload or a link shows the same, and what is hidden stays hidden until the reveal.
 */
import { Fullscreen } from "./fullscreen.js";
import { PresenterKeys, meaning } from "./keys.js";
import { RunLine } from "./run_line.js";
import { fit, presenterViews } from "./views.js";
import { button, element, setText } from "../../shared/dom.js";
import { PAUSABLE, RESUMABLE, isLive } from "../../shared/run_states.js";

/** A second press within this time starts another race beside one that runs. */
const SURE_MS = 4_000;
/** A start is not asked for twice, however often the key is pressed. */
const STARTING_MS = 5_000;
const NOTICE_MS = 12_000;
const WIPE_MS = 1_200;
/** The arrows go through the views there. */
const ON_STAGE = "Curves: plus and minus zoom, 0 shows the whole";
const VEILED = "The curves are hidden until the reveal.";

export class Presenter {
  /** part(name): the element of that name; ask(verb) sends a command. */
  constructor(host, part, view, { ask }) {
    Object.assign(this, { host, part, view, ask, runs: [], views: [], choices: [] });
    this.stage = new Fullscreen(host);
    this.keys = new PresenterKeys(host, (verb) => this.#act(verb));
    this.#build();
    this.onKey = (event) => this.#key(event);
    // First of all listeners: the page has short cuts on the same keys.
    window.addEventListener("keydown", this.onKey, true);
    host.addEventListener("click", (event) => {
      // After a click the keys are the stage's again; who came by keyboard stays.
      if (this.stage.on && event.detail > 0) host.focus({ preventScroll: true });
    });
  }

  stop() {
    window.removeEventListener("keydown", this.onKey, true);
    clearTimeout(this.noticed);
    this.keys.stop();
    this.stage.leave();
  }

  /** New data from the script: what the race is called, who may command, what was refused. */
  update({ title, race, mayCommand, starts, notice, states }) {
    this.mayCommand = mayCommand !== false;
    this.starts = this.mayCommand && starts !== false;
    this.lines ??= new RunLine(this.line, states);
    setText(this.title, title ?? "");
    if (this.race !== undefined && race !== this.race) {
      this.#say("");
      this.started = null;
      this.before = this.before?.filter(([key]) => key !== "zoom"); // it was another race's
    }
    this.race = race;
    if (notice && this.waitsForScript) this.#say(notice);
    if (notice) this.waitsForScript = this.started = null;
    this.sync();
  }

  /** Enter or leave, as the view says. */
  sync() {
    if (this.view.present && !this.stage.on) {
      this.stage.enter();
      this.label = this.part("stage").getAttribute("aria-label");
      this.part("stage").setAttribute("aria-label", ON_STAGE);
      this.keys.wake();
    } else if (!this.view.present && this.stage.on) {
      this.keys.open = false;
      this.keys.stop();
      this.stage.leave();
      this.part("stage").setAttribute("aria-label", this.label);
      this.enterButton.focus({ preventScroll: true });
    }
  }

  /** What buildFigure must know besides the view. */
  figure() {
    const shape = { big: this.stage.on, hidden: this.view.hidden, ...(this.view.hidden ? { zoom: null } : {}) };
    return this.stage.on ? { ...shape, height: this.part("stage").clientHeight } : shape;
  }

  /** What stands in the verdict's place. */
  verdict(verdict) {
    return this.view.hidden ? VEILED : verdict;
  }

  /** asked, answers: what a room is asked and what holds its predictions (app/live/stream/delta.py). */
  draw(runs, theme, kinds, { asked, answers }) {
    const { view, stage } = this;
    Object.assign(this, { runs, views: presenterViews(kinds) });
    this.keys.draw(this.mayCommand, this.starts);
    this.lines?.draw(stage.on ? runs : [], theme, view.hidden);
    this.host.classList.toggle("ss-veiled", view.hidden);
    this.choices = (asked?.choices ?? []).map(([key, label]) => ({ key, label }));
    const prediction = view.prediction(this.race);
    setText(this.question, view.hidden ? asked?.text ?? VEILED : "");
    this.#choices(view.hidden, prediction);
    const words = stage.on && !view.hidden ? this.#answer(answers, prediction) : "";
    setText(this.answer, words);
    this.answerBox.hidden = !view.hidden && !words;
    this.#dots();
    if (stage.on) fit(this.part("gap"));
    if (this.wasHidden && !view.hidden) this.#wipe();
    this.wasHidden = view.hidden;
  }

  // --- what the keys do ---------------------------------------------------------------------------------------------

  #key(event) {
    const row = meaning(event);
    if (!this.stage.on) {
      if (row?.verb === "leave" && event.key !== "Escape" && !taken(event.target)) this.#consume(event, () => this.#enter());
      return;
    }
    this.keys.wake();
    if (event.key === "Tab") return this.#consume(event, () => this.stage.tab(event));
    if (!row) {
      // The page's own short cut: it would open a dialog under the stage.
      if (event.key.toLowerCase() === "c" && !event.ctrlKey && !event.metaKey && !event.altKey) this.#consume(event, () => {});
      return;
    }
    if ([" ", "Enter"].includes(event.key) && event.target.closest?.("button")) return; // pressing it is the browser's work
    this.#consume(event, () => event.repeat || this.#act(row.verb, event.key));
  }

  #consume(event, act) {
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }

  #act(verb, key) {
    const { view } = this;
    const acts = {
      start: () => this.#start(),
      pause: () => this.#pause(),
      next: () => this.#turn(1),
      previous: () => this.#turn(-1),
      whole: () => (view.zoom = null),
      hide: () => (view.hidden = true),
      guess: () => this.#predict(this.choices[Number(key) - 1]),
      reveal: () => (view.hidden = false),
      full: async () => this.#say(await this.stage.toggleFull()),
      keys: () => (this.keys.open = !this.keys.open),
      leave: () => (key === "Escape" && this.keys.open ? (this.keys.open = false) : this.#leave()),
    };
    acts[verb]();
  }

  #enter() {
    this.before = this.view.kept();
    this.view.present = true;
  }

  /** Back to what was looked at before; what is hidden stays so. */
  #leave() {
    if (this.before) this.view.restore(this.before);
    this.before = null;
    this.view.present = false;
  }

  #start() {
    if (!this.starts) return;
    const now = performance.now();
    if (this.started && now - this.started < STARTING_MS) return;
    if (isLive(this.runs) && !(this.sure && now - this.sure < SURE_MS)) {
      this.sure = now;
      this.#say("This race is still running. Press S again to start another one beside it.");
      return;
    }
    this.sure = null;
    this.started = now;
    this.#ask("start");
    this.#say("Starting the race that is set up in the side bar.");
  }

  #pause() {
    if (!this.mayCommand) return;
    const any = (states) => this.runs.some(({ card }) => states.has(card.state));
    if (any(PAUSABLE)) this.#ask("pause-all");
    else if (any(RESUMABLE)) this.#ask("resume-all");
    else this.#say("There is nothing to pause or to resume: all runs have ended.");
  }

  #ask(verb) {
    this.waitsForScript = true;
    this.ask(verb);
  }

  #turn(by) {
    const { views, view } = this;
    if (!views.length) return;
    const at = views.findIndex((choice) => choice.shown(view));
    view.choose(views[at < 0 ? 0 : (at + by + views.length) % views.length].choices);
  }

  #predict(choice) {
    if (!choice || !this.view.hidden) return;
    this.view.predict(this.race, this.view.prediction(this.race) === choice.key ? null : choice.key);
  }

  // --- what is shown ------------------------------------------------------------------------------------------------

  #build() {
    const title = "The race alone on the screen, steered by keys (P)";
    this.enterButton = button("Present", () => this.#enter(), "ss-button ss-present", { title, "aria-keyshortcuts": "P" });
    this.part("controls").append(this.enterButton);
    const head = element("div", "ss-stage-head");
    this.title = element("p", "ss-title");
    this.dots = element("div", "ss-dots", "", { role: "img" });
    head.append(this.title, this.dots);
    this.question = element("p", "ss-question", "", { role: "status" });
    this.part("gap").before(head, this.question);
    this.answerBox = element("div", "ss-guess");
    this.choiceRow = element("div", "ss-choices", "", { role: "group", "aria-label": "The room's guess" });
    this.answer = element("p", "ss-answer");
    this.reveal = button("Reveal", () => this.#act("reveal"), "ss-button ss-reveal");
    this.answerBox.append(this.choiceRow, this.reveal, this.answer);
    this.answerBox.hidden = true;
    this.part("top").after(this.answerBox);
    this.line = element("ul", "ss-stage-runs");
    this.part("stage").after(this.line);
    this.notice = element("p", "ss-notice", "", { role: "status" });
    this.host.append(this.notice);
  }

  /** The prediction beside the truth; "" when the prediction is none of the choices. */
  #answer(answers, prediction) {
    const at = this.choices.findIndex(({ key }) => key === prediction);
    return at < 0 || !answers ? "" : `The room said ${this.choices[at].label}${answers.fates[at]}. ${answers.truth}${answers.rests[at]}`;
  }

  #choices(hidden, prediction) {
    const key = hidden ? this.choices.map((choice) => choice.label).join("|") : "";
    this.choiceRow.hidden = this.reveal.hidden = !hidden;
    if (key !== this.choicesKey) {
      this.choicesKey = key;
      this.choiceRow.replaceChildren(...(hidden ? this.choices : []).map((choice, index) => {
        const made = button(index < 9 ? `${index + 1}  ${choice.label}` : choice.label, () => this.#predict(choice), "ss-button ss-choice");
        made.dataset.key = choice.key;
        return made;
      }));
    }
    for (const made of this.choiceRow.children) made.setAttribute("aria-pressed", made.dataset.key === prediction);
  }

  #dots() {
    const at = this.views.findIndex((choice) => choice.shown(this.view));
    const words = this.views[at]?.label ?? "";
    this.dots.setAttribute("aria-label", at < 0 ? `A view beside the ${this.views.length} of the stage` : `View ${at + 1} of ${this.views.length}: ${words}`);
    setText(this.dots, `${words}  ${this.views.map((_, index) => (index === at ? "●" : "○")).join(" ")}`);
  }

  #say(words) {
    clearTimeout(this.noticed);
    setText(this.notice, words);
    if (words) this.noticed = setTimeout(() => setText(this.notice, ""), NOTICE_MS);
  }

  /** The curves come from left to right; the words follow them. Data goes on underneath. */
  #wipe() {
    this.host.classList.add("ss-wipe");
    setTimeout(() => this.host.classList.remove("ss-wipe"), WIPE_MS + 300);
  }
}

/** Whether a key belongs to what has the focus: a field, or a dialog. */
function taken(target) {
  return Boolean(target.closest?.("input, textarea, select, [contenteditable=true], [role=dialog], [role=listbox], [role=combobox]"));
}
