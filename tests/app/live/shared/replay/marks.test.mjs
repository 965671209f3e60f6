/** What leaves a replay says so: titles, captions, names of files, tables. Outside of one nothing changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { markedCaption, markedFile, markedTable, markedTitle, placeText, replayWords } from "../../../../../app/live/shared/replay/marks.js";

const words = replayWords({ by: "seconds", place: 43.7, length: 90 });

test("the place is in seconds of the runs' clocks, or a step", () => {
  assert.equal(words, "REPLAY at 44 s of 1 min 30 s");
  assert.equal(placeText({ by: "step", place: 1234.6, length: 64_000 }), "step 1,234 of 64,000");
});

test("every kind of file is marked", () => {
  assert.equal(markedTitle("Race 3", words), "REPLAY: Race 3");
  assert.equal(markedTitle("", words), "REPLAY");
  assert.equal(markedCaption("300 steps", words), `${words}; 300 steps`);
  assert.equal(markedFile("skipscope-race-3-side-error", words), "skipscope-replay-race-3-side-error");
  assert.equal(markedTable("run,step\r\n1,2\r\n", words), `# ${words}\r\nrun,step\r\n1,2\r\n`);
});

test("without a replay they stay as they are", () => {
  assert.deepEqual([markedTitle("Race 3", ""), markedCaption("x", ""), markedFile("skipscope-a", ""), markedTable("a\r\n", "")], ["Race 3", "x", "skipscope-a", "a\r\n"]);
});
