/** Finer points after a zoom: which steps are asked for, and that an answer of another look is dropped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ZoomDetail } from "../../../../app/live/race/zoom_detail.js";
import { history, range, run } from "./runs.mjs";

function decimatedRun(steps, total) {
  const made = run(1, "A-20", steps, steps.map(() => 50), { batch_size: 100, train_images: 1000 });
  made.series.total = total;
  return made;
}

/** Asks for detail; resolves when it was drawn. */
function look(detail, zoom, kind) {
  return new Promise((drawn) => {
    detail.done = drawn;
    detail.look(zoom, kind);
  });
}

test("the steps of the range are asked for, one more on each side, in each unit of the axis", async () => {
  const one = decimatedRun(range(10, 1000, 10), 1000), asked = [];
  const fetch = async (ids, ranges) => {
    asked.push([ids, ranges]);
    return { document: { runs: { 1: { train: history(range(99, 201), range(99, 201)).train } } }, atMost: 500 };
  };
  const detail = new ZoomDetail({ runs: () => [one], fetch, done: () => {} });
  await look(detail, { x: [100, 200] }, "step");
  await look(detail, { x: [10, 20] }, "epoch");
  await look(detail, { x: [10, 20] }, "seconds"); // a tenth of a second for each step
  assert.deepEqual(asked, [[[1], [[99, 201]]], [[1], [[99, 201]]], [[1], [[99, 201]]]]);
  assert.deepEqual(one.series.drawn().step.filter((step) => step > 98 && step < 202), range(99, 201));
  await look(detail, null, "step");
  assert.equal(one.series.detail, null, "the whole is shown again");
});

test("of a replay the whole is asked for, and each run takes what it has", async () => {
  const at200 = decimatedRun(range(10, 200, 10), 200), fork = { card: { ...at200.card, run: 2 }, series: { train: { step: [300], seconds: [30] }, total: 500 } };
  const whole = decimatedRun(range(10, 1000, 10), 1000), asked = [];
  const fetch = async (ids, ranges) => {
    asked.push([ids, ranges]);
    return { document: { runs: { 1: { train: history(range(99, 200), range(99, 200)).train }, 2: {} } }, atMost: 500 };
  };
  const detail = new ZoomDetail({ runs: () => [at200], whole: () => [whole, fork], fetch, done: () => {} });
  await look(detail, { x: [10, 50] }, "seconds");
  assert.deepEqual(asked, [[[1, 2], [[99, 501], [0, 10 ** 9]]]]);
  assert.equal(at200.series.drawn().step.at(-1), 200);
});

test("a run that is here whole is not asked for, and an answer of another look is dropped", async () => {
  const whole = decimatedRun(range(1, 50), 50), coarse = decimatedRun(range(10, 1000, 10), 1000);
  const [called, answered] = [Promise.withResolvers(), Promise.withResolvers()];
  let asked = 0;
  const fetch = () => {
    asked += 1;
    called.resolve();
    return answered.promise;
  };
  const detail = new ZoomDetail({ runs: () => [whole], fetch, done: () => {} });
  detail.look({ x: [1, 20] }, "step");
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(asked, 0);
  detail.runs = () => [coarse];
  detail.look({ x: [100, 200] }, "step");
  await called.promise;
  detail.look(null, "step");
  answered.resolve({ document: { runs: { 1: { train: history([150], [1]).train } } }, atMost: 500 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(coarse.series.detail, null);
  detail.stop();
});
