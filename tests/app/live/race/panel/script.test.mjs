/** "Copy as PyTorch": which runs are offered, what reaches the clipboard, and what a refusal says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ScriptTool } from "../../../../../app/live/race/panel/script.js";
import { Node, page } from "../../dom.mjs";
import { range, run } from "../runs.mjs";

const at = range(1, 50);
const card = (id, seed = 0) => ({ ...run(id, "A-20", at, at), card: { ...run(id, "A-20", at, at).card, seed } });

/** The tool over elements without a page, a server that answers, and a clipboard that keeps what it gets. */
function tool(answer, protocol = "http:") {
  page();
  globalThis.location = { protocol };
  const parts = { script: new Node("div"), "script-run": new Node("select"), "copy-script": new Node("button"), "script-says": new Node("p") };
  const asked = [], kept = [];
  globalThis.fetch = async (address) => {
    asked.push(address);
    return { ok: answer.ok, text: async () => answer.text };
  };
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { clipboard: { writeText: async (text) => kept.push(text) } } });
  return { made: new ScriptTool((name) => parts[name], () => "/live/export"), parts, asked, kept };
}

test("every drawn run is offered by its arm and seed, and the chosen one stays", () => {
  const { made, parts } = tool({ ok: true, text: "" });
  made.draw([card(1), card(2, 1)]);
  const select = parts["script-run"];
  assert.deepEqual(select.children.map((option) => [option.attributes.value ?? option.value, option.textContent]), [["1", "A-20, seed 0"], ["2", "A-20, seed 1"]]);
  const [first] = select.children;
  made.draw([card(1), card(2, 1)]);
  assert.equal(select.children[0], first);
  select.value = "2";
  made.draw([card(1), card(2, 1), card(3, 2)]);
  assert.equal(select.value, "2");
  assert.equal(select.children.length, 3);
});

test("the script of the chosen run is copied", async () => {
  const { made, parts, asked, kept } = tool({ ok: true, text: "import torch\n" });
  made.draw([card(1), card(7)]);
  parts["script-run"].value = "7";
  await parts["copy-script"].onclick();
  assert.deepEqual(asked, ["/live/export?runs=7&format=pytorch"]);
  assert.deepEqual(kept, ["import torch\n"]);
  assert.equal(parts["copy-script"].textContent, "Copied");
  assert.ok(parts["script-says"].hidden);
  clearTimeout(made.saying);
});

test("a page that was saved as a file offers no script: it has no server", () => {
  assert.ok(tool({ ok: true, text: "" }, "file:").parts.script.hidden);
  assert.ok(!tool({ ok: true, text: "" }).parts.script.hidden);
});

test("a refusal is said in the server's line, and nothing is copied", async () => {
  const { made, parts, kept } = tool({ ok: false, text: "run 7 has no script: it is a fork" });
  made.draw([card(7)]);
  parts["script-run"].value = "7";
  await parts["copy-script"].onclick();
  assert.equal(parts["script-says"].textContent, "run 7 has no script: it is a fork");
  assert.ok(!parts["script-says"].hidden);
  assert.deepEqual(kept, []);
  assert.ok(!parts["copy-script"].disabled);
});
