/** What is looked at, in the address and in the tab's memory: which of them counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UrlState, rememberRace, rememberedRace } from "../../../../../app/live/shared/address/url_state.js";
import { tab } from "../../dom.mjs";

const KEYS = ["layout", "zoom"];
let name = 0;

function state(memory) {
  const made = new UrlState(KEYS, memory, () => {});
  clearTimeout(made.writing);
  return made;
}

test("parameters of the address count, and then the memory does not", () => {
  const memory = `memory ${(name += 1)}`, kept = tab("?layout=gap&other=1");
  kept.set(memory, "zoom=1_2");
  const first = state(memory);
  assert.deepEqual([first.get("layout"), first.get("zoom"), first.get("other")], ["gap", null, null]);
  assert.equal(kept.get(memory), "layout=gap", "and it is what is remembered");
});

test("the page that the tab was opened with has what its address says, nothing; a later one what is remembered", () => {
  const memory = `memory ${(name += 1)}`, kept = tab();
  kept.set(memory, "layout=gap&strange=1");
  assert.equal(state(memory).get("layout"), null);
  kept.set(memory, "layout=gap&strange=1");
  const later = state(memory);
  assert.deepEqual([later.get("layout"), later.get("strange")], ["gap", null]);
});

test("the address gets what differs, keeps what is others', and is written once for several changes", async () => {
  tab("?race=3&layout=gap");
  let written = 0;
  const { replaceState } = globalThis.history;
  globalThis.history.replaceState = (...all) => {
    written += 1;
    replaceState(...all);
  };
  const made = new UrlState(KEYS, `memory ${(name += 1)}`, () => {});
  made.put("layout", null);
  made.put("zoom", "1_2");
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual([globalThis.location.search, written], ["?race=3&zoom=1_2", 1]);
  made.stop();
});

test("a parameter that is lent to somebody else stays as it is in the address", async () => {
  tab("?layout=gap&zoom=7");
  const made = new UrlState(KEYS, `memory ${(name += 1)}`, () => {});
  made.put("zoom", null);
  made.lend("zoom", true);
  made.put("layout", "side");
  await new Promise((resolve) => setTimeout(resolve, 450));
  assert.equal(globalThis.location.search, "?zoom=7&layout=side");
  made.lend("zoom", false);
  made.keep();
  await new Promise((resolve) => setTimeout(resolve, 450));
  assert.equal(globalThis.location.search, "?layout=side");
  made.stop();
});

test("a tab remembers whose page it showed, and a browser that keeps nothing goes on", () => {
  tab();
  assert.equal(rememberedRace("key"), null);
  rememberRace("key", 12);
  assert.equal(rememberedRace("key"), 12);
  globalThis.sessionStorage = { getItem: () => { throw new Error("refused"); }, setItem: () => { throw new Error("refused"); } };
  rememberRace("key", 13);
  assert.equal(rememberedRace("key"), null);
});
