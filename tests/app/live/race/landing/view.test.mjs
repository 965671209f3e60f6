/** The replay of the first visit and the picture that it lies over: the page may bring the picture after it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LandingView } from "../../../../../app/live/race/landing/view.js";
import { Node, page, tab } from "../../dom.mjs";

const BOX = { left: 10, top: 20, width: 900, height: 500 };
const settled = () => new Promise(setImmediate);

/** A view in a frame; pictured(): the page brings its picture. */
function viewOf({ early = false } = {}) {
  const part = page(), observers = new Set();
  tab();
  Object.assign(globalThis, {
    ResizeObserver: class { observe() {} disconnect() {} }, getComputedStyle: () => ({ getPropertyValue: () => "" }), matchMedia: () => ({ matches: false }),
    MutationObserver: class {
      constructor(changed) { this.changed = changed; }
      observe() { observers.add(this); }
      disconnect() { observers.delete(this); }
    },
  });
  const frame = new Node("div"), decoded = [];
  frame.className = "st-key-first_picture";
  const picture = Object.assign(new Node("img"), { getBoundingClientRect: () => BOX, decode: async () => decoded.push("picture") });
  const host = Object.assign(new Node("section"), { querySelector: (selector) => part(selector.slice(".sg-".length)), getBoundingClientRect: () => ({ left: 0, top: 0 }) });
  frame.append(...(early ? [picture, host] : [host]));
  const view = new LandingView(host);
  view.update({ themes: {} }, () => {});
  const pictured = async () => {
    frame.append(picture);
    for (const { changed } of observers) changed();
    await settled();
  };
  return { view, part, decoded, observers, pictured, host };
}

test("it waits for a picture that comes after it, and there is nothing to press before", async () => {
  const { view, part, decoded, observers, pictured, host } = viewOf();
  await settled();
  assert.deepEqual([part("open").hidden, decoded, observers.size], [true, [], 1]);
  await pictured();
  assert.deepEqual([part("open").hidden, decoded, observers.size], [false, ["picture"], 0]);
  assert.deepEqual([view.size, host.style.left, host.style.width], [{ width: 900, height: 500 }, "10px", "900px"]);
  view.stop();
});

test("a picture that is there already is taken at once; without one nobody watches after the end", async () => {
  const there = viewOf({ early: true });
  await settled();
  assert.deepEqual([there.decoded, there.observers.size], [["picture"], 0]);
  there.view.stop();
  const { view, observers, decoded } = viewOf();
  view.stop();
  await settled();
  assert.deepEqual([observers.size, decoded], [0, []]);
});
