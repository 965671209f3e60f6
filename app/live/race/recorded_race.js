/**
 * A feed that plays a stored race: each time the playhead has moved, the snapshot of that moment. It holds as many points as
 * a history brings, and asks the server for finer ones of a zoomed range once; the page shows those up to the moment.
 */
import { RecordedFeed } from "../shared/replay/recorded_feed.js";
import { playhead } from "../shared/replay/replay.js";
import { replayWords } from "../shared/replay/marks.js";
import { fetchRecording, keepRecording, placeOf } from "../shared/replay/recording.js";
import { mapped } from "../shared/decimate.js";
import { isLive } from "../shared/run_states.js";
import { request } from "../shared/source.js";
import { finerQuery, shareOf } from "./stream.js";

/** While it plays the page gets no more snapshots than it draws. */
const PACE_MS = 200;
/** Places that are chosen one after the other within this time are a drag of the bar: until it rests curves have few points. */
const DRAG_MS = 150;

export class RecordedRace extends RecordedFeed {
  shown = 0;
  refined = 0;
  fine = new Map();

  async fetch() {
    const recording = await fetchRecording(this.urls.recording, this.runs);
    if (!isLive(recording.cards.map((card) => ({ card })))) keepRecording(this.urls.recording, this.runs, recording);
    return { recording };
  }

  moved(sought = false) {
    const now = performance.now();
    if (!this.recording || (!sought && playhead.playing && now - this.shown < PACE_MS)) return;
    const dragged = sought && now - this.shown < DRAG_MS;
    this.shown = now;
    clearTimeout(this.resting);
    if (dragged) this.resting = setTimeout(() => this.#show(true), DRAG_MS);
    this.#show(sought, dragged);
  }

  #show(sought = false, coarse = false) {
    this.moment = playhead.moment;
    const document = this.recording.historyAt(this.moment, coarse);
    this.handlers.history({ ...document, sought, fine: this.fine, moment: this.moment, words: replayWords(playhead) });
  }

  /** The runs with all that is recorded of them, also those that have not begun: what finer points are asked for. */
  whole() {
    return this.recording?.cards.map((card) => {
      const { train = { step: [] }, total } = this.recording.runs[card.run] ?? {};
      return { card, series: { train, total: total?.train ?? train.step.length } };
    }) ?? [];
  }

  /** The points of the whole range, kept: only those up to the moment are handed out. Asked for once, however often it is called. */
  async finer(runs, ranges) {
    const query = new URLSearchParams(finerQuery(runs, ranges)).toString();
    if (this.asked?.query !== query) this.asked = { query, answer: this.#finer(query, runs, ranges) };
    const { asked } = this;
    let document;
    try {
      document = await asked.answer;
    } finally {
      if (this.asked === asked) this.asked = null;
    }
    const reached = new Map(this.recording.cardsAt(this.moment).map((card) => [card.run, card.step]));
    const cut = Object.entries(document.runs).map(([run, { train }]) => [run, { train: before(train, reached.get(Number(run)) ?? 0) }]);
    return { document: { ...document, runs: Object.fromEntries(cut) }, atMost: shareOf(runs.length) };
  }

  async #finer(query, runs, ranges) {
    const attempt = (this.refined += 1), atMost = shareOf(runs.length);
    const answer = await request(`${this.urls.history}?${query}`);
    if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
    const document = await answer.json();
    if (!this.recording) throw new Error("nothing is played yet");
    if (attempt !== this.refined) throw new Error("another range was asked for since");
    runs.forEach((run, index) => {
      const points = document.runs[run]?.train;
      if (points) this.fine.set(run, { points, first: ranges[index][0], last: ranges[index][1], atMost });
    });
    return document;
  }

  /** Never: a recording grows no further than what it holds. */
  isFull() {
    return false;
  }

  /** Nothing to remember: see isFull. */
  filled() {}

  close() {
    clearTimeout(this.resting);
    super.close();
  }
}

/** Points up to a step. */
function before(points, step) {
  const count = placeOf(points.step, step);
  return mapped(points, (column) => column.slice(0, count));
}
