/** The contract of a feed, held by the stream of the server and by a recording alike; then what a recording alone does. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { feedFor } from "../../../../app/live/race/feed.js";
import { Series } from "../../../../app/live/race/series.js";
import { playhead } from "../../../../app/live/shared/replay/replay.js";
import { page, tab } from "../dom.mjs";
import { points, record } from "../shared/replay/record.mjs";

const URLS = { history: "live/history", stream: "live/stream", recording: "live/recording" };
const ENDED = { seconds: 0, step: 0 };
const replay = { heard: [], loaded: (recording) => playhead.take(recording.end), failed: (reason) => replay.heard.push(reason) };
let asked, sources, failing, feed, number = 0;

function answerTo(address) {
  const query = new URLSearchParams(address.split("?")[1]);
  if (!address.startsWith(URLS.recording)) {
    const [first, last] = ["first", "last"].map((key) => Number((query.get(key) ?? "1").split(",")[0]));
    const runs = Object.fromEntries(query.get("runs").split(",").map((run) => [run, { total: { train: 100 }, train: query.has("first") ? points(first, last, 0.1) : points(1, 100, 0.1) }]));
    return { cursor: "9.9", a: null, remarks: [], g: "said", cards: record().cards, runs };
  }
  return record();
}

describe("feeds of a race", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout"] });
    page();
    tab();
    [asked, sources, failing] = [[], [], 0];
    replay.heard = [];
    Object.assign(playhead, { at: 0, by: "seconds", playing: false, end: ENDED });
    globalThis.fetch = async (address) => {
      asked.push(address);
      if (failing > 0) {
        failing -= 1;
        return { ok: false, text: async () => "the store cannot be read" };
      }
      return { ok: true, json: async () => answerTo(address) };
    };
    globalThis.EventSource = class {
      constructor(address) {
        Object.assign(this, { address, readyState: 1 });
        sources.push(this);
        queueMicrotask(() => this.onopen?.());
      }
      close() {
        this.closed = true;
      }
    };
  });

  afterEach(() => {
    feed?.close();
    mock.timers.reset();
  });

  /** Open a feed of its own runs, so that no recording is known yet; resolves with what it has told once the link stands. */
  async function opened(recorded) {
    const told = { history: [], message: [], link: [] };
    number += 1;
    const runs = [1, 2, 3, 100 + number];
    await new Promise((done) => {
      feed = feedFor({ urls: URLS, recording: recorded ? replay : null }, runs, {
        history: (document) => told.history.push(document),
        message: (message) => told.message.push(message),
        link: (state, reason) => {
          told.link.push([state, reason]);
          if (state === "gone") queueMicrotask(() => mock.timers.tick(1000));
          if (["live", "replay"].includes(state)) done();
        },
      });
    });
    return { told, runs };
  }

  function held(document) {
    return document.cards.map((card) => ({ card, series: new Series(document.runs[card.run], card.parent_step ?? 0) }));
  }

  for (const [name, recorded] of [["the stream", false], ["a recording", true]]) {
    describe(`${name} keeps the contract of a feed`, () => {
      test("a snapshot comes first, whole: cards, the points of each, conclusions", async () => {
        const { told } = await opened(recorded);
        const [document] = told.history;
        assert.equal(Boolean(document.recorded), recorded);
        assert.equal(typeof document.g, "string");
        assert.ok(document.cards.length >= 2);
        for (const { run } of document.cards) assert.ok(Array.isArray(document.runs[run].train.step));
        assert.deepEqual(told.link.at(-1)[0], recorded ? "replay" : "live");
      });

      test("it opens again on demand, and names all its runs but forgotten ones", async () => {
        const { told, runs } = await opened(recorded);
        feed.forget([2]);
        await feed.open();
        assert.ok(told.history.length >= 2);
        const named = new URLSearchParams(asked.at(-1).split("?")[1]).get("runs");
        if (!recorded) assert.equal(named, runs.filter((run) => run !== 2).join());
        assert.deepEqual(feed.runs, runs.filter((run) => run !== 2));
      });

      test("finer points of each run's range come with how many are drawn at most", async () => {
        await opened(recorded);
        if (recorded) playhead.seek(20);
        const { document, atMost } = await feed.finer([1, 2], [[20, 30], [20, 30]]);
        assert.deepEqual(Object.keys(document.runs), ["1", "2"]);
        for (const run of [1, 2]) assert.deepEqual(document.runs[run].train.step, [20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
        assert.equal(atMost, 2000);
        failing = 1;
        await assert.rejects(feed.finer([1], [[1, 2]]), /the store cannot be read/);
      });

      test("what a history has just brought is not too much", async () => {
        const { told } = await opened(recorded);
        const runs = held(told.history.at(-1));
        feed.filled(runs);
        assert.equal(feed.isFull(runs), false);
      });

      test("a source that does not answer is told with its words, and asked again", async () => {
        failing = 1;
        const { told } = await opened(recorded);
        assert.deepEqual(told.link[0], ["gone", "the store cannot be read"]);
        assert.equal(told.history.length, 1);
        assert.equal(told.message.length, 0);
      });

      test("closed, it tells nothing more", async () => {
        const { told } = await opened(recorded);
        const before = told.history.length;
        feed.close();
        playhead.seek(3);
        await feed.open();
        assert.equal(told.history.length, before);
        assert.ok(sources.every(({ closed }) => closed));
      });
    });
  }

  test("a recording brings the snapshot of each place, and follows no stream", async () => {
    const { told } = await opened(true);
    playhead.seek(4);
    playhead.seek(20);
    assert.deepEqual(told.history.map(({ cards, g }) => [cards.map(({ step }) => step), g]), [
      [[0, 0], "Training has begun."], [[40, 20], "Training has begun."], [[100, 100, 100], "A-2 is higher."],
    ]);
    assert.deepEqual(told.history.map(({ sought }) => sought), [false, true, true]);
    assert.deepEqual(told.history.map(({ moment, words }) => [moment.at, words]), [[0, "REPLAY at 0 s of 20 s"], [4, "REPLAY at 4 s of 20 s"], [20, "REPLAY at 20 s of 20 s"]]);
    assert.deepEqual([sources, told.message], [[], []]);
    assert.ok(asked.every((address) => !address.startsWith(URLS.stream)));
  });

  test("a drag ends with the whole snapshot of its place", async () => {
    const { told } = await opened(true);
    for (const place of [3, 4, 5]) playhead.seek(place);
    const before = told.history.length;
    mock.timers.tick(200);
    assert.equal(told.history.length, before + 1);
    assert.deepEqual(told.history.at(-1).runs, told.history.at(-2).runs, "a short record is whole at once");
    mock.timers.tick(1000);
    assert.equal(told.history.length, before + 1);
  });

  test("finer points end at the moment, and come with each later one without another request", async () => {
    const { told } = await opened(true);
    playhead.seek(2.5);
    const { document } = await feed.finer([1], [[20, 60]]);
    assert.equal(document.runs[1].train.step.at(-1), 25);
    const requests = asked.length;
    playhead.seek(4);
    const shown = () => {
      const { cards, runs, fine } = told.history.at(-1), series = new Series(runs[1], 0);
      series.refineUpTo(cards[0].step, fine.get(1));
      return [series.detail.points.step.at(-1), series.detail.first, series.detail.last];
    };
    assert.deepEqual([shown(), asked.length], [[40, 20, 60], requests]);
    playhead.seek(1);
    assert.deepEqual(shown(), [undefined, 20, 60]);
  });

  test("finer points are asked for of the whole, so a fork has them when it begins", async () => {
    const { told } = await opened(true);
    playhead.seek(2.5);
    assert.deepEqual(feed.whole().map(({ card, series }) => [card.run, series.train.step.at(-1), series.total]), [[1, 100, 100], [2, 100, 100], [3, 100, 50]]);
    assert.deepEqual(told.history.at(-1).cards.map(({ run }) => run), [1, 2]);
    await feed.finer([1, 3], [[51, 90], [51, 90]]);
    playhead.seek(8);
    const { cards, runs, fine } = told.history.at(-1), series = new Series(runs[3], 50);
    series.refineUpTo(cards[2].step, fine.get(3));
    assert.deepEqual([series.detail.points.step[0], series.detail.points.step.at(-1)], [51, 80]);
  });

  test("the same range is asked for once at a time, and a late answer overwrites no newer one", async () => {
    await opened(true);
    playhead.seek(20);
    const { fetch } = globalThis, answers = [];
    globalThis.fetch = async (address) => {
      await new Promise((answer) => answers.push(answer));
      return fetch(address);
    };
    const early = feed.finer([1], [[20, 30]]), again = feed.finer([1], [[20, 30]]), late = feed.finer([1], [[40, 50]]);
    await Promise.resolve();
    assert.equal(answers.length, 2);
    answers[1]();
    assert.equal((await late).document.runs[1].train.step[0], 40);
    answers[0]();
    await assert.rejects(early, /another range/);
    await assert.rejects(again, /another range/);
    assert.equal(feed.fine.get(1).first, 40);
  });

  test("the record of an ended race is fetched once for all pages of the tab, and why it is missing is told", async () => {
    const { runs } = await opened(true);
    const requests = asked.length;
    feed.close();
    feed = feedFor({ urls: URLS, recording: replay }, runs, { history: () => {}, message: () => {}, link: () => {} });
    await Promise.resolve();
    assert.equal(asked.length, requests);
    failing = 1;
    await opened(true);
    assert.deepEqual(replay.heard, ["the store cannot be read"]);
  });
});
