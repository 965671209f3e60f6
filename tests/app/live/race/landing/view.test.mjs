/** The replay of the first visit and the picture that it lies over: the page may bring the picture after it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LandingView } from "../../../../../app/live/race/landing/view.js";
import { Node, page, tab } from "../../dom.mjs";

const BOX = { left: 10, top: 20, width: 900, height: 500 };
/** The picture's place on a phone. */
const TALL = { ...BOX, width: 358, height: 608 };
const MODULES = new URL("../../../../../app/live/", import.meta.url).href;
const settled = () => new Promise(setImmediate);

/** A view in a frame; pictured(): the page brings its picture. */
function viewOf({ early = false, box = BOX, still = false, fetched } = {}) {
  const part = page(), observers = new Set();
  tab();
  Object.assign(globalThis, {
    ResizeObserver: class { observe() {} disconnect() {} }, getComputedStyle: () => ({ getPropertyValue: () => "" }), matchMedia: () => ({ matches: still }), fetch: fetched,
    MutationObserver: class {
      constructor(changed) { this.changed = changed; }
      observe() { observers.add(this); }
      disconnect() { observers.delete(this); }
    },
  });
  const frame = new Node("div"), decoded = [];
  frame.className = "st-key-first_picture";
  const picture = Object.assign(new Node("img"), { getBoundingClientRect: () => box, decode: async () => decoded.push("picture") });
  const host = Object.assign(new Node("section"), { querySelector: (selector) => part(selector.slice(".sg-".length)), getBoundingClientRect: () => ({ left: 0, top: 0 }) });
  host.className = "sg-landing sg-tall";
  frame.append(...(early ? [picture, host] : [host]));
  const view = new LandingView(host);
  view.update({ themes: {}, modules: MODULES, urls: { curves: "curves.json" } }, () => {});
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

test("where no chart comes the place is as low as the picture, whatever keeps the chart away", async () => {
  const lowered = async (more) => {
    const { view, host } = viewOf({ early: true, ...more });
    await view.begun;
    view.stop();
    return !host.classList.contains("sg-tall") && host.classList.contains("sg-landing");
  };
  const broken = async () => {
    throw new TypeError("no network");
  };
  assert.ok(await lowered({ box: TALL, fetched: async () => ({ ok: false }) }), "the server has no curves");
  assert.ok(await lowered({ box: TALL, fetched: broken }), "the network is gone");
  assert.ok(await lowered({ box: TALL, fetched: async () => ({ ok: true, json: broken }) }), "half of the curves came");
  assert.ok(await lowered({ still: true }), "nothing plays, and the phone may be turned upright");
});
