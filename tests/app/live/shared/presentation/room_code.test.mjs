/** The QR code on a stage: its path has the modules of the server's rows, and it is shown where there is a link. */
import assert from "node:assert/strict";
import { test } from "node:test";
import "../../dom.mjs";
import { RoomCode, codePath } from "../../../../../app/live/shared/presentation/room_code.js";

const ROWS = ["1101", "0000", "1011", "0110"];

test("the path draws every dark module once, and no light one", () => {
  const drawn = ROWS.map(() => [..."0000"]);
  for (const [, x, y, wide] of codePath(ROWS, 4).matchAll(/M(\d+) (\d+)h(\d+)v1h-\3z/g)) {
    for (let at = Number(x); at < Number(x) + Number(wide); at++) {
      assert.equal(drawn[Number(y) - 4][at - 4], "0");
      drawn[Number(y) - 4][at - 4] = "1";
    }
  }
  assert.deepEqual(drawn.map((row) => row.join("")), ROWS);
});

test("it opens where there is a link alone, and says where the link works", () => {
  const host = document.createElement("div");
  const code = new RoomCode(/** @type {any} */ (host));
  code.open = true;
  assert.equal(code.open, false);
  code.update({ link: "http://10.0.0.7:8501", rows: ROWS, quiet: 4, local: false });
  code.open = true;
  assert.equal(code.open, true);
  assert.equal(code.words.textContent, "10.0.0.7:8501");
  assert.equal(code.local.textContent, "");
  assert.equal(code.picture.getAttribute("viewBox"), "0 0 12 12");
  code.update({ link: "http://127.0.0.1:8501", rows: ROWS, quiet: 4, local: true });
  assert.match(String(code.local.textContent), /this machine only/);
  code.update(null);
  assert.equal(code.open, false);
});
