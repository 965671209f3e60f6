/** The table of a lab's numbers: which rows are short, what the button of all numbers says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { numbersTable } from "../../../../app/live/labs/numbers.js";
import { Node, page } from "../dom.mjs";

const ROWS = Array.from({ length: 10 }, (_, at) => ({ name: `n${at}`, label: `number ${at}`, unit: "%", source: "defined here", expected: "about 1" }));

/** A table that makes its rows and cells as the browser's does. */
class Table extends Node {
  #made(tag) {
    const node = new Table(tag);
    this.append(node);
    return node;
  }

  get rows() {
    return this.tagName === "TABLE" ? this.children.flatMap(({ children }) => children) : this.children;
  }

  get tHead() {
    return this.children[0];
  }

  get tBodies() {
    return this.children.slice(1);
  }

  get cells() {
    return this.children;
  }

  createTHead = () => this.#made("thead");
  createTBody = () => this.#made("tbody");
  insertRow = () => this.#made("tr");
  insertCell = () => this.#made("td");
}

test("eight numbers come first, and the button says what its next press does", () => {
  page();
  const [table, button] = [new Table("table"), new Node("button")];
  let all = false;
  const details = Object.assign(new Node("details"), { hasAttribute: () => all, toggleAttribute: () => (all = !all) });
  details.append(table, button);
  const draw = () => numbersTable(details, ROWS, { figures: Object.fromEntries(ROWS.map(({ name }) => [name, 1.5])), card: {} });
  draw();
  const said = () => [button.textContent, button.getAttribute("aria-expanded")];
  assert.equal(table.tBodies[0].rows.filter(({ className }) => className === "").length, 8);
  assert.equal(table.tBodies[0].rows[0].textContent, "number 01.5 %about 1defined here");
  const first = ["All 10 numbers, with what to expect and their sources", "false"];
  assert.deepEqual(said(), first);
  button.onclick();
  assert.deepEqual(said(), ["Fewer numbers", "true"], "at once, not with the next news");
  draw();
  assert.deepEqual(said(), ["Fewer numbers", "true"]);
  button.onclick();
  assert.deepEqual(said(), first);
});
