/** A stored race as /live/recording answers: two runs of 100 steps, one twice as slow, a fork at 50 whose shortcuts are cut. */
const EMPTY = { step: [], loss: [], error: [], seconds: [] };

/** Points of the steps from `first` to `last`, one in `every`; `perStep` seconds each. */
export function points(first, last, perStep, every = 1) {
  const step = [];
  for (let at = first; at <= last; at += every) step.push(at);
  const [seconds, error] = [step.map((at) => at * perStep), step.map((at) => 100 - at / 2)];
  return { step, seconds, error, loss: error.map((value) => value / 40), running_error: [...error], running_loss: error.map((value) => value / 40) };
}

function card(run, more = {}) {
  return {
    run, race: 1, arm: `A-${run}`, depth: 8 * run, shortcut: "A", variant: "A", seed: 0, plain: false, state: "finished", detail: "done", cause: "",
    parent: null, parent_step: null, changes: [], difference: "", difference_name: "", optimizer: "SGD", lr: 0.1, warmup_steps: 0,
    batch_size: 100, train_images: 1000, total_steps: 100, step: 100, seconds: 10, eval_images: 1000, log: "", checkpoints: 0, ...more,
  };
}

export function record() {
  const evaluated = (perStep) => ({ step: [50, 100], error: [60, 40], loss: [1.5, 1], seconds: [50 * perStep, 100 * perStep] });
  const series = (train, perStep, more = {}) => ({ total: { train: train.step.length, test_subset: 2 }, train, train_clean: EMPTY, test_subset: evaluated(perStep), validation: EMPTY, test: EMPTY, ...more });
  const fork = points(51, 100, 0.1);
  return {
    cursor: "9.9", remarks: [],
    cards: [
      card(1, { changes: [[30, "learning rate 0.1 to 0.01"]], difference: "learning rate changed at step 30", difference_name: "rate changed at 30" }),
      card(2, { seconds: 20, state: "diverged", cause: "the loss is not finite" }),
      card(3, { parent: 1, parent_step: 50, difference: "fork of run 1 at step 50, shortcuts cut", difference_name: "shortcuts cut at 50", changes: [[51, "fork of run 1"]] }),
    ],
    runs: {
      1: series(points(1, 100, 0.1), 0.1),
      2: series(points(1, 100, 0.2), 0.2),
      3: { total: { train: 50 }, train: fork, train_clean: EMPTY, test_subset: EMPTY, validation: EMPTY, test: EMPTY },
    },
    moments: {
      parts: {
        g: ["Training has begun.", "So far A-2 is higher.", "A-2 is higher."], sure: [["", "", ""], ["one seed", "demonstration", "why"]],
        basis: [[]], rows: [[]], gaps: [null, { step: 50, end: false }, { step: 100, end: true }], q: [[]], t: [[]], depths: [{}],
      },
      step: [[0, 0, 0, 0, 0, 0, 0, 0, 0], [50, 1, 0, 0, 0, 1, 0, 0, 0], [100, 2, 1, 0, 0, 2, 0, 0, 0]],
      seconds: [[0, 0, 0, 0, 0, 0, 0, 0, 0], [10, 1, 0, 0, 0, 1, 0, 0, 0], [20.001, 2, 1, 0, 0, 2, 0, 0, 0]],
    },
    cuts: { step: [[51, "Cut: higher."], [100, "Cut: much higher at the end."]], seconds: [[10.2, "Cut: higher."], [20, "Cut: much higher at the end."]] },
    differences: { 1: [[0, "", ""], [30, "learning rate changed at step 30", "rate changed at 30"]], 3: [[51, "fork of run 1 at step 50, shortcuts cut", "shortcuts cut at 50"]] },
    ends: {},
  };
}
