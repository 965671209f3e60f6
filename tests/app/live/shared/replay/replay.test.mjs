/** Replay or live: what the address says, the way there and back, another race. */
import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { Replay, playhead } from "../../../../../app/live/shared/replay/replay.js";
import { Recording, dropRecordings, fetchRecording, keepRecording } from "../../../../../app/live/shared/replay/recording.js";
import { page, tab } from "../../dom.mjs";
import { record } from "./record.mjs";

let part, turned, kept, race = 0;

describe("replay or live", () => {
  beforeEach(() => {
    race += 10; // the document remembers whose replay it was
    kept = new Map();
    globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
    Object.assign(playhead, { at: null, by: "seconds", speed: 10, playing: false, end: { seconds: 0, step: 0 } });
    playhead.ears.clear();
    turned = 0;
  });

  /** A replay on a page with this address. */
  function opened(search, of = race, runs = []) {
    part = page();
    globalThis.document.documentElement = { classList: { toggle() {}, remove() {} } };
    tab(search);
    const made = new Replay(part("player"), part("replay"), () => (turned += 1));
    made.of(of, runs);
    return made;
  }

  function loaded(made, changed = {}) {
    made.loaded(new Recording({ ...record(), ...changed }));
    clearInterval(playhead.ticking);
    return made;
  }

  const address = (made) => Object.fromEntries(["replay", "at", "speed", "by"].map((key) => [key, made.address.get(key)]).filter(([, value]) => value !== null));

  test("an address that asks for a replay plays from the begin at once, with a place it waits there", () => {
    const first = loaded(opened("?race=3&replay=1"));
    assert.deepEqual([first.on, playhead.playing, playhead.place], [true, true, 0]);
    first.stop();
    race += 1;
    const second = loaded(opened("?replay=1&at=7.5&speed=50&by=step"));
    assert.deepEqual([second.on, playhead.playing, playhead.place, playhead.speed, playhead.by], [true, false, 7.5, 50, "step"]);
    race += 1;
    loaded(opened("?replay=1&at=x&speed=3&by=years"));
    assert.deepEqual([playhead.playing, playhead.speed, playhead.by], [true, 10, "seconds"], "an address may carry anything");
  });

  test("without it the race is live, and a race of no number has no replay", () => {
    const made = opened("?race=3");
    made.draw(false, true);
    assert.deepEqual([made.on, part("player").hidden, part("replay").hidden], [false, true, false]);
    made.draw(false, false);
    assert.equal(part("replay").hidden, true, "nothing is on record yet");
    assert.equal(opened("?replay=1", 0).on, false);
  });

  test("a selection of runs, which is no race, has a replay of its own", () => {
    const made = opened("?runs=3,5", 0, [3, 5]);
    assert.equal(made.on, false);
    made.draw(false, true);
    assert.equal(part("replay").hidden, false);
    made.enter();
    loaded(made);
    assert.deepEqual([made.on, playhead.playing, playhead.place], [true, true, 0]);
    made.of(0, [3, 5]);
    assert.equal(made.on, true);
    made.of(0, [3]);
    assert.deepEqual([made.on, playhead.playing], [false, false], "another selection is shown live");
    made.stop();
    const linked = loaded(opened("?runs=3,5&replay=1&at=2", 0, [3, 5]));
    assert.deepEqual([linked.on, playhead.playing, playhead.place], [true, false, 2], "a link plays it");
    linked.stop();
  });

  test("an ended race plays from its begin; who comes back goes on from where they left", () => {
    const made = opened("");
    made.draw(false, true);
    made.enter();
    loaded(made);
    assert.deepEqual([made.on, turned, playhead.playing, playhead.place], [true, 1, true, 0]);
    playhead.seek(8);
    assert.equal(address(made).at, "8");
    made.leave();
    assert.deepEqual([made.on, turned, playhead.playing, address(made)], [false, 2, false, {}]);
    made.enter();
    assert.deepEqual([playhead.place, playhead.playing], [8, true]);
  });

  test("a race that trains is left at its present step, standing", () => {
    const made = opened("");
    made.draw(true, true);
    made.enter();
    loaded(made, { cards: record().cards.map((card) => ({ ...card, state: "running" })) });
    assert.deepEqual([playhead.playing, playhead.place, made.live], [false, 20, true]);
    assert.equal(part("player").children.at(-2).textContent, "Back to live");
    loaded(made);
    assert.equal(part("player").children.at(-2).textContent, "Leave the replay");
  });

  test("speed is remembered, the measure keeps the moment, and both stand in the address", () => {
    const made = opened("");
    made.enter();
    loaded(made);
    playhead.pause();
    playhead.seek(4);
    made.player.by.value = "step";
    made.player.by.onchange();
    assert.deepEqual([playhead.by, playhead.place, address(made).by, address(made).at], ["step", 40, "step", "40"]);
    made.player.speed.value = "100";
    made.player.speed.onchange();
    assert.deepEqual([playhead.speed, address(made).speed, kept.get("skipscope-replay-speed")], [100, "100", "100"]);
    made.stop();
    race += 1;
    loaded(opened("?replay=1"));
    assert.equal(playhead.speed, 100);
  });

  test("the bar goes by its keys, and Space plays", () => {
    const made = opened("?replay=1&at=10");
    loaded(made);
    const press = (key) => made.player.bar.onkeydown({ key, preventDefault() {}, stopPropagation() {} });
    const places = ["ArrowRight", "PageUp", "ArrowLeft", "PageDown", "End", "Home"].map((key) => {
      press(key);
      return Number(playhead.place.toFixed(3));
    });
    assert.deepEqual(places, [10.2, 12.2, 12, 10, 20, 0]);
    press(" ");
    assert.equal(playhead.playing, true);
    press(" ");
    assert.equal(playhead.playing, false);
    press("a");
  });

  test("another race is shown live", () => {
    const made = opened("?replay=1&at=4");
    loaded(made);
    made.of(race + 1);
    assert.deepEqual([made.on, address(made)], [false, {}]);
  });

  test("the place stands still when another race is chosen, and its end is not that of the race before", () => {
    const made = opened("?replay=1");
    loaded(made);
    assert.equal(playhead.playing, true);
    made.of(race + 1);
    assert.equal(playhead.playing, false);
    made.draw(true, true);
    made.enter();
    assert.deepEqual([playhead.length, playhead.at, playhead.playing], [0, null, false]);
    loaded(made, { cards: record().cards.map((card) => ({ ...card, state: "running", seconds: 200 })) });
    assert.equal(playhead.place, 200, "a race that trains stands where it is");
  });

  test("a race that went on after it was played is fetched again", async () => {
    let asked = 0;
    globalThis.fetch = async () => {
      asked += 1;
      return { ok: true, json: async () => record() };
    };
    const fetched = async () => keepRecording("live/recording", [1, 2, 3], await fetchRecording("live/recording", [1, 2, 3]));
    await fetched();
    await fetched();
    assert.equal(asked, 1, "another page of the tab has it at once");
    dropRecordings([7]);
    await fetched();
    assert.equal(asked, 1, "news of other runs");
    dropRecordings([2]);
    await fetched();
    assert.equal(asked, 2, "news of one of its runs");
    opened("").enter();
    await fetched();
    assert.equal(asked, 3, "it was live before");
  });

  test("a page with another use for the place keeps it in the address while nothing is played", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const made = opened("?race=3&at=40");
    const written = () => {
      made.keep();
      mock.timers.tick(500);
      return globalThis.location.search;
    };
    made.lend(true);
    assert.equal(written(), "?race=3&at=40");
    made.lend(false);
    made.address.put("at", null);
    assert.equal(written(), "?race=3");
    mock.timers.reset();
  });

  test("a race that the script opens with an address that plays it is played, also a second time", () => {
    const made = opened("");
    Object.assign(globalThis.location, { search: `?race=${race + 1}&replay=1` });
    made.of(race + 1);
    loaded(made);
    assert.deepEqual([made.on, playhead.playing, playhead.place], [true, true, 0]);
    playhead.seek(Infinity);
    playhead.pause();
    made.leave();
    made.stop();
    loaded(opened(`?race=${race + 1}&replay=1`, race + 1));
    assert.deepEqual([playhead.playing, playhead.place], [true, 0]);
  });

  test("another page of the tab goes on from the place", () => {
    const made = loaded(opened("?replay=1&at=7"));
    const remembered = ["skipscope-replay", "skipscope-replay race"].map((name) => [name, globalThis.sessionStorage.getItem(name)]);
    made.stop();
    part = page();
    globalThis.document.documentElement = { classList: { toggle() {}, remove() {} } };
    const memory = tab("");
    for (const [name, value] of remembered) memory.set(name, value);
    const other = new Replay(part("player"), part("replay"), () => {});
    other.of(race);
    assert.deepEqual([other.on, playhead.place], [true, 7]);
    other.stop();
  });

  test("why there is nothing to play stands in the player", () => {
    const made = opened("?replay=1");
    made.failed("there is no run 3");
    assert.equal(made.player.says.textContent, "The recording could not be loaded: there is no run 3");
    loaded(made);
    assert.equal(made.player.says.hidden, true);
  });
});
