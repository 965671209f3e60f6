/** A page that answers itself: the same face as fetch, and no network. */
import assert from "node:assert/strict";
import test, { afterEach } from "node:test";
import { isOffline, request, serveFrom } from "../../../../app/live/shared/source.js";

const { fetch } = globalThis;
afterEach(() => {
  serveFrom(null);
  globalThis.fetch = fetch;
});

test("with a server documents are fetched", async () => {
  const asked = [];
  globalThis.fetch = async (...all) => (asked.push(all), new Response("{}"));
  assert.equal(isOffline(), false);
  await request("live/history?runs=1", { cache: "no-store" });
  assert.deepEqual(asked, [["live/history?runs=1", { cache: "no-store" }]]);
});

test("a file answers itself, and a document that it lacks is refused in its words", async () => {
  globalThis.fetch = () => assert.fail("a file asks nobody");
  serveFrom(async ({ pathname, searchParams }) => {
    if (pathname !== "/history") throw new Error("this file does not hold that");
    return JSON.stringify({ runs: searchParams.get("runs") });
  });
  assert.equal(isOffline(), true);
  const answer = await request("history?runs=1,2");
  assert.deepEqual([answer.ok, await answer.json()], [true, { runs: "1,2" }]);
  const refused = await request("detail?layer=1");
  assert.deepEqual([refused.ok, await refused.text()], [false, "this file does not hold that"]);
});
