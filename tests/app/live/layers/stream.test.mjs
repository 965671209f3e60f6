/** Probes of a replay: the columns up to the moment, brought where a net reaches its next one. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Columns } from "../../../../app/live/layers/panels/columns.js";
import { feedFor } from "../../../../app/live/layers/stream.js";
import { duration } from "../../../../app/live/shared/format.js";
import { playhead } from "../../../../app/live/shared/replay/replay.js";
import { record } from "../shared/replay/record.mjs";

const replay = { loaded: (recording) => playhead.take(recording.end), failed: () => {} };
const URLS = { history: "live/probes/history", recording: "live/recording", quantities: new Set(["response_std"]), about: "response_std", columns: 600 };
const STEPS = [0, 20, 40, 60, 80, 100];
let asked, told, placed, feed;

/** Codes of two layers at each step, as base64 of 16-bit numbers: 100 + step, 200 + step. */
function coded() {
  const codes = new Uint16Array(STEPS.flatMap((step) => [100 + step, 200 + step]));
  return btoa(String.fromCodePoint(...new Uint8Array(codes.buffer)));
}

describe("probes of a replay", () => {
  beforeEach(async () => {
    [asked, told, placed] = [[], [], []];
    const run = () => ({ total: 6, steps: [...STEPS], planned: [...STEPS], share: 0.1, images: 32, layers: [["a", 1, 2], ["b", 1, 2]], relus: [], blocks: [], sublayers: [], arrays: { response_std: coded() } });
    globalThis.fetch = async (address) => {
      asked.push(address);
      return { ok: true, json: async () => (address.startsWith(URLS.recording) ? record() : { cursor: "1.1", cards: [], runs: { 1: run(), 2: run() }, f: { 40: ["", {}, "", "said", null] } }) };
    };
    Object.assign(playhead, { at: 0, by: "seconds", playing: false, end: { seconds: 0, step: 0 } });
    await new Promise((done) => {
      feed = feedFor({ urls: URLS, recording: replay }, [1, 2], { history: (document) => told.push(document), message: () => assert.fail("nothing is streamed"), placed: (words) => placed.push(words), link: done });
    });
  });

  afterEach(() => feed.close());

  const columnsOf = (document, run) => new Columns(document.runs[run], () => {});

  test("each net has the probes that it had reached by its own clock, with all planned ones", () => {
    playhead.seek(4.5);
    const document = told.at(-1);
    assert.equal(document.recorded, true);
    assert.deepEqual(document.cards.map(({ run, step }) => [run, step]), [[1, 45], [2, 22]]);
    const [first, second] = [1, 2].map((run) => columnsOf(document, run));
    assert.deepEqual([first.steps, second.steps, first.total, first.planned], [[0, 20, 40], [0, 20], 3, STEPS]);
    assert.deepEqual([...first.codes("response_std", 2)], [140, 240]);
    assert.equal(first.codes("response_std", 3), null);
    assert.deepEqual(document.f, { 40: ["", {}, "", "said", null] });
  });

  test("nothing is brought until a net reaches its next probe or ends, and nothing is asked for", () => {
    const requests = asked.length;
    for (const place of [0.1, 1, 1.9]) playhead.seek(place);
    assert.equal(told.length, 1);
    assert.deepEqual(placed, ["0", "0.1", "1", "1.9"].map((at) => `REPLAY at ${duration(Number(at))} of 20 s`), "each place is named");
    playhead.seek(2);
    assert.equal(told.length, 2);
    playhead.seek(20);
    assert.deepEqual(told.at(-1).cards.map(({ state }) => state), ["finished", "diverged"]);
    assert.equal(asked.length, requests);
    playhead.seek(0);
    assert.deepEqual(columnsOf(told.at(-1), 1).steps, [0]);
  });

  test("closed, it brings nothing more", () => {
    feed.close();
    playhead.seek(20);
    assert.equal(told.length, 1);
  });
});
