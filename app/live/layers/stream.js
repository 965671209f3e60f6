/**
 * Where a page of probes has its data from: the stream of `urls.quantities` and of the findings of `urls.about`, with
 * `urls.columns` columns of each run at most; or the columns on record, up to the moment of a replay.
 */
import { EventStream } from "../shared/event_stream.js";
import { RecordedFeed } from "../shared/replay/recorded_feed.js";
import { playhead } from "../shared/replay/replay.js";
import { replayWords } from "../shared/replay/marks.js";
import { fetchRecording, placeOf } from "../shared/replay/recording.js";
import { request } from "../shared/source.js";
import { decoded } from "./panels/columns.js";

/** recording: the replay that is on, or null for what trains now; handlers as of EventStream, and of a replay placed(words): its place. */
export function feedFor({ urls, recording }, runs, handlers) {
  return recording ? new RecordedProbes({ urls, replay: recording }, runs, handlers) : new ProbeStream(urls, runs, handlers);
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
export class RecordedProbes extends RecordedFeed {
  key = null;

  async fetch() {
    const query = new URLSearchParams({ runs: this.runs.join(","), ...queryOf(this.urls) });
    const [recording, answer] = await Promise.all([fetchRecording(this.urls.recording, this.runs), request(`${this.urls.history}?${query}`)]);
    if (!answer.ok) throw new Error((await answer.text()).slice(0, 300));
    const whole = await answer.json();
    for (const run of Object.values(whole.runs)) run.arrays = Object.fromEntries(Object.entries(run.arrays).map(([name, text]) => [name, decoded(text)]));
    return { recording, whole, key: null };
  }

  moved(sought = false) {
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
}

/** The first columns of a run as its history has them; all its probes are planned, so that nothing moves while it plays. */
function firstColumns({ steps, arrays, planned, total, ...run }, count) {
  const first = Object.entries(arrays).map(([name, codes]) => [name, codes.subarray(0, (codes.length / (steps.length || 1)) * count)]);
  return {
    ...run, steps: steps.slice(0, count), arrays: Object.fromEntries(first), planned: [...new Set([...planned, ...steps])].toSorted((a, b) => a - b),
    total: count < steps.length ? Math.round((total * count) / steps.length) : total,
  };
}
