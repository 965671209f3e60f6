/**
 * Where a page of probes has its data from: the stream of `urls.quantities` and of the findings of `urls.about`, with
 * `urls.columns` columns of each run at most; or the columns on record, up to the moment of a replay.
 */
import { EventStream } from "../shared/event_stream.js";
import { messageOf } from "../shared/format.js";
import { playhead } from "../shared/replay/replay.js";
import { replayWords } from "../shared/replay/marks.js";
import { fetchRecording, placeOf } from "../shared/replay/recording.js";
import { decoded } from "./panels/columns.js";

const RETRY_MS = 1_000;

/** recording: the replay that is on, or null for what trains now; handlers as of EventStream, and of a replay placed(words): its place. */
export function feedFor({ urls, recording }, runs, handlers) {
  return recording ? new RecordedProbes(urls, recording, runs, handlers) : new ProbeStream(urls, runs, handlers);
}

function queryOf(urls, more) {
  return { quantities: [...urls.quantities].join(","), about: urls.about, n: urls.columns, ...more };
}

export class ProbeStream extends EventStream {
  query(more) {
    return super.query(queryOf(this.urls, more));
  }
}

/** Brings a snapshot each time that a net reaches its next probe, or its state changes. */
export class RecordedProbes {
  constructor(urls, replay, runs, handlers) {
    Object.assign(this, { urls, replay, runs, handlers, attempt: 0, key: null, closed: false });
    this.off = playhead.listen((sought) => this.#show(sought));
    this.open();
  }

  async open() {
    clearTimeout(this.timer);
    const attempt = (this.attempt += 1);
    try {
      const query = new URLSearchParams({ runs: this.runs.join(","), ...queryOf(this.urls) });
      const [recording, answer] = await Promise.all([fetchRecording(this.urls.recording, this.runs), fetch(`${this.urls.history}?${query}`)]);
      if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
      const whole = await answer.json();
      if (this.closed || attempt !== this.attempt) return;
      for (const run of Object.values(whole.runs)) run.arrays = Object.fromEntries(Object.entries(run.arrays).map(([name, text]) => [name, decoded(text)]));
      Object.assign(this, { recording, whole, key: null });
      this.replay.loaded(recording);
      this.#show();
      this.handlers.link("replay");
    } catch (error) {
      if (this.closed || attempt !== this.attempt) return;
      this.replay.failed(messageOf(error));
      this.handlers.link("gone", messageOf(error));
      this.timer = setTimeout(() => this.open(), RETRY_MS);
    }
  }

  #show(sought = false) {
    if (!this.whole) return;
    this.handlers.placed?.(replayWords(playhead));
    const cards = this.recording.cardsAt(playhead.moment).filter(({ run }) => this.whole.runs[run]);
    const counts = cards.map(({ run, step }) => placeOf(this.whole.runs[run].steps, step));
    const key = cards.map(({ run, state, difference }, index) => `${run} ${state} ${difference} ${counts[index]}`).join();
    if (key === this.key) return;
    this.key = key;
    const runs = Object.fromEntries(cards.map(({ run }, index) => [run, firstColumns(this.whole.runs[run], counts[index])]));
    this.handlers.history({ recorded: true, sought, cards, runs, f: this.whole.f });
  }

  forget(deleted) {
    this.runs = this.runs.filter((run) => !deleted.includes(run));
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    this.off();
  }
}

/** The first columns of a run as its history has them; all its probes are planned, so that nothing moves while it plays. */
function firstColumns({ steps, arrays, planned, total, ...run }, count) {
  const first = Object.entries(arrays).map(([name, codes]) => [name, codes.subarray(0, (codes.length / (steps.length || 1)) * count)]);
  return {
    ...run, steps: steps.slice(0, count), arrays: Object.fromEntries(first), planned: [...new Set([...planned, ...steps])].toSorted((a, b) => a - b),
    total: count < steps.length ? Math.round((total * count) / steps.length) : total,
  };
}
