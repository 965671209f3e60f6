/** What outlives a reload of a talk: its clock, what the room said; and the words below a race that was started live. */
import test from "node:test";
import assert from "node:assert/strict";
import { page, tab } from "../dom.mjs";
import { Kept } from "../../../../app/live/talk/kept.js";
import { NotesWindow } from "../../../../app/live/talk/notes.js";
import { liveChip, liveWords } from "../../../../app/live/talk/live_race.js";

const MINUTE = 60_000;
const scenes = [{ minutes: 1 }, { minutes: 1 }, { minutes: 1 }];

/** A talk's notes as a page has them that was loaded at this time. */
function loaded(t, name = "talk") {
  t.mock.timers.setTime(t.now);
  return new NotesWindow(() => {}, new Kept(name));
}

function begun(t) {
  page();
  tab();
  globalThis.addEventListener = () => {};
  t.mock.timers.enable({ apis: ["Date"] });
  t.now = 10 * MINUTE;
  const notes = loaded(t);
  notes.goOn();
  return notes;
}

test("the clock goes on when the stage is left and entered again", (t) => {
  const notes = begun(t), began = notes.began;
  t.mock.timers.setTime(t.now + 3 * MINUTE);
  notes.goOn();
  assert.equal(notes.began, began);
  notes.begin();
  assert.equal(notes.began, t.now + 3 * MINUTE, "the key Home alone begins anew");
});

test("a reload has the clock of the talk and of its scene, another talk has its own", (t) => {
  const notes = begun(t);
  t.mock.timers.setTime(t.now + MINUTE);
  notes.show(scenes, 2);
  const { began, turned } = notes;
  t.now += 2 * MINUTE;
  const again = loaded(t);
  again.show(scenes, 2);
  again.goOn();
  assert.deepEqual([again.began, again.turned], [began, turned]);
  assert.equal(loaded(t, "other").began, null);
});

test("what was entered for the room outlives a reload, and a tab that keeps nothing works", () => {
  tab();
  new Kept("talk").put({ said: { q: 2 } });
  assert.deepEqual(new Kept("talk").values.said, { q: 2 });
  sessionStorage.setItem("skipscope-talk talk", "{");
  assert.deepEqual(new Kept("talk").values, {});
  globalThis.sessionStorage = { getItem: () => { throw new Error("none"); }, setItem: () => { throw new Error("none"); } };
  const kept = new Kept("talk");
  kept.put({ began: 5 });
  assert.equal(kept.values.began, 5);
});

test("LIVE is said of a race that trains, and of no other", () => {
  assert.deepEqual([null, "live", "paused", "ended"].map(liveChip), ["", "LIVE", "RECORDED", "RECORDED"]);
});

test("the line below a live race names it, and says what it is now", () => {
  const live = { scene: 12, race: 5, title: "Race 5: quick", seeds: 1, runs: [] }, now = 100 * MINUTE;
  assert.equal(liveWords(live, null, undefined, now), "Race 5: quick, one seed");
  assert.equal(liveWords(live, "live", undefined, now), "Race 5: quick, one seed: trains on this machine now");
  assert.equal(liveWords({ ...live, seeds: 2 }, "ended", now - MINUTE, now), "Race 5: quick, 2 seeds: recorded just now, it trains no more");
  for (const ended of [undefined, now - 61 * MINUTE]) assert.match(liveWords(live, "ended", ended, now), /: recorded here, it trains no more$/);
});
