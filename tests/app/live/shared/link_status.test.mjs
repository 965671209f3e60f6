/** The chip that says whether the page is live. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawChip, shownLink } from "../../../../app/live/shared/link_status.js";
import { Node } from "../dom.mjs";

test("the chip tells of the runs, and of the link where that matters", () => {
  const chip = (states, link) => {
    const node = new Node("span");
    drawChip(node, states.map((state) => ({ card: { state } })), link);
    return [node.hidden, node.textContent, node.dataset.kind];
  };
  assert.deepEqual(chip(["running"], "live"), [false, "LIVE", "live"]);
  assert.deepEqual(chip(["running"], "waiting"), [false, "RECONNECTING", "live"]);
  assert.deepEqual(chip(["running"], "opening"), [false, "CONNECTING", "live"], "nothing is lost that was never there");
  assert.deepEqual(chip(["running"], "gone"), [false, "OFFLINE", "offline"]);
  assert.deepEqual(chip(["finished"], "waiting"), [false, "ENDED", "ended"], "nothing is awaited any more");
  assert.deepEqual(chip(["paused"], "gone"), [false, "PAUSED", "offline"]);
  const lost = { card: { state: "lost", outdated: true } }, node = new Node("span");
  drawChip(node, [lost, { card: { state: "finished" } }], "live");
  assert.deepEqual([node.textContent, node.dataset.kind], ["NO ENGINE", "offline"], "the next engine resumes them");
  drawChip(node, [{ card: { state: "lost" } }], "live");
  assert.equal(node.textContent, "ENDED");
  for (const states of [["running"], ["finished"], ["paused"]]) assert.deepEqual(chip(states, "replay"), [false, "REPLAY", "replay"]);
  assert.equal(chip([], "live")[0], true);
  assert.equal(chip([], "gone")[0], false);
});

test("a replay is one from the press of its button until the live history is there, unless the server is gone then", () => {
  const on = [[true, true, "replay"], [true, true, "gone"], [false, true, "live"], [false, true, "gone"]];
  for (const [recorded, replays, link] of on) assert.equal(shownLink(recorded, replays, link), "replay");
  assert.equal(shownLink(true, false, "replay"), "replay");
  assert.equal(shownLink(true, false, "gone"), "gone");
  for (const link of ["live", "waiting", "gone"]) assert.equal(shownLink(false, false, link), link);
});
