/** The keys of the stages, and what of them is offered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEYS as LABS } from "../../../../../app/live/labs/presentation.js";
import { KEYS as PROBES } from "../../../../../app/live/layers/presentation.js";
import { KEYS as RACE } from "../../../../../app/live/race/presentation/keys.js";
import { KEYS as TALK } from "../../../../../app/live/talk/keys.js";
import { COMMON, KeyHelp, meaning } from "../../../../../app/live/shared/presentation/keys.js";
import { Node, page } from "../../dom.mjs";

test("a key means one thing, and nothing together with Control, Command or Alt", () => {
  const rows = [...RACE, ...COMMON];
  const verbs = { S: "start", Escape: "leave", 7: "guess", c: "clean", m: "mark", x: undefined };
  for (const [key, verb] of Object.entries(verbs)) assert.equal(meaning({ key }, rows)?.verb, verb, key);
  for (const held of ["ctrlKey", "metaKey", "altKey"]) assert.equal(meaning({ key: "s", [held]: true }, rows), undefined);
  for (const own of [RACE, PROBES, LABS, TALK]) {
    const all = [...own, ...COMMON].flatMap(({ keys }) => keys);
    assert.equal(new Set(all).size, all.length);
  }
});

test("the panel offers the rows as buttons, the line their short names", () => {
  page();
  const pressed = [];
  const help = new KeyHelp(new Node("div"), (verb) => pressed.push(verb));
  help.draw([...RACE, ...COMMON]);
  assert.match(help.words.textContent, /^S start {2}· {2}Space pause {2}· /);
  const row = (key) => help.panel.children.find((one) => one.textContent.startsWith(key));
  row("M").onclick();
  assert.deepEqual(pressed, ["mark"]);
  assert.equal(row("1 to 9").tagName, "DIV", "the choices have buttons of their own");
  help.draw(COMMON);
  assert.equal(help.panel.children.length, COMMON.length);
  assert.equal(help.open, false);
  help.open = true;
  assert.equal(help.all.getAttribute("aria-expanded"), "true");
  help.stop();
});
