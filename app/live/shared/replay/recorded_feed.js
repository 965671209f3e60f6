/**
 * The common part of the feeds that play a stored race: they fetch what is on record, again until it is here, and bring what
 * was known at the playhead each time that it has moved.
 */
import { messageOf } from "../format.js";
import { playhead } from "./replay.js";
/** @import { Recording } from "./recording.js" */

const RETRY_MS = 1_000;

export class RecordedFeed {
  /**
   * replay: hears of the recording, or why there is none; handlers as of EventStream.
   * @param {{ urls: Record<string, any>, replay: { loaded: (recording: Recording) => void, failed: (reason: string) => void } }} source
   * @param {number[]} runs
   * @param {Record<string, any>} handlers
   */
  constructor({ urls, replay }, runs, handlers) {
    this.urls = urls;
    this.replay = replay;
    this.runs = runs;
    this.handlers = handlers;
    this.attempt = 0;
    this.closed = false;
    this.off = playhead.listen((sought) => this.moved(sought));
    this.open();
  }

  /** What is on record, with its recording. @returns {Promise<{ recording: Recording }>} */
  async fetch() {
    throw new Error("each feed fetches its own");
  }

  /**
   * The playhead is elsewhere, `sought`: somebody chose it; or the record is here.
   * @type {(sought?: boolean) => void}
   */
  moved() {}

  async open() {
    clearTimeout(this.timer);
    const attempt = (this.attempt += 1), isOver = () => this.closed || attempt !== this.attempt;
    try {
      const brought = await this.fetch();
      if (isOver()) return;
      Object.assign(this, brought);
      this.replay.loaded(brought.recording);
      this.moved();
      this.handlers.link("replay");
    } catch (error) {
      if (isOver()) return;
      this.replay.failed(messageOf(error));
      this.handlers.link("gone", messageOf(error));
      this.timer = setTimeout(() => this.open(), RETRY_MS);
    }
  }

  /** Ask no more for these runs, for they were deleted. @param {number[]} deleted */
  forget(deleted) {
    this.runs = this.runs.filter((run) => !deleted.includes(run));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.off();
  }
}
