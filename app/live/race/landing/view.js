/**
 * The recorded race of the first visit, which plays once over its picture. The picture stands first: modules and data come
 * when the browser has nothing else to do; on a phone, where the picture is too small to read and its place is as tall as the
 * chart, they come at once. Where motion is unwanted nothing plays: on a phone the end is drawn. Where no chart comes the place
 * is as low as the picture. Nothing goes on in a hidden tab. A press opens the whole replay.
 */
import { attend, readTheme } from "../../shared/page.js";
import { setText } from "../../shared/dom.js";

/** The picture is looked at first. */
const REST_MS = 1_500;
/** From begin to end. */
const PLAYS_S = 12;
/** Between two drawings so many times the last one's time passes: the page has other work. */
const REST = 4;
/** A narrower picture is too low for curves, unless its place is as tall as on a phone: see landing.css. */
const MIN_PX = 620, TALL_PX = 480;

export class LandingView {
  constructor(host) {
    this.host = host;
    this.part = (name) => host.querySelector(`.sg-${name}`);
    this.frame = host.closest(".st-key-first_picture");
    this.took = this.drawn = 0;
    this.waiting = new AbortController();
    this.part("open").onclick = () => this.send("command", { verb: "watch", at: Date.now() });
    this.part("play").onclick = () => this.playhead.toggle();
    this.leave = attend(host, () => this.#soon(), () => this.#place(), this.frame ?? undefined);
    document.addEventListener("visibilitychange", () => this.#seen(), this.waiting);
    host.landingView = this; // for tests and for the curious
  }

  update(data, send) {
    Object.assign(this, { data, send });
    this.theme = readTheme(this.host, data.themes);
    this.#place();
    this.#soon();
    this.begun ??= this.#begin().then((played) => played || this.stopped || this.#lower());
  }

  stop() {
    this.stopped = true;
    this.waiting.abort();
    this.off?.();
    this.leave();
  }

  /** The page brings its picture in its own time, before this component or after it. */
  get picture() {
    return this.frame?.querySelector("img") ?? null;
  }

  get tall() {
    return this.size?.width < MIN_PX && this.size.height >= TALL_PX;
  }

  get roomy() {
    return this.size.width >= MIN_PX || this.tall;
  }

  async #pictured() {
    while (!this.picture && !this.stopped) {
      await new Promise((changed) => {
        const observer = new MutationObserver(() => {
          observer.disconnect();
          changed();
        });
        observer.observe(this.frame, { childList: true, subtree: true });
        this.waiting.signal.addEventListener("abort", () => {
          observer.disconnect();
          changed();
        });
      });
    }
    this.#place();
    return this.picture;
  }

  /** Lie over the picture; without one there is nothing to press. */
  #place() {
    this.part("open").hidden = !this.picture;
    if (!this.picture) return;
    const [box, ground] = [this.picture, this.host.offsetParent ?? this.host].map((node) => node.getBoundingClientRect());
    const { style } = this.host, place = [box.left - ground.left, box.top - ground.top, box.width, box.height].map(Math.round);
    if (place.join() === this.at) return;
    this.at = place.join();
    [style.left, style.top, style.width, style.height] = place.map((px) => `${px}px`);
    this.size = { width: place[2], height: place[3] };
  }

  /** Whether the chart came. */
  async #begin() {
    const picture = this.frame && await this.#pictured();
    this.still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (!picture || (this.still && !this.tall)) return false;
    await picture.decode().catch(() => {});
    if (!this.tall) await this.#idle();
    this.#place();
    if (this.stopped || !this.roomy) return false;
    try {
      const folder = new URL(`${this.data.modules}race/landing/`, document.baseURI);
      const [{ Playback }, answer] = await Promise.all([import(`${folder}playback.js`), fetch(this.data.urls.curves)]);
      if (!answer.ok) return false; // the picture says as much
      const recorded = await answer.json();
      if (!this.tall) await this.#idle();
      if (this.stopped) return false;
      this.#play(new Playback(recorded, this.data.arms));
      return true;
    } catch {
      return false; // the picture stays
    }
  }

  /** Only a chart needs a tall place: below the picture alone it would be blank. */
  #lower() {
    this.host.classList.remove("sg-tall");
    this.#place();
  }

  /** Wait until the page is seen and has had a rest, and the browser nothing to do. */
  async #idle() {
    while (!this.stopped) {
      await new Promise((rested) => setTimeout(rested, REST_MS));
      if (document.hidden) await new Promise((seen) => document.addEventListener("visibilitychange", seen, { once: true, signal: this.waiting.signal }));
      else return new Promise((idle) => (window.requestIdleCallback ?? setTimeout)(idle));
    }
  }

  #play(race) {
    Object.assign(this, { race, playhead: race.playhead(PLAYS_S) });
    this.off = this.playhead.listen(() => this.#draw());
    if (this.still) this.playhead.seek(Infinity);
    else this.playhead.play();
    this.#seen();
  }

  /** A hidden tab plays nothing. */
  #seen() {
    if (!this.playhead) return;
    if (document.hidden && this.playhead.playing) {
      this.held = true;
      this.playhead.pause();
    } else if (!document.hidden && this.held) {
      this.held = false;
      this.playhead.play();
    }
  }

  #soon() {
    this.#place();
    if (this.race) this.#draw();
  }

  #draw() {
    const { playhead, theme } = this, began = performance.now();
    if (this.stopped || (playhead.playing && began - this.drawn < (1 + REST) * this.took)) return;
    this.drawn = began;
    this.part("screen").hidden = this.part("play").hidden = !this.roomy;
    if (!this.roomy) return;
    const { headline, words, runs } = this.race.at(playhead);
    setText(this.part("headline"), headline);
    setText(this.part("words"), words);
    setText(this.part("play"), playhead.playing ? "❚❚" : "▶");
    this.part("play").setAttribute("aria-label", playhead.playing ? "Pause the replay" : "Play the replay");
    const plot = this.part("plot");
    plot.replaceChildren(this.race.picture(runs, theme, { width: plot.clientWidth, height: plot.clientHeight }));
    this.took = performance.now() - began;
  }
}
