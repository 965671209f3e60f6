/**
 * Whether a page shows a race live or plays its recording. Owns the button *Replay*, the player, and what of it stands in the
 * address: `replay=1`, the place `at`, `speed`, `by=step`. `?race=3&replay=1` plays at once; with a place it waits there.
 */
import { UrlState, rememberRace, rememberedRuns } from "../address/url_state.js";
import { isLive } from "../run_states.js";
import { isOffline } from "../source.js";
import { SPEEDS, USUAL_SPEED, Playhead } from "./playhead.js";
import { Player } from "./player.js";
import { dropRecordings } from "./recording.js";
/** @import { By, Recording } from "./recording.js" */

const ON = "replay", AT = "at", SPEED = "speed", BY = "by";
export const REPLAY_KEYS = [ON, AT, SPEED, BY];
/** Where the tab remembers them, and the browser the speed. */
const MEMORY = "skipscope-replay", KEPT_SPEED = "skipscope-replay-speed";
/** While it plays its place is written as often. */
const WRITE_MS = 2_000;

/** The place is the document's: another page of the tab goes on from it. `of`: whose. */
export const playhead = new Playhead();
/** @type {{ of: string | undefined }} */
const played = { of: undefined };

export class Replay {
  /**
   * player, enter: elements for the player and the button that begins a replay. turned(): now it is the other way.
   * @param {HTMLElement} player
   * @param {HTMLElement} enter
   * @param {() => void} turned
   */
  constructor(player, enter, turned) {
    this.box = player;
    this.button = enter;
    this.turned = turned;
    this.trouble = "";
    this.live = this.some = false;
    this.wrote = 0;
    /** @type {Recording | null} what is played */
    this.recording = null;
    /** @type {string | undefined} whose: a race, or the runs of a selection; "" of nothing */
    this.whose = undefined;
    this.given = new URLSearchParams(location.search).has(ON);
    this.address = new UrlState(REPLAY_KEYS, MEMORY, () => this.#moved());
    this.player = new Player(player, playhead, {
      count: (by) => this.#count(by),
      speed: (speed) => this.#speed(speed),
      leave: () => this.leave(),
    });
    enter.onclick = () => this.enter();
    this.off = playhead.listen((sought) => this.#heard(sought));
  }

  get on() {
    return Boolean(this.whose) && (isOffline() || this.address.get(ON) === "1");
  }

  /**
   * Whose replay it is: another race is shown live at first, unless the script opens it with an address that plays it. `runs`
   * are those of a selection, which is no race (0); without any there is no replay.
   * @type {(race: number, runs?: number[]) => void}
   */
  of(race, runs = []) {
    const whose = race ? String(race) : runs.length ? `runs ${runs.join()}` : "";
    if (whose === this.whose) return;
    const before = this.whose ?? (this.given ? whose : rememberedRuns(MEMORY_RACE) ?? whose), wasOn = this.on;
    this.whose = whose;
    if (!whose) return wasOn ? playhead.pause() : undefined;
    rememberRace(MEMORY_RACE, whose);
    if (before !== whose) {
      playhead.pause(); // nobody pressed play for this race
      this.given = !wasOn && new URLSearchParams(location.search).get(ON) === "1";
      this.address.put(ON, this.given ? "1" : null);
      this.address.put(AT, null);
    }
    this.recording = null;
    if (this.on) this.#begin();
  }

  /** Take the place of the address. Without one play from the begin; a file shows the whole. Another page of the tab goes on. */
  #begin() {
    if (played.of === this.whose && !this.given) return;
    played.of = this.whose;
    this.#take();
    const at = numberOf(this.address.get(AT));
    Object.assign(playhead, { at: at ?? (isOffline() ? null : 0), playing: at === null && !isOffline(), end: { seconds: 0, step: 0 } });
  }

  /** A replay begins where a race was shown live: nothing is kept that it may have outgrown, nor the end of another race. */
  #other() {
    dropRecordings();
    if (played.of !== this.whose) playhead.end = { seconds: 0, step: 0 };
    played.of = this.whose;
  }

