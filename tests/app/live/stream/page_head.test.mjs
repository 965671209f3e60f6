import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";

const SOURCE = readFileSync(new URL("../../../../app/live/stream/page_head.js", import.meta.url), "utf8");

/** A window at an address, with the entries of its history and a function that sends an event. */
function opened(href, kept = {}, more = {}) {
  const entries = [href], listeners = {}, system = Object.assign(new EventTarget(), { matches: false });
  const localStorage = { getItem: (key) => kept[key] ?? null };
  const window = { URL, EventTarget, Event, localStorage, matchMedia: () => system, location: { href, get pathname() { return new URL(this.href).pathname; } } };
  const go = (url) => (window.location.href = new URL(url, window.location.href).href);
  window.history = {
    pushState: (_state, _unused, url) => entries.push(go(url)),
    replaceState: (_state, _unused, url) => entries.splice(-1, 1, go(url)),
  };
  Object.assign(window, more, { window, addEventListener: (kind, call) => (listeners[kind] ??= []).push(call) });
  runInContext(SOURCE, createContext(window));
  return { window, entries, system, send: (kind, event = {}) => listeners[kind].forEach((call) => call(event)) };
}

test("Streamlit is told where its server is, below a proxy's folder too", () => {
  assert.equal(opened("http://h/runs?race=1").window["__streamlit"].BACKEND_BASE_URL, "http://h/");
  assert.equal(opened("http://h/lab/layers").window["__streamlit"].BACKEND_BASE_URL, "http://h/lab/");
});

test("what the script writes by itself is no step of the visitor's way", () => {
  const { window, entries, send } = opened("http://h/why-3");
  send("pointerdown");
  window.history.pushState({}, "", "/layers");
  window.history.pushState({}, "", "/layers?race=1");
  assert.deepEqual(entries, ["http://h/why-3", "http://h/layers?race=1"]);
  send("keydown");
  window.history.pushState({}, "", "?race=2");
  assert.equal(entries.length, 3);
  send("popstate");
  window.history.pushState({}, "", "?race=3");
  assert.equal(entries.length, 3);
});

test("a page that writes the address before its path is shown is one step", () => {
  const { window, entries, send } = opened("http://h/why-3");
  send("keydown");
  window.history.pushState({}, "", "?race=1");
  window.history.pushState({}, "", "/?race=1");
  assert.deepEqual(entries, ["http://h/why-3", "http://h/?race=1"]);
});

test("Streamlit hears of the chosen colours as if they were the system's", () => {
  const dark = "(prefers-color-scheme: dark)";
  const { window, system } = opened("http://h/"), heard = [];
  const asked = window.matchMedia(dark);
  asked.addEventListener("change", ({ matches }) => heard.push(matches));
  assert.equal(asked.matches, false);
  system.matches = true;
  system.dispatchEvent(new Event("change"));
  assert.deepEqual(heard, [true]);
  assert.equal(opened("http://h/", { "skipscope-colors": "dark" }).window.matchMedia(dark).matches, true);
  assert.equal(window.matchMedia("(hover: none)"), system);
});

test("Escape takes the meaning of a term away until pointer and focus have left it", () => {
  const term = { dataset: {}, near: true, matches: () => term.near, closest: () => ("told" in term.dataset ? term : null) };
  const { send } = opened("http://h/why", {}, { document: { querySelectorAll: () => [term] }, setTimeout: (call) => call() });
  send("keydown", { key: "a" });
  assert.deepEqual(term.dataset, {});
  send("keydown", { key: "Escape" });
  assert.deepEqual(term.dataset, { told: "" });
  send("pointerout", { target: term });
  assert.deepEqual(term.dataset, { told: "" }, "it still has the focus");
  term.near = false;
  send("focusout", { target: term });
  assert.deepEqual(term.dataset, {});
});

test("on a phone the side bar closes for the page that was chosen in it, on a wide screen it stays", () => {
  const press = (innerWidth, leadsOn) => {
    let closed = 0;
    const document = { querySelector: (selector) => (selector.includes("stSidebarCollapseButton") ? { click: () => (closed += 1) } : null) };
    const { send } = opened("http://h/", {}, { innerWidth, document, setTimeout: (call) => call() });
    send("click", { target: { closest: (selector) => (selector.includes("NavLink") && leadsOn ? {} : null) } });
    return closed;
  };
  assert.deepEqual([press(390, true), press(390, false), press(1280, true)], [1, 0, 0]);
});
