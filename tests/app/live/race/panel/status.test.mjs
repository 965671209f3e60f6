import test from "node:test";
import assert from "node:assert/strict";

import { RaceStatus } from "../../../../../app/live/race/panel/status.js";
import { Node, page } from "../../dom.mjs";

const TRAINING = ["Still training", "training", "Conclusions come at the end."];
const ONE_SEED = ["One seed: a demonstration", "demonstration", "Other seeds may differ."];
const ROWS = [["plain-56 minus plain-20", "1 seed", "32.7", "", ""], ["A-56", "", "", "", "diverged at step 70"]];

/** The words around the chart, with a clock that stands still until it is moved. */
function shown(t) {
  const part = page();
  part("rows").append(new Node("tbody"));
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const status = new RaceStatus(part, () => {});
  const draw = (headline, more = {}) => status.draw([], { headline, hidden: false, mayCommand: true, ...more });
  return { part, draw, later: (ms) => (now += ms), said: () => part("spoken").textContent };
}

test("the finding stands first, then how sure it is and the evidence in a table", (t) => {
  const { part, draw } = shown(t);
  draw("plain-56 learns worse. With shortcuts the difference is 1.6.", { sure: ONE_SEED, basis: ["1 seed."], rows: ROWS });
  assert.deepEqual(part("gap").querySelectorAll("span").map((node) => node.textContent), ["plain-56 learns worse.", "With shortcuts the difference is 1.6."]);
  assert.equal(part("gap").textContent, "plain-56 learns worse. With shortcuts the difference is 1.6.");
  assert.deepEqual([part("certainty").textContent, part("certainty").dataset.kind, part("why").textContent], ONE_SEED);
  assert.deepEqual(part("basis").querySelectorAll("li").map((node) => node.textContent), ["1 seed."]);
  assert.deepEqual(part("rows").querySelectorAll("tr").map((row) => row.querySelectorAll("td").map((cell) => cell.textContent)), ROWS.map((row) => (row[0] && row[2] ? row.map((text) => text || "–") : row)));
  const [first] = part("rows").querySelectorAll("tr");
  draw("Another finding.", { sure: ONE_SEED, basis: ["1 seed."], rows: ROWS });
  assert.equal(part("rows").querySelectorAll("tr")[0], first, "what is the same is not drawn anew");
});

test("the certainty explains what a seed is where it names one, and never on the stage", (t) => {
  const { part, draw } = shown(t);
  const certainty = part("certainty"), stops = [];
  for (const [sure, presenting] of [[ONE_SEED, false], [TRAINING, false], [ONE_SEED, true]]) {
    const room = new Node("section");
    room.className = presenting ? "ss-race ss-presenting" : "ss-race";
    room.append(certainty);
    draw("plain-56 learns worse.", { sure });
    stops.push(certainty.tabIndex);
  }
  assert.deepEqual(stops, [0, -1, -1]);
});

test("what is hidden says nothing but that it is", (t) => {
  const { part, draw } = shown(t);
  draw("plain-56 learns worse.", { sure: ONE_SEED, basis: ["1 seed."], rows: ROWS });
  draw("The curves are hidden until the reveal.", { hidden: true });
  assert.deepEqual([part("certainty").hidden, part("why").textContent, part("evidence").hidden], [true, "", true]);
  assert.equal(part("rows").querySelectorAll("td").length + part("basis").querySelectorAll("li").length, 0);
});

test("the interval of several seeds is drawn beside 0, of one seed and of what is hidden none", (t) => {
  const { part, draw } = shown(t);
  const of = (low, high) => ({ of: [["none", 56, 20, 3, 6.1, low, high]] });
  const drawn = () => part("interval").querySelector("svg")?.children.map((node) => Number(node.getAttribute("x1") ?? node.getAttribute("cx")));
  draw("worse", { gaps: of(-3.4, 15.7) });
  assert.equal(part("interval").title, "95 % interval of the difference: −3.4 to +15.7 points");
  const [low, mean, zero] = drawn();
  assert.ok(low < zero && zero < mean, "it holds 0");
  draw("worse", { gaps: of(2, 15.7) });
  assert.ok(drawn()[2] < drawn()[0]);
  const numbers = () => part("interval").querySelector("svg").children.map((node) => node.textContent).filter(Boolean);
  assert.deepEqual(numbers(), ["0", "15.7"], "2.0 would lie on the 0");
  draw("worse", { gaps: of(32.9, 43.3) });
  assert.deepEqual(numbers(), ["0", "32.9 to 43.3"], "one number alone would be read as the value");
  draw("worse", { gaps: of(-43.3, -32.9) });
  assert.deepEqual(numbers(), ["0", "−43.3 to −32.9"]);
  draw("worse", { gaps: of(-3.4, 15.7) });
  assert.deepEqual(numbers(), ["0", "15.7"]);
  for (const gaps of [of(null, null), null, undefined]) {
    draw("worse", { gaps });
    assert.equal(part("interval").hidden, true);
  }
});

test("while the race trains the finding is read aloud once a minute, at the end at once", (t) => {
  const { draw, later, said } = shown(t);
  draw("So far 1.0.", { sure: TRAINING });
  later(59_000);
  draw("So far 2.0.", { sure: TRAINING });
  assert.equal(said(), "So far 1.0.");
  later(1_000);
  draw("So far 3.0.", { sure: TRAINING });
  assert.equal(said(), "So far 3.0.");
  draw("hidden", { hidden: true });
  draw("So far 4.0.", { sure: TRAINING });
  assert.equal(said(), "So far 4.0.", "what is revealed is read at once");
  draw("It is 5.0.", { sure: ONE_SEED });
  assert.equal(said(), "It is 5.0.");
});
