/** The question to the room and the line that answers it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, question, runningErrorAt } from "../../../../../app/live/race/presentation/prediction.js";
import { Series } from "../../../../../app/live/race/series.js";

/** A run whose single steps and running mean are `error`; `known`: whether the last running mean has arrived. */
function run(arm, error, { step = 300, state = "finished", seed = 0, known = true, race = 1 } = {}) {
  const steps = Array.from({ length: step }, (_, index) => index + 1);
  const fill = (value) => steps.map(() => value);
  const means = known ? fill(error) : [...fill(99).slice(1), null];
  const card = { race, arm, depth: Number(arm.slice(arm.lastIndexOf("-") + 1)), plain: arm.startsWith("plain"), seed, parent: null, state, step, total_steps: 300 };
  return { card, series: new Series({ train: { step: steps, error: fill(error), loss: fill(1), running_error: means, seconds: steps } }) };
}

/** What is asked of runs: question, choices, and the answer to a prediction. */
function asks(runs, said) {
  const asked = question(runs);
  return [asked?.text, asked?.choices.map(({ label }) => label), answer(runs, asked, said)];
}

const PAIR = [run("plain-20", 25), run("A-20", 20)];

test("the question fits the race", () => {
  let [text, choices, told] = asks(PAIR);
  assert.equal(text, "After 300 steps, which will have the lower training error?");
  assert.deepEqual(choices, ["plain-20", "A-20"]);
  assert.deepEqual(asks([PAIR[0], run("plain-20", 5, { race: 2 })])[1], ["plain-20 (race 1)", "plain-20 (race 2)"], "of two races no seeds of one arm");
  const both = ["plain", "A"].flatMap((kind) => [8, 14, 20, 32].map((depth) => run(`${kind}-${depth}`, depth)));
  [text, choices, told] = asks(both, "plain");
  assert.ok(text.includes("which kind of net"));
  assert.deepEqual(choices, ["plain", "with a shortcut"]);
  assert.ok(told.endsWith("it is too close to call in running training error: plain-8 (plain) 8.0 % and A-8 (with a shortcut) 8.0 %, with one seed."), told);
  [text, choices] = asks([8, 14, 20, 32, 44, 56, 110].map((depth) => run(`plain-${depth}`, depth)));
  assert.ok(text.endsWith("the shallowest or the deepest?"));
  assert.deepEqual(choices, ["plain-8", "plain-110"]);
  [text, choices, told] = asks([run("A-20", 20)], "low");
  assert.ok(text.includes("how high"));
  assert.equal(choices.length, 4);
  assert.equal(told, "The room said below 10 %. After 300 steps the running training error of A-20 is 20.0 %.");
  assert.deepEqual(asks([]), [undefined, undefined, ""]);
});

test("the answer holds the prediction against the errors at a common step", () => {
  assert.equal(asks(PAIR, "plain-20")[2], "The room said plain-20. After 300 steps A-20 has the lower running training error, 20.0 %; plain-20 25.0 %.");
  const live = [run("plain-20", 25, { state: "running" }), run("A-20", 20, { step: 120, state: "running", known: false })];
  assert.equal(asks(live, "A-20")[2], "The room said A-20. So far (step 120 of 300) A-20 has the lower running training error, 20.0 %; plain-20 25.0 %.");
  const halted = [run("plain-20", 25, { step: 120, state: "paused" }), run("A-20", 20, { step: 130, state: "stopped" })];
  assert.ok(asks(halted, "A-20")[2].includes("As it stands (step 120 of 300)"));
  assert.ok(asks([run("plain-20", 25), run("A-20", 20, { step: 49, state: "running" })], "A-20")[2].includes("Too early to tell: step 49 of 300"));
  assert.equal(asks(PAIR, "C-20")[2], "");
});

test("what the seeds do not settle is too close to call", () => {
  const close = [run("plain-20", 17.9), run("A-20", 17.6)];
  assert.ok(asks(close, "A-20")[2].endsWith("it is too close to call in running training error: A-20 17.6 % and plain-20 17.9 %, with one seed."));
  const seeds = (arm, errors) => errors.map((error, seed) => run(arm, error, { seed }));
  const over = [...seeds("plain-20", [25, 31]), ...seeds("A-20", [20, 26])];
  assert.ok(asks(over, "A-20")[2].includes("too close to call in running training error: A-20 23.0 % (2 seeds, 20.0 to 26.0) and plain-20 28.0 %"));
  const apart = [...seeds("plain-20", [25.2, 25.4]), ...seeds("A-20", [25.0, 25.1])];
  const [text, , told] = asks(apart, "A-20");
  assert.ok(text.includes("mean of 2 seeds"));
  assert.ok(told.includes("A-20 has the lower running training error, 25.1 % (2 seeds, 25.0 to 25.1)"), told);
});

test("a run that broke takes no part and is named", () => {
  const told = asks([run("plain-20", 25), run("A-20", 5, { step: 80, state: "diverged" }), run("B-20", 30)], "A-20")[2];
  assert.equal(told, "The room said A-20, which diverged at step 80. After 300 steps plain-20 has the lowest running training error, 25.0 %; B-20 30.0 %.");
  const none = [run("plain-20", 25, { step: 80, state: "failed" }), run("A-20", 5, { step: 80, state: "diverged" })];
  assert.equal(asks(none, "A-20")[2], "The room said A-20, which diverged at step 80. No run is left to compare. plain-20 failed at step 80.");
});

test("a running mean that was not sent is the mean of the last 50 steps, where all of them are here", () => {
  const step = Array.from({ length: 60 }, (_, index) => index + 1);
  const train = { step, error: step.map((at) => at), running_error: step.map((at) => (at < 60 ? at : null)) };
  assert.equal(runningErrorAt(train, 60), 35.5);
  assert.equal(runningErrorAt({ step: step.filter((at) => at !== 20), error: step.slice(1), running_error: [...step.slice(1, -1), null] }, 60), 59);
  assert.equal(runningErrorAt(train, 0), undefined);
});
