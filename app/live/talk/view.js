/**
 * A talk: one scene at a time in the whole window, forward and back by keys, or by touch. It is the composer above the features: the
 * curves of a race and the panels of a lab come from their scene modules, and no feature knows the talk.
 */
/** @import { KeyRow } from "../shared/presentation/keys.js" */
/** @import { LiveRace } from "./live_race.js" */
/** @import { SceneDocument } from "./scenes.js" */
import { button, element, setText } from "../shared/dom.js";
import { readTheme } from "../shared/page.js";
import { request } from "../shared/source.js";
import { UrlState } from "../shared/address/url_state.js";
import { Stage } from "../shared/presentation/stage.js";
import { LabScene } from "../labs/scene.js";
import { RaceScene } from "../race/scene.js";
import { DRAWINGS } from "./drawings.js";
import { Kept, tabName } from "./kept.js";
import { liveChip, liveWords } from "./live_race.js";
import { Navigation } from "./touch/navigation.js";
import { NotesWindow } from "./notes.js";
import { Question } from "./question.js";
import { NOTHING, RoomStream, hasEnded, heard, numbered } from "./room.js";
import { RACES, parts, planned, questionOf, stepped } from "./scenes.js";
import { AUDIENCE_KEYS, KEYS } from "./keys.js";

/** The scene, and the race that was started for one: `12-5`. */
const SCENE = "scene", LIVE = "live";
/** Until the server has heard of a vote the press itself is shown. */
const VOTING_MS = 3_000;
/** A window that came back tells the room where it is, until the room has heard it. */
const AGAIN_MS = 3_000;

export class TalkView {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    /** @type {(name: string) => HTMLElement} */
    this.part = (name) => /** @type {HTMLElement} */ (host.querySelector(`.sk-${name}`));
    /** @type {SceneDocument[]} */
    this.scenes = [];
    this.at = 0;
    this.showing = NOTHING;
    /** Live races that broke off, by scene: why. @type {Map<number, string>} */
    this.broken = new Map();
    /** What the live race of the scene does, as in shared/run_states.js; null before it is known. @type {string | null} */
    this.liveState = null;
    /** The scene of the last command: a refusal is about it. @type {number | undefined} */
    this.asked = undefined;
    this.voted = { question: "", choice: 0, at: -VOTING_MS };
    this.question = new Question(this.part("question"), (index) => this.#choose(index));
    /** @type {{ show: Function, stop: () => void, again?: () => void } | null} */
    this.shown = null;
    /** Speaker and room see the same scene: the address has it for the speaker alone. */
    this.address = new UrlState([SCENE, LIVE], "skipscope-talk", () => this.#go(Number(this.address.get(SCENE) ?? 1) - 1));
    /** @type {any} for tests and for the curious */ (host).talkView = this;
  }

  /** @type {(data: any, send: (name: string, value: unknown) => void) => void} */
  update(data, send) {
    const first = !this.data;
    Object.assign(this, { data, send, theme: readTheme(this.host, data.themes) });
    this.#know(data.talk, {});
    this.stage ??= this.#stage(data);
    this.navigation ??= new Navigation(this.host, this.stage.help.line, this.stage.help.act, !data.offline);
    this.stage.invite(data.room);
    if (first) {
      this.kept = new Kept(data.talk.name);
      this.notes = new NotesWindow((event) => this.#fromNotes(event), this.kept);
      this.at = stepped(this.scenes, Number(this.address.get(SCENE) ?? 1) - 1, 0);
      if (data.urls.room) this.room = new RoomStream({ stream: data.urls.room }, [], { history: () => {}, message: (message) => this.#heard(message), link: () => {} });
      this.#overview();
    }
    if (data.notice) this.#refused(data.notice);
    if (this.leads && data.live) this.address.put(LIVE, `${data.live.scene}-${data.live.race}`);
    this.address.keep();
    if (first && !data.waits) this.#enter();
    this.#draw();
  }

  stop() {
    this.stopped = true;
    this.room?.close();
    this.shown?.stop();
    this.notes?.stop();
    this.stage?.stop();
    this.address.stop();
  }

  get scene() {
    return this.scenes[this.at];
  }

  get leads() {
    return this.data.role !== "audience";
  }

  // --- keys ---------------------------------------------------------------------------------------------------------

  #stage(/** @type {any} */ data) {
    const { mayCommand } = data, leads = data.role !== "audience";
    const rows = leads ? KEYS.filter((row) => mayCommand || !row.commands) : AUDIENCE_KEYS;
    this.part("actions").append(button(leads ? "Present" : "Follow the talk", () => this.#act("enter"), "ss-stage-button ss-present", { "aria-keyshortcuts": "P" }));
    return new Stage(this.host, /** @type {KeyRow[]} */ (rows), (verb, key) => this.#act(verb, key));
  }

  #act(/** @type {string} */ verb, key = "") {
    if (verb === "enter") this.#enter();
    else if (verb === "leave") this.#leave();
    else if (verb === "next") this.#go(stepped(this.scenes, this.at, 1));
    else if (verb === "previous") this.#go(stepped(this.scenes, this.at, -1), true);
    else if (verb === "first") this.#first();
    else if (verb === "last") this.#go(this.scenes.length - 1);
    else if (verb === "again") this.shown?.again?.();
    else if (verb === "blank") this.host.classList.toggle("sk-blank");
    else if (verb === "notes") this.stage?.say(this.notes?.toggle() ?? "");
    else if (verb === "live") this.#startLive();
    else if (verb === "choose") this.#choose(Number(key) - 1);
  }

  /** The same keys in the window of the notes. @param {KeyboardEvent} event */
  #fromNotes(event) {
    const row = KEYS.find(({ keys }) => keys.includes(event.key.toLowerCase()));
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#act(row.verb, event.key);
  }

  #enter() {
    this.stage?.enter();
    if (!this.stage?.on) return;
    this.notes?.goOn();
    if (this.leads) this.notes?.takeBack();
    this.#tell();
    this.#draw();
    this.warmed ??= this.leads && !this.data.offline ? this.#warm() : null;
  }

  /** Ask for each recorded race ahead of its scene: the server makes its answer once, for the whole room. */
  async #warm() {
    const wanted = this.scenes.flatMap(({ race }) => (race?.runs.length ? [`${this.#recording(race)}?${new URLSearchParams({ runs: race.runs.map((/** @type {any} */ { run }) => run).join(",") })}`] : []));
    for (const address of new Set(wanted)) if (!this.stopped) await request(address).catch(() => {}); // the scene itself says what is wrong
  }

  /** @param {any} race */
  #recording(race) {
    return `${this.data.urls.recordings}${race.recording}`;
  }

  #leave() {
    this.stage?.leave();
    this.host.classList.remove("sk-blank");
    this.#clear();
    if (this.data.shares) this.#send({ verb: "end" });
  }

