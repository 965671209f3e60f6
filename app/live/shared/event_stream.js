/**
 * One connection to the server for one set of runs: the history first, then the stream of what is new.
 * EventSource reconnects by itself and tells the server the last message it has, so nothing is missed or doubled.
 * A tab that is hidden for a minute lets go of its connection and fetches the history again when it is shown.
 */
import { messageOf } from "./format.js";
import { SeenStates } from "./seen_states.js";
import { isOffline, request } from "./source.js";

const HIDDEN_MS = 60_000;
const RETRY_MS = 1_000;

/**
 * @typedef {object} Handlers
 * @property {(answer: any) => void} history
 * @property {(message: any) => void} message
 * @property {(state: "opening" | "live" | "waiting" | "gone" | "replay", reason?: string) => void} link
 */

export class EventStream {
  /**
   * handlers: history(document), message(document), link("opening" | "live" | "waiting" | "gone", reason): "opening" where the first connection fails
   * @param {Record<string, any>} urls
   * @param {number[]} runs
   * @param {Handlers} handlers
   */
  constructor(urls, runs, handlers) {
    this.urls = urls;
    this.runs = runs;
    this.handlers = handlers;
    this.states = new SeenStates();
    /** @type {EventSource | null} */
    this.source = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.attempt = 0;
    this.wasLive = false;
    this.closed = false;
    this.bytes = 0;
    this.messages = 0;
    this.onVisibility = () => this.#visibility();
    document.addEventListener("visibilitychange", this.onVisibility);
    this.open();
  }

  /** Fetch the history and follow from it. A later call overtakes an earlier one that still waits for its answer. */
  async open() {
    clearTimeout(this.timer);
    const attempt = (this.attempt += 1);
    this.source?.close();
    this.source = null;
    try {
      const answer = await this.history();
      if (this.closed || attempt !== this.attempt) return;
      this.forget(answer.d ?? []);
      this.handlers.history(answer);
      this.#follow(answer.cursor);
    } catch (error) {
      if (this.closed || attempt !== this.attempt) return;
      this.handlers.link("gone", messageOf(error));
      this.timer = setTimeout(() => this.open(), RETRY_MS);
    }
  }

  /**
   * Ask no more for runs that were deleted.
   * @param {number[]} deleted
   */
  forget(deleted) {
    this.runs = this.runs.filter((run) => !deleted.includes(run));
  }

  /**
   * Fetch the points of all runs, or the finer ones of a range of steps.
   * @param {Record<string, any>} [range]
   */
  async history(range = {}) {
    if (!this.runs.length) throw new Error("these runs were deleted");
    const response = await request(`${this.urls.history}?${this.query(range)}`); // not kept by anybody: the answer says so
    if (!response.ok) throw new Error((await response.text()).slice(0, 300));
    return this.states.take(await response.json());
  }

  /**
   * The address behind the `?`; feeds of other routes name their runs in another way.
   * @param {Record<string, any>} more
   */
  query(more) {
    return new URLSearchParams({ runs: this.runs.join(","), ...more });
  }

  /** @param {string} cursor */
  #follow(cursor) {
    if (isOffline()) return this.handlers.link("replay"); // a file holds what was, and nothing follows
    const source = new EventSource(`${this.urls.stream}?${this.query({ since: cursor })}`);
    this.source = source;
    source.onopen = () => {
      this.wasLive = true;
      this.handlers.link("live");
    };
    source.onmessage = (event) => {
      this.bytes += event.data.length;
      this.messages += 1;
      this.handlers.message(this.states.take(JSON.parse(event.data)));
    };
    source.onerror = () => {
      this.handlers.link(this.wasLive ? "waiting" : "opening");
      // CLOSED: the browser will not try again by itself (the server refused, or a proxy answered in its place).
      if (source.readyState === EventSource.CLOSED && !this.closed) this.timer = setTimeout(() => this.open(), RETRY_MS);
    };
  }

  #visibility() {
    clearTimeout(this.hiding);
    if (document.hidden) {
      this.hiding = setTimeout(() => {
        this.source?.close();
        this.source = null;
        this.asleep = true;
      }, HIDDEN_MS);
    } else if (this.asleep && !this.closed) {
      this.asleep = false;
      this.open();
    }
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.hiding);
    this.source?.close();
    document.removeEventListener("visibilitychange", this.onVisibility);
  }
}
