/** The time of the page: its columns, the chosen one, follow and play. Owns slider, buttons and words. */
import { setText } from "../shared/dom.js";
import { grouped } from "../shared/format.js";

/** The duration of the whole history, and the shortest and longest time of a column. */
const PLAY_MS = 15_000, FASTEST_MS = 50, SLOWEST_MS = 500;
const CALM_MS = 700;

export class Timeline {
  /** changed(): after a move to another column; chosen(step): after a choice of the visitor, null for the newest. */
  constructor(part, changed, chosen) {
    Object.assign(this, { part, changed, chosen, columns: [], have: 0, index: 0, together: 0, follow: true, live: true, replayed: false });
    this.slider = part("slider");
    this.slider.oninput = () => this.look(Number(this.slider.value));
    part("play").onclick = () => this.#chose(() => (this.playing ? this.pause() : this.play()));
    part("follow").onclick = () => this.#chose(() => this.setFollow(!this.follow));
  }

  /** Begin at a step, also a later one; null for the newest. */
  begin(step) {
    this.pause();
    this.follow = step === null;
    this.wanted = step ?? undefined;
    if (this.columns.length) this.#place(this.follow ? undefined : step);
  }

  /**
   * Take the columns: the steps of probes and planned probes in one list, so that nothing moves during a race.
   * `common` is the last step of all nets; the page follows this step, because it compares nets at one step.
   */
  update(series, total, common) {
    const last = Math.max(-1, ...series.map((columns) => columns.lastStep));
    const measured = series.flatMap((columns) => columns.steps);
    const coarse = series.some((columns) => columns.steps.length < columns.total);
    const planned = coarse ? [] : series.flatMap((columns) => columns.planned).filter((step) => step > last);
    const step = this.step;
    this.columns = [...new Set([...measured, ...planned])].toSorted((a, b) => a - b);
    this.have = this.columns.filter((at) => at <= last).length;
    this.total = total;
    this.together = Math.max(0, this.columns.findLastIndex((at) => at <= common));
    this.#place(this.wanted ?? step);
  }

  #place(step) {
    if (this.follow || step === undefined) this.index = this.together;
    else this.index = Math.min(this.newest, Math.max(0, this.columns.findLastIndex((at) => at <= step)));
    this.show();
  }

  /** The chosen step, undefined before the first probe. */
  get step() {
    return this.columns[this.index];
  }

  get newest() {
    return Math.max(0, this.have - 1);
  }

  /** Move to a column, at most the newest, and follow no longer. */
  look(index) {
    this.#chose(() => {
      this.pause();
      this.follow = false;
      this.#go(Math.min(this.newest, Math.max(0, index)));
    });
  }

  #chose(act) {
    this.wanted = undefined;
    act();
    this.chosen(this.follow ? null : this.step ?? null);
  }

  setFollow(follow) {
    this.pause();
    this.follow = follow;
    this.#go(follow ? this.together : this.index);
  }

  play() {
    this.follow = false;
    if (this.index >= this.newest) this.index = 0;
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const pace = calm ? CALM_MS : Math.min(SLOWEST_MS, Math.max(FASTEST_MS, PLAY_MS / Math.max(1, this.have)));
    this.playing = setInterval(() => {
      if (this.index >= this.newest) this.#chose(() => this.setFollow(true));
      else this.#go(this.index + 1);
    }, pace);
    this.#go(this.index);
  }

  pause() {
    clearInterval(this.playing);
    this.playing = null;
    this.show();
  }

  #go(index) {
    this.index = index;
    this.show();
    this.changed();
  }

  /** live: whether more is to come; replayed: whether a replay has its own controls. */
  serve({ live, replayed }) {
    Object.assign(this, { live, replayed });
    this.show();
  }

  show() {
    const last = Math.max(1, this.columns.length - 1);
    this.slider.max = last;
    this.slider.value = this.index;
    this.slider.disabled = this.have < 2;
    this.slider.style.setProperty("--sp-have", `${(100 * this.newest) / last}%`);
    const words = !this.have ? "no probe yet" : `step ${grouped(this.step)} of ${grouped(this.total)}`;
    this.slider.setAttribute("aria-valuetext", words);
    this.part("step").textContent = words;
    this.part("step").style.setProperty("--sp-widest", `${2 * grouped(this.total ?? 0).length + 8}ch`);
    const play = this.part("play");
    play.disabled = this.have < 2;
    play.textContent = this.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", this.playing ? "Pause" : "Play the columns");
    const follow = this.part("follow");
    follow.setAttribute("aria-pressed", this.follow);
    setText(follow, this.live ? "Follow live" : "Last step");
    // Nothing more comes of what has ended: at its last step, or behind that of a shorter net, there is nothing to press.
    follow.hidden = this.replayed || (!this.live && this.index >= this.together);
  }

  stop() {
    clearInterval(this.playing);
  }
}
