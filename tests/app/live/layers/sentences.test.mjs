/** What cannot be shown and why, what was found, what the pointer is on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { comparable, nameRuns } from "../../../../app/live/shared/arm_names.js";
import { absence, armKey, finding, growth, headlineOf, readout, remark, remarks, steadyHeadline } from "../../../../app/live/layers/sentences.js";
import { probed, scale } from "./probes.mjs";

test("each absence has its sentence", () => {
  const says = (state, more = {}, planned = [0]) => absence({ card: { state, step: 0, ...more }, columns: { steps: [], planned }, label: "A-20" });
  assert.match(says("running", {}, []), /recorded without probes/);
  assert.equal(says("queued"), "A-20 is queued: the first probe comes before the first update.");
  assert.match(says("running", { step: 5 }), /before there were probes/);
  assert.equal(says("failed"), "A-20 is failed; it ended before its first probe.");
  assert.equal(says("paused"), "A-20 is paused before its first probe.");
  assert.equal(says("running"), "The first probe comes before the first update.");
  assert.equal(absence({ card: {}, columns: { steps: [0] } }), "");
});

test("many runs without a worker share a line", () => {
  const run = (label, state, more = {}) => ({ card: { state, step: 0, ...more }, columns: { steps: [], planned: [0], at: () => -1 }, label });
  const few = ["A s0", "A s1", "A s2"].map((label) => run(label, "queued"));
  assert.equal(remarks(few, scale(), 0).split("\n").length, 3);
  const running = [run("B s0", "running"), run("B s1", "running"), run("C s0", "failed")];
  const many = [...running, ...few, run("A s3", "queued"), run("A s4", "starting")];
  assert.deepEqual(remarks(many, scale(), 0).split("\n"), [
    "The first probe comes before the first update.", "C s0 is failed; it ended before its first probe.",
    "4 runs are queued, 1 is starting: the first probe comes before the first update.",
  ]);
});

test("a race was recorded before there were probes only where a probe was missed", () => {
  const says = (card, planned = [0, 75, 150]) => {
    const run = { card: { state: "running", parent: null, ...card }, columns: { steps: [], planned }, usual: "A-20" };
    nameRuns([run]);
    return absence(run);
  };
  assert.match(says({ step: 5 }), /before there were probes/);
  const fork = { parent: 4, step: 60, difference: "fork of run 4 at step 60", difference_name: "fork at 60" };
  assert.equal(says(fork), "A-20, fork at 60 waits for its first probe, after step 75.");
  assert.equal(says({ ...fork, step: 75 }), "A-20, fork at 60 waits for its first probe, after step 150.");
  assert.equal(says({ step: 5 }, [10]), "A-20 waits for its first probe, after step 10.");
  assert.equal(says({ ...fork, state: "queued" }), "A-20, fork at 60 is queued: the first probe comes before the first update.");
  assert.equal(says({ ...fork, state: "stopped" }), "A-20, fork at 60 is stopped; it ended before its first probe.");
});

test("a net with a difference is an arm of its own: in name, in findings, and no default", () => {
  const runs = [probed(1, "A-20", [0], {}), probed(2, "A-20", [0], {}), probed(3, "A-20", [0], {}, { seed: 1 })];
  for (const run of runs) run.usual = `${run.label} s${run.card.seed}`;
  Object.assign(runs[1].card, { difference: "shortcuts cut at step 60", difference_name: "shortcuts cut at 60" });
  nameRuns(runs);
  assert.deepEqual(runs.map(({ label }) => label), ["A-20 s0", "A-20 s0, shortcuts cut at 60", "A-20 s1"]);
  assert.deepEqual(runs.map(({ card }) => armKey(card)), ["A-20", "run 2", "A-20"]);
  assert.deepEqual(comparable(runs).map(({ card }) => card.run), [1, 3]);
  assert.equal(comparable(runs.slice(1, 2)).length, 1, "where all differ they are shown");
  const found = ["Mean:", { "A-20": "A-20 0.600", "run 2": "A-20, shortcuts cut at 60 0.980" }, "Fig. 7."];
  assert.deepEqual(finding(found, runs), { means: "Mean: A-20 0.600, A-20, shortcuts cut at 60 0.980.", closing: "Fig. 7." });
  assert.deepEqual(finding(found, [runs[0]]), { means: "Mean: A-20 0.600.", closing: "Fig. 7." });
  assert.deepEqual(finding(found, [runs[1]]), { means: "Mean: A-20, shortcuts cut at 60 0.980.", closing: "" });
});

test("what is special about a run is said, else nothing", () => {
  const values = { response_std: [[1, 1, 1], [1, null, Infinity], [null, null, null]] };
  const run = probed(1, "A-20", [0, 10, 20], values);
  assert.equal(remark(run, scale(), 0), "");
  assert.equal(remark(run, scale(), 10), "A-20: 2 of 3 layers without a finite value.");
  assert.equal(remark(run, scale(), 20), "A-20: no layer has a finite value.");
  assert.equal(remark(run, scale({ name: "absent", label: "other" }), 0), "A-20: no other at this step.");
  run.card.state = "diverged";
  run.card.step = 25;
  assert.equal(remark(run, scale(), 0), "A-20: diverged at step 25; the last probe before it is step 20.");
});

test("the finding is placed as it came, without the arms that are hidden", () => {
  const runs = [probed(1, "plain-20", [0], {}), probed(2, "A-20", [0], {}), probed(3, "A-20", [0], {}, { seed: 1 })];
  const found = ["Mean at step 10:", { "plain-20": "plain-20 0.800", "A-20": "A-20 0.600" }, "All of them."];
  assert.deepEqual(finding(found, runs), { means: "Mean at step 10: plain-20 0.800, A-20 0.600.", closing: "All of them." });
  assert.deepEqual(finding(found, runs.slice(1)), { means: "Mean at step 10: A-20 0.600.", closing: "" });
  for (const nothing of [finding(found, []), finding(undefined, runs)]) assert.deepEqual(nothing, { means: "", closing: "" });
});

test("the headline comes with its place, or without one", () => {
  assert.deepEqual(headlineOf(["", {}, "", "The first layers.", ["A-20", 0, 3, "twice"]]), { text: "The first layers.", place: { key: "A-20", first: 0, last: 3, word: "twice" } });
  assert.deepEqual(headlineOf(undefined), { text: "", place: null });
});

test("while a race is followed another sentence must hold for two columns", () => {
  const [early, twice, three] = ["early", "twice", "three"].map((text) => ({ text, place: null }));
  const seen = [];
  let shown = null;
  [early, early, twice, early, three, three, twice].forEach((now, index, all) => {
    shown = steadyHeadline(shown, all[index - 1] ?? headlineOf(), now);
    seen.push(shown.text);
  });
  assert.deepEqual(seen, ["early", "early", "early", "early", "early", "three", "three"]);
  const moved = { ...three, place: { key: "A-20", first: 0, last: 4, word: "three" } };
  assert.equal(steadyHeadline(three, twice, moved), moved, "the same sentence about other layers");
});

test("growth has a line for each arm, and a run that is alone in it has its own name", () => {
  const runs = [probed(1, "plain-20", [0], {}), probed(2, "A-20", [0], {}), probed(3, "A-20", [0], {}, { seed: 1 })];
  runs[0].label = "plain-20, seed 0";
  const found = ["", { "plain-20": "shrinks", "A-20": "grows", "A-56": "grows" }, ""];
  assert.deepEqual(growth(found, runs).map(({ run, name, words }) => [run.card.run, name, words]), [
    [1, "plain-20, seed 0", "shrinks"], [2, "A-20", "grows"],
  ]);
  assert.deepEqual(growth(undefined, runs), []);
});

test("the pointer's place is read out", () => {
  const run = probed(1, "A-20", [0, 10], { response_std: [[1, 1, 1], [0.5, null, Infinity]] });
  assert.equal(readout(run, scale(), 0, 10), "A-20 · layer 1, conv1 · step 10 · response std 0.5");
  assert.ok(readout(run, scale(), 1, 10).endsWith("no finite value"));
  assert.ok(readout(run, scale(), 2, 10).endsWith("infinite"));
  assert.ok(readout(run, scale(), 0, 99).endsWith("not measured"));
});