  /** @type {(at: number, back?: boolean) => void} */
  #go(at, back = false) {
    if (!(at >= 0) || at === this.at || !this.stage?.on) return;
    this.at = Math.min(at, this.scenes.length - 1);
    this.back = back;
    this.host.classList.remove("sk-blank");
    this.address.put(SCENE, this.at ? String(this.at + 1) : null);
    this.stage.say("");
    this.#clear();
    this.#tell();
    this.#draw();
  }

  /** Send a command with its number: the server may take two in another order. */
  #send(/** @type {Record<string, unknown>} */ command) {
    this.sent = numbered(Date.now(), this.sent, this.data.sent);
    return this.send?.("command", { ...command, at: this.sent });
  }

  /** Tell the server which scene is shown, where others follow. */
  #tell() {
    this.asked = this.at;
    if (this.data.shares) this.#send({ verb: "show", scene: this.at + 1, tab: tabName() });
  }

  /** Tell it again where the talk ended while this window was away; what is sent without a connection is lost. */
  #takeBack() {
    if (this.stopped || !this.data.shares || !this.stage?.on || this.showing.talk !== "") return;
    this.#tell();
    setTimeout(() => this.#takeBack(), AGAIN_MS);
  }

  /** The first scene; there again, the talk begins anew. */
  #first() {
    if (this.at) return this.#go(0);
    this.notes?.begin();
    this.kept?.put({ said: {} });
    return this.stage?.say("The clock of the notes begins now.");
  }

  #choose(/** @type {number} */ index) {
    const { scene } = this;
    if (scene?.kind !== "prediction" || !scene.choices?.[index]) return;
    if (this.data.role === "audience") {
      this.voted = { question: scene.key ?? "", choice: index + 1, at: performance.now() };
      this.asked = this.at;
      this.#send({ verb: "vote", question: scene.key, choice: index + 1 });
      setTimeout(() => this.#draw(), VOTING_MS + 50);
    } else if (!this.data.shares) this.kept?.put({ said: { ...this.kept.values.said, [scene.key ?? ""]: index + 1 } });
    this.#draw();
  }

  #startLive() {
    if (this.scene?.kind !== "live") return this.stage?.say("This scene has no live race.");
    if (this.#liveRace(this.scene) && this.liveState !== "ended") return this.stage?.say("The live race is on.");
    if (this.engine && this.engine.state !== "alive") return this.stage?.say(`No live race: ${this.engine.message || "no engine is there"}. The recording plays.`);
    this.broken.delete(this.at);
    this.asked = this.at;
    this.stage?.say("The live race is on its way.");
    return this.#send({ verb: "live", scene: this.at + 1 });
  }

  /** A refusal ends what was shown in its place, and is told in the scene that it is about. @param {string} words */
  #refused(words) {
    this.voted.at = -VOTING_MS;
    if (this.asked === this.at) this.stage?.say(words);
  }

  // --- the room -----------------------------------------------------------------------------------------------------

  #heard(/** @type {any} */ message) {
    if (message.engine !== undefined) this.engine = message.engine;
    const before = this.showing;
    this.showing = heard(before, message);
    if (hasEnded(before, this.showing)) this.#takeBack();
    if (!this.leads && message.scenes) this.#know(this.data.talk, message.scenes);
    if (!this.leads && message.showing) this.#follow();
    this.#draw();
  }

  /**
   * The scenes of a talk: an audience learns each as it is shown, by number.
   * @type {(talk: { name: string, scenes: SceneDocument[] }, told: Record<string, SceneDocument>) => void}
   */
  #know({ name, scenes }, told) {
    const before = this.known?.name === name ? this.known.told : {};
    this.known = { name, told: this.showing.talk && this.showing.talk !== name ? before : { ...before, ...told } };
    this.scenes = scenes.map((scene, index) => this.known?.told[index + 1] ?? scene);
  }

  /** An audience's page goes where the presenter goes; a race that began live needs names from the server. */
  #follow() {
    const { talk, scene, race } = this.showing;
    if (talk !== this.data.talk.name || race !== (this.data.live?.race ?? null)) this.#send({ verb: "look", talk });
    if (talk !== this.data.talk.name) return;
    const at = stepped(this.scenes, scene - 1, 0);
    if (at === this.at) return;
    this.back = at < this.at;
    this.at = at;
    this.stage?.say("");
    this.#clear();
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  #clear() {
    this.shown?.stop();
    this.shown = null;
    this.kind = "";
    this.part("figure").replaceChildren();
  }

  #draw() {
    if (this.stopped || !this.scene) return;
    const { scene, data } = this, on = Boolean(this.stage?.on);
    this.notes?.show(this.scenes, this.at);
    this.host.dataset.kind = scene.kind;
    if (!on) return;
    write(this.part("title"), scene.title);
    const waits = !this.leads && this.showing.talk === "";
    const lines = waits ? ["The talk has not begun, or it has ended. This page follows the presenter."] : scene.lines;
    this.part("lines").replaceChildren(...lines.map((line) => write(element("p", "sk-line"), line)));
    this.#question(scene);
    this.#figure(scene);
    setText(this.part("source"), this.#source(scene));
    this.navigation?.draw(this.at, this.scenes.length, this.leads);
    setText(this.part("number"), `${this.at + 1} / ${this.scenes.length}`);
    this.host.classList.toggle("sk-shared", Boolean(data.shares));
  }

  #question(/** @type {SceneDocument} */ scene) {
    const asked = questionOf(this.scenes, this.at), key = asked?.key ?? "";
    const isOpen = this.showing.question === key; // a press on a closed question is refused, and never stands as chosen
    const fresh = isOpen && performance.now() - this.voted.at < VOTING_MS && this.voted.question === key ? this.voted.choice : null;
    const said = this.data.role === "audience" ? fresh ?? this.showing.mine[key] ?? null : this.kept?.values.said?.[key] ?? null;
    this.question.draw(asked, { answer: scene.kind === "reveal" ? scene.answer ?? null : null, room: this.data.urls.room && this.data.shared ? this.showing : null, said, may: scene.kind === "prediction" && (this.data.role === "audience" || !this.data.shares) });
  }

  #figure(/** @type {SceneDocument} */ scene) {
    const chip = this.part("chip"), figure = this.part("figure"), trouble = this.part("trouble");
    const isRace = RACES.has(scene.kind), live = this.#liveRace(scene);
    const missing = scene.race?.trouble || this.broken.get(this.at) || this.#noEngine(scene, live);
    trouble.hidden = !missing;
    setText(trouble, missing);
    const kind = `${this.at} ${isRace ? "race" : scene.kind} ${live ? live.race : ""}`;
    if (kind !== this.kind) {
      this.#clear();
      this.kind = kind;
      this.liveState = null;
      if (live) this.stage?.say(""); // that it is on its way
      if (scene.drawing && DRAWINGS[scene.drawing]) figure.append(...DRAWINGS[scene.drawing]());
      else if (isRace && !scene.race.trouble) this.shown = new RaceScene(figure, { broke: (why) => this.#broke(why), state: (state) => this.#trains(state) });
      else if (scene.kind === "lab") this.shown = new LabScene(figure);
    }
    if (isRace) this.shown?.show({ ...scene.race, runs: live?.runs ?? scene.race.runs, urls: { ...this.data.urls, recording: this.#recording(scene.race) }, live: Boolean(live), atEnd: this.back }, this.theme);
    else if (scene.kind === "lab") this.shown?.show({ ...scene.lab, urls: this.data.urls }, this.theme);
    const words = live ? liveChip(this.liveState) : isRace ? "REPLAY" : scene.kind === "lab" ? "RECORDED" : "";
    chip.hidden = !words;
    setText(chip, words);
    chip.dataset.kind = words === "LIVE" ? "live" : "record";
  }

  /** The race that was started for this scene, null where a recording is shown. */
  #liveRace(/** @type {SceneDocument} */ scene) {
    const { live } = this.data;
    return scene.kind === "live" && live?.scene === this.at + 1 && !this.broken.has(this.at) ? /** @type {LiveRace} */ (live) : null;
  }

  /** The live race of the scene trains, is paused, or has ended. @param {string} state */
  #trains(state) {
    const race = this.data.live?.race;
    if (state === "ended" && this.liveState === "live") this.kept?.put({ ended: { ...this.kept.values.ended, [race]: Date.now() } });
    this.liveState = state;
    this.#draw();
  }

  /** Where the figures of a scene come from. */
  #source(/** @type {SceneDocument} */ scene) {
    const live = this.#liveRace(scene), { source, race, lab } = scene;
    return live ? liveWords(live, this.liveState, this.kept?.values.ended?.[live.race], Date.now()) : source || race?.words || lab?.words || "";
  }

  #noEngine(/** @type {SceneDocument} */ scene, /** @type {unknown} */ live) {
    if (scene.kind !== "live" || live) return "";
    if (this.data.offline) return "This file has no engine: the recording plays.";
    if (this.engine && this.engine.state !== "alive") return "The engine is not there: the recording plays.";
    return "";
  }

  #broke(/** @type {string} */ why) {
    this.broken.set(this.at, `${why} The recording plays.`);
    this.#draw();
  }

  #overview() {
    const { talk, origin } = this.data;
    setText(this.part("name"), talk.title);
    if (!this.leads) return; // titles tell the answers
    setText(this.part("about"), `${this.scenes.length} scenes, ${planned(this.scenes, this.scenes.length).before} minutes.${origin ? ` ${origin}.` : ""}`);
    this.part("list").replaceChildren(...this.scenes.map(({ title, minutes }) => write(element("li", "sk-item"), `${title} (${minutes} min)`)));
  }
}

/**
 * Write a text with its strong parts: nodes of text, never markup.
 * @type {<T extends Element>(node: T, text: string) => T}
 */
function write(node, text) {
  if (/** @type {HTMLElement} */ (/** @type {unknown} */ (node)).dataset.text === text) return node;
  /** @type {HTMLElement} */ (/** @type {unknown} */ (node)).dataset.text = text;
  node.replaceChildren(...parts(text).map((part) => (part.strong ? element("strong", "", part.text) : document.createTextNode(part.text))));
  return node;
}
