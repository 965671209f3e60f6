/** The set-up in the side bar: opened and closed by the button that has a use, whatever stands in the document. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SideBar } from "../../../../../app/live/race/panel/side_bar.js";

/** Streamlit's side bar with both of its buttons in the document, as on a wide screen. */
function wide(collapsed) {
  const pressed = [], kept = { "stSidebarCollapsed-race": "true", other: "1" };
  const heard = {};
  const parts = {
    "[data-testid=stSidebar]": { getAttribute: () => String(collapsed) },
    "[data-testid=stExpandSidebarButton]": { click: () => (pressed.push("open"), (collapsed = false)) },
    "[data-testid=stSidebarCollapseButton] button": { click: () => (pressed.push("close"), (collapsed = true)) },
    "[data-testid=stSidebarUserContent] :is(input, button):not([aria-label^='Help'])": { focus: () => pressed.push("focus") },
  };
  globalThis.document = { querySelector: (selector) => parts[selector] ?? null, addEventListener: (name, handler) => (heard[name] = handler) };
  globalThis.localStorage = Object.defineProperty(kept, "removeItem", { value: (key) => delete kept[key] });
  return { bar: new SideBar(), pressed, kept, newRace: () => heard.click({ target: { closest: () => true } }) };
}

test("it is closed where it is open, and opened where it is closed", () => {
  const { bar, pressed, kept } = wide(false);
  for (const act of ["close", "close", "open", "open"]) bar[act]();
  assert.deepEqual(pressed, ["close", "open"]);
  assert.deepEqual(Object.keys(kept), ["other"]);
});

test("the button of a new race does the other of both, and goes to the first control", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { newRace, pressed } = wide(true);
  newRace();
  mock.timers.tick(400);
  newRace();
  mock.timers.tick(400);
  assert.deepEqual(pressed, ["open", "focus", "close"]);
});

test("what was filled elsewhere is shown once", () => {
  const kept = new Map();
  globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)), removeItem: (key) => kept.delete(key) };
  const { bar, pressed } = wide(true);
  for (const times of [0, 1, 1]) bar.filled(times);
  bar.close();
  bar.filled(1);
  assert.deepEqual(pressed, ["open", "close"]);
  bar.filled(0); // a new session of the page
  bar.filled(1);
  assert.deepEqual(pressed, ["open", "close", "open"]);
});

test("what was filled waits for a side bar that comes late, and is seen only then", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const kept = new Map(), watched = new Set();
  globalThis.sessionStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)), removeItem: (key) => kept.delete(key) };
  globalThis.MutationObserver = class {
    constructor(changed) { this.changed = changed; }
    observe() { watched.add(this); }
    disconnect() { watched.delete(this); }
  };
  const { bar, pressed } = wide(true);
  const there = document.querySelector;
  const comes = (is) => { document.querySelector = is ? there : () => null; watched.forEach((each) => each.changed()); };
  comes(false);
  bar.filled(1);
  assert.deepEqual([kept.size, watched.size], [0, 1]);
  comes(true);
  assert.deepEqual([pressed, kept.size, watched.size], [["open"], 1, 0]);
  bar.close();
  comes(false);
  bar.filled(2);
  bar.close(); // a race begins: the last wish counts
  comes(true);
  bar.filled(2);
  assert.deepEqual(pressed, ["open", "close"]);
  bar.filled(3);
  assert.deepEqual(pressed, ["open", "close", "open"]);
  comes(false);
  bar.filled(4);
  bar.stop();
  assert.equal(watched.size, 0);
  bar.filled(5);
  mock.timers.tick(60_001);
  assert.equal(watched.size, 0, "it waits for no side bar that never comes");
});
