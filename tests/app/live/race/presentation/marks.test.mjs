/** The speaker's mark: which step it takes, and how it is drawn. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Pointer, markAt, marksText } from "../../../../../app/live/race/presentation/marks.js";
import { figure, range, run } from "../runs.mjs";
import { Node } from "../../dom.mjs";

const steps = range(1, 100);
const runs = () => [run(1, "plain-20", steps, steps, { total_steps: 300 }), run(2, "plain-56", steps.slice(0, 60), steps.slice(0, 60), { total_steps: 300 })];

test("a mark is at the newest step without a pointer, else at the pointer's, in the axis's own unit", () => {
  const [{ card, series }] = runs();
  assert.deepEqual(markAt(runs(), "step", null), { step: 100, reach: 6 });
  assert.equal(markAt(runs(), "step", 41.6).step, 42);
  assert.equal(markAt(runs(), "step", 250).step, 100, "nothing is there yet");
  assert.equal(markAt(runs(), "epoch", (30 * card.batch_size) / card.train_images).step, 30);
  assert.equal(markAt(runs(), "seconds", series.train.seconds[19]).step, 20);
  assert.equal(markAt([run(1, "plain-20", [], [], { step: 0 })], "step", null), null);
});

test("the pointer is over one of the panels or beside them", () => {
  const axis = (from, length) => ({ _offset: from, _length: length, p2l: (px) => 2 * px });
  const plot = { _fullLayout: { xaxis: axis(50, 100), yaxis: axis(10, 200), xaxis2: axis(250, 100), yaxis2: axis(10, 200) }, getBoundingClientRect: () => ({ left: 5, top: 5 }) };
  const stage = new Node("div"), pointer = new Pointer(stage, plot);
  const at = (clientX, clientY) => {
    for (const handler of stage.handlers.pointermove) handler({ clientX, clientY });
    return pointer.x;
  };
  assert.equal(pointer.x, null);
  assert.deepEqual([at(75, 100), at(275, 100), at(180, 100), at(75, 300)], [40, 40, null, null]);
  for (const handler of stage.handlers.pointerleave) handler();
  assert.equal(pointer.x, null);
});

test("marks are lines with their step in every panel, and none are drawn before the reveal", () => {
  const lines = (view) => figure(runs(), { marks: [40], ...view }).layout;
  const { shapes, annotations } = lines({});
  assert.deepEqual(shapes.map(({ x0, x1 }) => [x0, x1]), [[40, 40]]);
  assert.ok(annotations.some(({ text, x }) => text === "<b>here</b>, step 40" && x === 40));
  assert.deepEqual(lines({ layout: "gap" }).shapes.map(({ x0 }) => x0), [40]);
  assert.deepEqual(lines({ hidden: true }).shapes, []);
  assert.equal(marksText([40, 1200]), "Marked: step 40, step 1,200.");
  assert.equal(marksText([]), "");
});
