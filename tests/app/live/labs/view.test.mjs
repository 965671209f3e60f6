/** The view of a lab without a job: the recorded results come, also from a server that starts again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LabView } from "../../../../app/live/labs/view.js";
import { Node, page, tab } from "../dom.mjs";
import { trace } from "./curves.mjs";

const RECORDED = { card: { run: 0, state: "recorded", settings: {}, recorded: "2026-01-02" }, figures: {}, findings: [], traces: [trace("norm", "plain", [1], [2])] };
const DATA = { lab: "mapping", run: null, recorded: true, urls: { reference: "/live/lab/reference", plotly: "/plotly.js" }, panels: [], themes: {} };

/** Let what was promised become true. */
async function settled() {
  await new Promise(setImmediate);
}

/** A view without a job; answers: what the server says one after the other, then the last of them. Nothing is drawn. */
async function viewOf({ mock }, ...answers) {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const part = page();
  for (const name of ["slider", "measure"]) part(name).append(new Node("input"));
  tab();
  document.hidden = true;
  window.skipscopePlotly = Promise.resolve({});
  const host = Object.assign(new Node("div"), { querySelector: (selector) => part(selector.slice(".sl-".length)) });
  Object.assign(globalThis, { ResizeObserver: class { observe() {} disconnect() {} }, getComputedStyle: () => ({ getPropertyValue: () => "" }) });
  const fetched = mock.method(globalThis, "fetch", async () => (answers.length > 1 ? answers.shift() : answers[0])());
  const view = new LabView(host);
  view.update(DATA, () => {});
  await settled();
  const after = async (ms) => {
    mock.timers.tick(ms);
    await settled();
    return fetched.mock.callCount();
  };
  return { view, after };
}

const gone = () => { throw new TypeError("Failed to fetch"); };
const busy = () => ({ ok: false, status: 503 });
const ready = () => ({ ok: true, json: async () => structuredClone(RECORDED) });

test("recorded results are asked for every two seconds until they are there", async (context) => {
  const { view, after } = await viewOf(context, gone, busy, ready);
  assert.equal(view.card, null);
  assert.equal(await after(1_900), 1);
  assert.equal(await after(100), 2);
  assert.equal(view.card, null);
  assert.equal(await after(2_000), 3);
  assert.deepEqual([view.card.recorded, view.curves.size > 0], ["2026-01-02", true]);
  assert.equal(await after(60_000), 3, "they do not change");
  view.stop();
});

test("nobody asks for recorded results once there is a job or the page has gone", async (context) => {
  const { view, after } = await viewOf(context, busy);
  view.run = 7;
  assert.equal(await after(4_000), 1);
  view.stop();
});

test("a page that has gone asks no more", async (context) => {
  const { view, after } = await viewOf(context, busy);
  view.stop();
  assert.equal(await after(4_000), 1);
});
