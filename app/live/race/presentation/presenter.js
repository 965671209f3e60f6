/**
 * Presenter mode: the race alone on the screen, steered by keys, with a question to the room before the curves are
 * shown. Everything happens in the browser; only commands go to the script. What it shows is part of the view, so a
 * reload or a link shows the same, and what is hidden stays hidden until the reveal.
 */
import { KEYS } from "./keys.js";
import { Pointer, markAt, marksText } from "./marks.js";
import { RoomQuestion } from "./room_question.js";
import { RunLine } from "./run_line.js";
import { fit, presenterViews } from "./views.js";
import { button, element, setText } from "../../shared/dom.js";
import { COMMON } from "../../shared/presentation/keys.js";
import { Stage } from "../../shared/presentation/stage.js";
import { playhead } from "../../shared/replay/replay.js";
import { PAUSABLE, RESUMABLE, isLive } from "../../shared/run_states.js";

/** A second press within this time starts another race beside one that runs. */
const SURE_MS = 4_000;
/** A start is not asked for twice, however often the key is pressed. */
const STARTING_MS = 5_000;
const WIPE_MS = 1_200;
/** A narrower screen is in somebody's hand: there the type is as large as it is. */
const HAND_PX = 640;
/** The arrows go through the views there. */
const ON_STAGE = "Curves: plus and minus zoom, 0 shows the whole, comma and full stop read the values";
const VEILED = "The curves are hidden until the reveal.";

export class Presenter {
  /** part(name): the element of that name; ask(verb) sends a command. */
  constructor(host, part, view, { ask }) {
    Object.assign(this, { host, part, view, ask, runs: [], views: [] });
    this.pointer = new Pointer(part("stage"), part("plot"));
    this.room = new RoomQuestion(part, view, () => this.#act("reveal"));
    this.#build();
    this.stage = new Stage(host, KEYS, (verb, key) => this.#act(verb, key));
  }

  stop() {
    this.stage.stop();
  }

  /** New data from the script: what the race is called, who may command, what was refused; recorded: it is played. */
  update({ title, race, mayCommand, starts, notice, states, recorded, room }) {
    this.stage.invite(room);
    this.recorded = Boolean(recorded);
    this.mayCommand = mayCommand !== false;
    this.starts = this.mayCommand && starts !== false;
    this.lines ??= new RunLine(this.line, states);
    setText(this.title, title ?? "");
    if (this.race !== undefined && race !== this.race) {
      this.stage.say("");
      this.started = null;
      this.before = this.before?.filter(([key]) => key !== "zoom"); // it was another race's
    }
    this.race = race;
    if (notice && this.waitsForScript) this.stage.say(notice);
    if (notice) this.waitsForScript = this.started = null;
    this.sync();
  }

  /** Enter or leave, as the view says. */
  sync() {
    if (this.view.present && !this.stage.on) {
      this.stage.enter();
      this.label = this.part("stage").getAttribute("aria-label");
      this.part("stage").setAttribute("aria-label", ON_STAGE);
    } else if (!this.view.present && this.stage.on) {
      this.stage.leave();
      this.part("stage").setAttribute("aria-label", this.label);
      this.enterButton.focus({ preventScroll: true });
    }
  }

  /** What buildFigure must know besides the view. */
  figure() {
    const { view, stage, host } = this;
    const shape = { big: stage.on && host.clientWidth > HAND_PX, hidden: view.hidden, ...(view.hidden ? { zoom: null } : {}) };
    return stage.on ? { ...shape, height: this.part("stage").clientHeight } : shape;
  }

  /** What stands in the verdict's place. */
  verdict(verdict) {
    return this.view.hidden ? VEILED : verdict;
  }

  /** asked, answers, gaps: what a room is asked, what holds its predictions, what the verdict is about (app/live/stream/delta.py). */
  draw(runs, theme, kinds, { asked, answers, gaps }) {
    const { view, stage } = this;
    Object.assign(this, { runs, kinds, views: presenterViews(kinds) });
    this.stage.draw([...KEYS, ...COMMON].filter((row) => this.#offers(row)));
    this.lines?.draw(stage.on ? runs : [], theme, view.hidden, gaps ?? null);
    this.host.classList.toggle("ss-veiled", view.hidden);
    this.host.classList.toggle("ss-answered", this.room.draw(this.race, asked, answers, stage.on));
    setText(this.marked, view.hidden ? "" : marksText(view.marks));
    this.#dots();
    if (stage.on) for (const words of [this.part("gap"), this.room.question, this.room.outcome]) fit(words);
    if (this.wasHidden && !view.hidden) this.#wipe();
    this.wasHidden = view.hidden;
  }

  // --- what the keys do ---------------------------------------------------------------------------------------------

  #act(verb, key) {
    const { view } = this;
    const acts = {
      enter: () => this.#enter(),
      start: () => this.#start(),
      pause: () => this.#pause(),
      next: () => this.#turn(1),
      previous: () => this.#turn(-1),
      whole: () => (view.zoom = null),
      mark: () => this.#mark(),
      hide: () => (view.hidden = true),
      question: () => this.room.next(),
      guess: () => this.room.predict(Number(key) - 1),
      reveal: () => (view.hidden ? (view.hidden = false) : (view.answered = !view.answered)),
      leave: () => this.#leave(),
    };
    (acts[verb] ?? (() => view.toggleCurve(verb, this.#layout)))();
  }

  #enter() {
    this.before = this.view.kept();
    this.view.present = true;
  }

  /** Back to what was looked at before; what is hidden stays so. */
  #leave() {
    this.view.present = false;
    if (this.before) this.view.restore(this.before);
    this.before = null;
  }

  #start() {
    if (!this.starts) return;
    const now = performance.now();
    if (this.started && now - this.started < STARTING_MS) return;
    if (isLive(this.runs) && !(this.sure && now - this.sure < SURE_MS)) {
      this.sure = now;
      this.stage.say("This race is still running. Press S again to start another one beside it.");
      return;
    }
    this.sure = null;
    this.started = now;
    this.#ask("start");
    this.stage.say("Starting the race that is set up in the side bar.");
  }

  #offers({ verb, commands }) {
    if (verb === "start") return this.starts;
    return this.mayCommand || !commands || (verb === "pause" && this.recorded);
  }

  #pause() {
    if (this.recorded) playhead.toggle();
    if (!this.mayCommand) return;
    const any = (states) => this.runs.some(({ card }) => states.has(card.state));
    if (any(PAUSABLE)) this.#ask("pause-all");
    else if (any(RESUMABLE)) this.#ask("resume-all");
    else this.stage.say("There is nothing to pause or to resume: all runs have ended.");
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

  get #layout() {
    return this.view.all(this.kinds).layout;
  }

  #mark() {
    const { view, runs, pointer } = this;
    const mark = view.hidden || this.#layout === "depth" || !runs.length ? null : markAt(runs, view.get("x"), pointer.x);
    if (mark) view.mark(mark.step, mark.reach);
  }

