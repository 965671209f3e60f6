/** The place of a replay and its speed, by a clock of the test's own. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Playhead, SPEEDS } from "../../../../../app/live/shared/replay/playhead.js";

const END = { seconds: 100, step: 1000 };
let now = 0, playhead;

describe("the place of a replay", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setInterval"] });
    mock.method(performance, "now", () => now);
    playhead = new Playhead();
  });

  afterEach(() => {
    mock.reset();
    mock.timers.reset();
  });

  /** Let seconds pass. */
  function pass(seconds) {
    for (let tick = 0; tick < Math.round(10 * seconds); tick += 1) {
      now += 100;
      mock.timers.tick(100);
    }
  }

  function heard() {
    const told = [];
    playhead.listen((sought) => told.push(sought));
    return told;
  }

  test("it plays at each speed, from the begin again after the end", () => {
    for (const speed of SPEEDS) {
      Object.assign(playhead, { speed, at: 0 });
      playhead.take(END);
      heard();
      playhead.play();
      pass(0.5);
      assert.ok(Math.abs(playhead.place - Math.min(100, speed / 2)) < 1e-6, `${speed} times`);
      playhead.pause();
    }
    playhead.seek(Infinity);
    assert.equal(playhead.atEnd, true);
    playhead.play();
    assert.deepEqual([playhead.place, playhead.playing], [0, true]);
    playhead.speed = 100;
    pass(2);
    assert.deepEqual([playhead.place, playhead.playing], [100, false], "it stops at the end");
  });

  test("a tick of the clock moves nothing that was set to stand", () => {
    playhead.take(END);
    heard();
    playhead.seek(0);
    playhead.play();
    playhead.playing = false; // another replay begins, standing
    pass(1);
    assert.equal(playhead.place, 0);
  });

  test("by step the whole takes as long, without a clock a minute", () => {
    playhead.take(END);
    playhead.count("step", 0);
    assert.equal(playhead.pace, 100, "ten times as fast as 10 steps in a second");
    playhead.take({ seconds: 0, step: 600 });
    assert.deepEqual([playhead.by, playhead.pace], ["step", 100]);
  });

  test("who listens hears of every place, and whether somebody chose it", () => {
    playhead.take(END);
    const told = heard();
    playhead.seek(5);
    playhead.play();
    pass(0.1);
    playhead.pause();
    assert.deepEqual(told, [true, true, false, false]);
  });

  test("it stays within the record, and stands still while no page listens or the page sleeps", () => {
    playhead.take(END);
    for (const [wanted, place] of [[-3, 0], [500, 100], [40, 40]]) {
      playhead.seek(wanted);
      assert.equal(playhead.place, place);
    }
    playhead.speed = 1;
    const off = playhead.listen(() => {});
    playhead.play();
    now += 60_000;
    mock.timers.tick(100);
    assert.ok(playhead.place < 42, "a minute of sleep is no minute of the replay");
    off();
    const { place } = playhead;
    pass(3);
    assert.equal(playhead.place, place);
  });

  test("a new recording that has grown keeps the place; who stood at the end stands there", () => {
    playhead.take(END);
    playhead.seek(50);
    playhead.take({ seconds: 200, step: 2000 });
    assert.equal(playhead.place, 50);
    playhead.seek(Infinity);
    playhead.take({ seconds: 300, step: 3000 });
    assert.equal(playhead.place, 300);
  });
});
