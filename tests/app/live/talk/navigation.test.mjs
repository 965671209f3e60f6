/** A talk by touch: what its buttons and a swipe do, and that neither is there for who follows. */
import test from "node:test";
import assert from "node:assert/strict";
import { Node, page } from "../dom.mjs";
import { Navigation } from "../../../../app/live/talk/touch/navigation.js";

page();
globalThis.innerWidth = 390;

function talk({ leads = true, leaves = true, at = 1 } = {}) {
  const host = new Node("section"), foot = new Node("div"), done = [];
  host.append(foot);
  const navigation = new Navigation(host, foot, (verb) => done.push(verb), leaves);
  navigation.draw(at, 3, leads);
  const touch = (name, timeStamp, points) => {
    const touches = points.map(([clientX, clientY]) => ({ clientX, clientY }));
    for (const handler of host.handlers[name]) handler({ touches: name === "touchend" ? [] : touches, changedTouches: touches, target: host, timeStamp });
  };
  const swipe = (from, to, ms = 200) => {
    touch("touchstart", 1000, [from]);
    touch("touchend", 1000 + ms, [to]);
    return done.splice(0);
  };
  return { navigation, done, touch, swipe, buttons: navigation.row.children };
}

test("each button does what its key does, and has a name", () => {
  const { buttons, done } = talk();
  for (const made of buttons) made.onclick();
  assert.deepEqual(done, ["previous", "next", "leave"]);
  assert.deepEqual(buttons.map((made) => made.getAttribute("aria-label")), ["Back: previous scene", "Next scene", "Leave the talk"]);
});

test("a file has no page to leave for", () => {
  assert.deepEqual(talk({ leaves: false }).buttons.map(({ textContent }) => textContent), ["‹ Back", "Next ›"]);
});

test("at its ends a talk goes no farther, and the focus stays", () => {
  const ends = (at) => talk({ at }).buttons.slice(0, 2).map((made) => made.getAttribute("aria-disabled"));
  assert.deepEqual([0, 1, 2].map(ends), [["true", "false"], ["false", "false"], ["false", "true"]]);
});

test("a swipe to the left is the next scene, one to the right the one before", () => {
  const { swipe } = talk();
  assert.deepEqual(swipe([300, 400], [120, 420]), ["next"]);
  assert.deepEqual(swipe([120, 400], [300, 380]), ["previous"]);
});

test("a tap, a scroll, a slow finger and the browser's own gestures move nothing", () => {
  const { swipe, touch, done } = talk();
  assert.deepEqual(swipe([200, 400], [205, 402]), []);
  assert.deepEqual(swipe([200, 600], [130, 300]), []);
  assert.deepEqual(swipe([300, 400], [120, 400], 1500), []);
  assert.deepEqual(swipe([5, 400], [200, 400]), []);
  assert.deepEqual(swipe([388, 400], [200, 400]), []);
  touch("touchstart", 1000, [[300, 400]]);
  touch("touchstart", 1050, [[300, 400], [100, 400]]);
  touch("touchend", 1200, [[100, 400]]);
  touch("touchstart", 2000, [[300, 400]]);
  touch("touchcancel", 2050, []);
  touch("touchend", 2100, [[100, 400]]);
  globalThis.visualViewport = { scale: 2 };
  assert.deepEqual(swipe([300, 400], [100, 400]), []);
  delete globalThis.visualViewport;
  assert.deepEqual(done, []);
});

test("who follows the presenter has no buttons and no swipe", () => {
  const { navigation, swipe } = talk({ leads: false });
  assert.equal(navigation.row.hidden, true);
  assert.deepEqual(swipe([300, 400], [100, 400]), []);
});