  // --- what is shown ------------------------------------------------------------------------------------------------

  #build() {
    const title = "The race alone on the screen, steered by keys (P)";
    this.enterButton = button("Present", () => this.#enter(), "ss-button ss-present", { title, "aria-keyshortcuts": "P" });
    this.part("controls").append(this.enterButton);
    const head = element("div", "ss-stage-head");
    this.title = element("p", "ss-title");
    this.dots = element("p", "ss-dots", "", { role: "img" });
    head.append(this.title, this.dots);
    this.part("top").prepend(head);
    this.line = element("ul", "ss-stage-runs");
    this.marked = element("p", "ss-marked", "", { role: "status" });
    // The question says the same to those who do not see it.
    const veil = element("div", "ss-veil", "", { "aria-hidden": "true" });
    veil.append(element("strong", "ss-veil-mark", "?"), element("span", "", "Hidden on purpose: guess first, then reveal."));
    this.part("stage").append(veil);
    this.part("stage").after(this.line, this.marked);
  }

  #dots() {
    const at = this.views.findIndex((choice) => choice.shown(this.view));
    const words = this.views[at]?.label ?? "";
    this.dots.setAttribute("aria-label", at < 0 ? `A view beside the ${this.views.length} of the stage` : `View ${at + 1} of ${this.views.length}: ${words}`);
    setText(this.dots, `${words}  ${this.views.map((_, index) => (index === at ? "●" : "○")).join(" ")}`);
  }

  /** The curves come from left to right; the words follow them. Data goes on underneath. */
  #wipe() {
    this.host.classList.add("ss-wipe");
    setTimeout(() => this.host.classList.remove("ss-wipe"), WIPE_MS + 300);
  }
}
