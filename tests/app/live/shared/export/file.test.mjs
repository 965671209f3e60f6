/** Files that the server makes: their name, their progress, and what is thrown for a file that does not come whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, saveFrom } from "../../../../../app/live/shared/export/file.js";

const HEADERS = { "content-length": "4", "content-disposition": 'attachment; filename="skipscope-runs-1.csv"' };

/** Answer the next request with these parts; what is saved comes back as { name, text }. */
function served(parts, { headers = HEADERS, status = 200 } = {}) {
  const saved = {};
  const body = new ReadableStream({ start: (stream) => { parts.forEach((part) => stream.enqueue(new TextEncoder().encode(part))); stream.close(); } });
  globalThis.fetch = async () => new Response(body, { headers, status });
  globalThis.document = { createElement: () => ({ click() { saved.name = this.download; }, remove() {} }), body: { append() {} } };
  URL.createObjectURL = (blob) => { saved.blob = blob; return "blob:1"; };
  URL.revokeObjectURL = () => {};
  return saved;
}

test("a file is saved under the server's name, and says how much of it has come", async () => {
  const saved = served(["a", "bcd"]), shares = [];
  await saveFrom("live/export", (share) => shares.push(share));
  assert.deepEqual([saved.name, await saved.blob.text(), shares], ["skipscope-runs-1.csv", "abcd", [0.25, 1]]);
});

test("a refused file and one that ends early are no file", async () => {
  const refused = served(["there is no run 99"], { headers: {}, status: 404 });
  await assert.rejects(saveFrom("live/export", () => {}), /there is no run 99/);
  assert.equal(refused.name, undefined);
  const cut = served(["ab"]);
  await assert.rejects(saveFrom("live/export", () => {}), /the connection ended/);
  assert.equal(cut.name, undefined);
});

test("a name cannot lead into a folder", () => {
  assert.deepEqual(['a; filename="x.csv"', 'a; filename="../x"', "inline", ""].map(fileName), ["x.csv", "skipscope", "skipscope", "skipscope"]);
});
