/** What the page of instant races offers and promises: nothing that it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { InstantView, emptyText } from "../../../../../app/live/race/instant/view.js";
import { Node, page, tab } from "../../dom.mjs";

const CHOICE = { depth: 32, shortcut: "A", strength: 1, lr: 0.1, seed: 0 };
const SETTINGS = [{ key: "depth", label: "Deep nets", values: [{ value: 14, label: "14" }, { value: 32, label: "32" }] }];

/** A view with a page's data, drawn once; busy: races that train; sent: what it sends. */
async function drawn(data, busy = []) {
  const part = page(), sent = [], later = [];
  tab();
  Object.assign(globalThis, {
    ResizeObserver: class { observe() {} disconnect() {} }, IntersectionObserver: class { observe() {} disconnect() {} },
    MutationObserver: class { observe() {} disconnect() {} }, matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {} }),
    getComputedStyle: () => ({ getPropertyValue: () => "", color: "", backgroundColor: "" }), EventSource: class { addEventListener() {} close() {} },
    requestAnimationFrame: (call) => later.push(call),
  });
  const host = Object.assign(new Node("section"), { querySelector: (selector) => part(selector.slice(".si-".length)), closest: () => null });
  const view = new InstantView(host);
  view.update({ settings: SETTINGS, usual: CHOICE, dialled: "A", notice: { line: "", at: 0 }, themes: {}, urls: { ring: "ring" }, mayCommand: true, obstacle: "", ...data }, (...told) => sent.push(told));
  view.busy = busy;
  await new Promise((done) => setTimeout(done, 20));
  for (const call of later) await call();
  view.stop();
  return { part, sent, input: view.controls.rows.get("depth").input };
}

test("where nothing can be trained the button and the sliders are grey, and a press sends nothing", async () => {
  for (const obstacle of ["", "torch is not installed"]) {
    const { part, sent, input } = await drawn({ obstacle });
    assert.deepEqual([part("train").hidden, part("train").disabled, input.disabled], [false, Boolean(obstacle), Boolean(obstacle)]);
    assert.equal(part("train").title, obstacle);
    part("train").onclick();
    assert.equal(sent.length, obstacle ? 0 : 1);
  }
});

test("an installation that only views promises no training, and says why", () => {
  assert.match(emptyText(true, ""), /move a slider/);
  assert.match(emptyText(false, ""), /presenter moves a slider/);
  for (const may of [true, false]) {
    const said = emptyText(may, "torch is not installed");
    assert.match(said, /nothing can be: torch is not installed\.$/);
    assert.doesNotMatch(said, /slider|appear/);
  }
});

test("who waits for another race is told whose settings wait", async () => {
  for (const [mayCommand, whose] of [[true, "What you set here"], [false, "What the presenter sets here"]]) {
    const { part } = await drawn({ mayCommand }, [3]);
    assert.equal(part("notice").textContent, `Race 3 trains or waits for its turn, and has precedence. ${whose} trains when that has ended.`);
  }
});
