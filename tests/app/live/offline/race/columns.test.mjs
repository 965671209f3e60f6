/** Every step of a training, as Python stored it: the same curve, within what is said of its rounding. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { decodedRun } from "../../../../../app/live/offline/race/columns.js";
import { answers, insideOf, rangeOf } from "../../../../../app/live/offline/race/answers.js";

const { storedRuns } = JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8"));

for (const [name, { index, bytes, columns }] of Object.entries(storedRuns)) {
  test(`${name}: what is stored is read again`, () => {
    const found = decodedRun(Uint8Array.from(Buffer.from(bytes, "base64")), index);
    assert.deepEqual([...found.step], columns.step);
    const near = (key, bound) => columns[key].forEach((value, row) => {
      if (value === null) assert.ok(Number.isNaN(found[key][row]), `${key} ${row}`);
      else assert.ok(Math.abs(found[key][row] - value) <= bound(value), `${key} ${row}: ${found[key][row]} for ${value}`);
    });
    near("error", () => (index.exact ? 1e-9 : 0.0051));
    near("loss", (value) => 0.00051 * value);
    near("running_error", () => 0.0061);
    near("running_loss", (value) => 0.0011 * value + 1e-6);
    near("seconds", () => 0.06);
  });
}

test("a range has its steps, and null for what is not finite", () => {
  const columns = { step: Float64Array.from([1, 2, 3, 4]), loss: Float64Array.from([1, NaN, 3, 4]) };
  assert.deepEqual(rangeOf(columns, 2, 3), { step: [2, 3], loss: [null, 3] });
  assert.deepEqual(rangeOf(columns, 9, 12), { step: [], loss: [] });
});

test("a zoom gets the stored steps of a long run and the curve of a short one", async () => {
  const { index, bytes } = storedRuns.whole;
  const whole = { step: [1, 2, 3], seconds: [1, 2, 3], loss: [3, 2, 1], error: [9, 8, 7], running_loss: [3, 2.5, 2], running_error: [9, 8.5, 8] };
  const kit = {
    json: async (name) => ({ "steps-index": { 1: index }, race: { runs: { 1: {}, 2: { train: whole } } } })[name],
    bytes: async () => Uint8Array.from(Buffer.from(bytes, "base64")),
  };
  const answer = answers(kit, { steps: true });
  const { runs } = JSON.parse(await answer(new URL("file:///history?runs=1,2&n=100&first=10,2&last=40,9")));
  assert.deepEqual(runs[1].train.step, Array.from({ length: 31 }, (_, at) => 10 + at));
  assert.deepEqual(runs[2].train, { step: [2, 3], seconds: [2, 3], loss: [2, 1], error: [8, 7], running_loss: [2.5, 2], running_error: [8.5, 8] });
  const few = JSON.parse(await answer(new URL("file:///history?runs=1&n=20&first=0&last=1000"))).runs[1].train.step;
  assert.ok(few.length <= 20 && few[0] === 1);
  await assert.rejects(answer(new URL("file:///labs")), /does not hold that/);
});

test("columns come with the quantities and the findings that were asked for", () => {
  const layers = { cursor: "1.1", cards: [], f: { a: { 3: ["said"] } }, runs: { 1: { steps: [3], arrays: { a: "AA==", b: "BB==" } } } };
  assert.deepEqual(insideOf(layers, new URLSearchParams("quantities=a&about=a")), { cursor: "1.1", cards: [], f: { 3: ["said"] }, runs: { 1: { steps: [3], arrays: { a: "AA==" } } } });
  assert.deepEqual(insideOf(layers, new URLSearchParams("quantities=b")).f, {});
});