  #take() {
    const speed = numberOf(this.address.get(SPEED)) ?? remembered();
    playhead.speed = SPEEDS.includes(speed) ? speed : USUAL_SPEED;
    playhead.by = this.address.get(BY) === "step" ? "step" : "seconds";
  }

  /** Back or forward in the browser. */
  #moved() {
    if (this.on === !this.box.hidden) return;
    if (this.on) {
      this.#other();
      this.#take();
      playhead.at = numberOf(this.address.get(AT)) ?? 0;
    } else playhead.pause();
    this.turned();
  }

  /**
   * Begin: a race that trains stands where it is, an ended one plays from its begin. Who left it before comes back to the place.
   */
  enter() {
    if (!this.whose || this.on) return;
    const back = played.of === this.whose && playhead.at !== null && !playhead.atEnd;
    this.#other();
    this.#take();
    if (!back) playhead.at = this.live ? null : 0;
    playhead.playing = !this.live;
    this.address.put(ON, "1");
    this.turned();
    this.draw(this.live);
    this.player.play.focus({ preventScroll: true });
  }

  leave() {
    if (!this.on) return;
    playhead.pause();
    this.address.put(ON, null);
    this.address.put(AT, null);
    this.recording = null;
    this.trouble = "";
    this.turned();
    this.button.focus({ preventScroll: true });
  }

  /**
   * The recording is here.
   * @param {Recording} recording
   */
  loaded(recording) {
    this.recording = recording;
    this.trouble = "";
    this.live = isLive(recording.cards.map((card) => ({ card })));
    playhead.take(recording.end);
    this.#heard(!playhead.playing);
  }

  /** @param {string} reason why there is nothing to play yet */
  failed(reason) {
    this.trouble = `The recording could not be loaded: ${reason}`;
    this.draw();
  }

  /** @param {By} by */
  #count(by) {
    this.address.put(BY, by === "step" ? by : null);
    playhead.count(by, this.recording?.converted(playhead.moment, by) ?? 0);
  }

  /** @param {number} speed */
  #speed(speed) {
    playhead.speed = speed;
    this.address.put(SPEED, speed === USUAL_SPEED ? null : String(speed));
    remember(speed);
    this.draw();
  }

  /**
   * Stand where every run has done so many updates.
   * @param {number} step
   */
  look(step) {
    if (this.recording) playhead.seek(this.recording.placeOfAll(step, playhead.by));
  }

  /** @param {boolean} sought */
  #heard(sought) {
    if (!this.on) return;
    const now = performance.now();
    if (sought || !playhead.playing || now - this.wrote > WRITE_MS) {
      this.wrote = now;
      if (playhead.length) this.address.put(AT, String(Number(playhead.place.toFixed(playhead.by === "step" ? 0 : 1))));
    }
    this.draw();
  }

  /**
   * Show the player, or the button where there is something to replay. live: whether the shown race still trains.
   * @param {boolean} [live]
   * @param {boolean} [some] whether anything is on record
   */
  draw(live = this.live, some = this.some) {
    Object.assign(this, { live, some });
    this.box.hidden = !this.on;
    this.button.hidden = !this.whose || this.on || !some;
    document.documentElement.classList.toggle("ss-replaying", this.on);
    if (this.on) this.player.draw({ trouble: this.trouble, live });
  }

  /**
   * Leave the place in the address to a page that has another use for `at` while nothing is played.
   * @param {boolean} lent
   */
  lend(lent) {
    this.address.lend(AT, lent);
  }

  /** Write the address, also where the script has changed it. */
  keep() {
    if (this.whose) this.address.keep();
  }

  stop() {
    this.off();
    this.address.stop();
    document.documentElement.classList.remove("ss-replaying");
  }
}

const MEMORY_RACE = `${MEMORY} race`;

/** @param {string | null} text a number of at least 0 */
function numberOf(text) {
  return /^\d{1,12}(\.\d{1,3})?$/.test(text ?? "") ? Number(text) : null;
}

/** The speed that was chosen last, NaN without one. */
function remembered() {
  try {
    return Number(localStorage.getItem(KEPT_SPEED) ?? NaN);
  } catch {
    return NaN; // a browser that keeps nothing has the usual speed
  }
}

/** @param {number} speed */
function remember(speed) {
  try {
    localStorage.setItem(KEPT_SPEED, String(speed));
  } catch {
    // See above.
  }
}
