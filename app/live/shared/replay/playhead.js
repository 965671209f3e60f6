/**
 * The place of a replay, and how fast it goes on. One for the whole document, so that Race, Layers and Gradients stand at
 * the same moment. It knows no race: it goes from 0 to the end that it is told.
 */
/** @import { By, Moment } from "./recording.js" */

export const SPEEDS = [1, 2, 5, 10, 20, 50, 100];
export const USUAL_SPEED = 10;
/** So often the place moves while it plays. */
const TICK_MS = 100;
/** A longer pause of the page, such as that of a hidden tab, is no time of the replay. */
const MAX_TICK_MS = 1_500;
/** A record without a clock plays in as many seconds. */
const WITHOUT_CLOCK_S = 60;

/** @typedef {(sought: boolean) => void} Ear hears of another place; `sought`: somebody chose it */

export class Playhead {
  constructor() {
    /** @type {By} */
    this.by = "seconds";
    /** @type {number | null} null before the first recording: at the end of what is on record */
    this.at = null;
    this.speed = USUAL_SPEED;
    this.playing = false;
    /** Where the recording ends, 0 before there is one. */
    this.end = { seconds: 0, step: 0 };
    /** @type {Set<Ear>} */
    this.ears = new Set();
  }

  /** @returns {Moment} */
  get moment() {
    return { by: this.by, at: this.place };
  }

  get length() {
    return this.end[this.by];
  }

  /** From 0 to the end. */
  get place() {
    return Math.min(this.length, Math.max(0, this.at ?? this.length));
  }

  get atEnd() {
    return this.place >= this.length;
  }

  /** @param {Ear} ear @returns {() => void} the function that ends it */
  listen(ear) {
    this.ears.add(ear);
    return () => {
      this.ears.delete(ear);
      if (!this.ears.size) clearInterval(this.ticking);
    };
  }

  /**
   * A recording is here: it ends there.
   * @param {{ seconds: number, step: number }} end
   */
  take(end) {
    this.end = end;
    if (!end.seconds) this.by = "step";
    if (this.playing) this.#tick();
  }

  /** Go on from here, from the begin where it is at its end. */
  play() {
    if (this.length && this.atEnd) this.at = 0;
    this.playing = true;
    this.#tick();
    this.#tell(true);
  }

  pause() {
    this.playing = false;
    clearInterval(this.ticking);
    this.#tell(false);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** @param {number} at beyond the ends: at them */
  seek(at) {
    this.at = at === Infinity ? null : Math.max(0, at);
    this.#tell(true);
  }

  /**
   * Count the place in another way; `at`: the same moment in it.
   * @type {(by: By, at: number) => void}
   */
  count(by, at) {
    this.by = by;
    this.seek(at);
  }

  /** Units of the place for one second of the watcher. */
  get pace() {
    const seconds = this.end.seconds || WITHOUT_CLOCK_S;
    return this.speed * (this.by === "seconds" ? 1 : this.end.step / seconds);
  }

  #tick() {
    clearInterval(this.ticking);
    let before = performance.now();
    this.ticking = setInterval(() => {
      const now = performance.now(), passed = Math.min(MAX_TICK_MS, now - before) / 1000;
      before = now;
      if (!this.playing || !this.ears.size || !this.length) return;
      this.at = Math.min(this.length, this.place + passed * this.pace);
      if (this.atEnd) this.pause();
      else this.#tell(false);
    }, TICK_MS);
  }

  /** @param {boolean} sought */
  #tell(sought) {
    for (const ear of this.ears) ear(sought);
  }
}
