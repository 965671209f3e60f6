/** Numbers, durations and lines of text as people read them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock, test } from "node:test";
import { csv, duration, escaped, fixed, grouped, spoken, wrapped } from "../../../../app/live/shared/format.js";

test("numbers have three digits, thousands apart, powers of ten where they are large or small", () => {
  const table = [[0, "0"], [1.2345, "1.23"], [-0.5, "−0.5"], [1234.5, "1,230"], [1e6, "10⁶"], [2.5e-5, "2.5×10⁻⁵"], [-3.2e7, "−3.2×10⁷"], [0.001, "0.001"], [NaN, "not finite"], [null, "not finite"]];
  for (const [value, text] of table) assert.equal(spoken(value), text);
  assert.equal(spoken(0.98765, 4), "0.9877");
  assert.equal(grouped(1234567), "1,234,567");
});

test("numbers share their formatters, of which there are a few", () => {
  const made = [mock.method(Intl, "NumberFormat"), mock.method(Number.prototype, "toLocaleString")];
  for (let value = 0; value < 3000; value += 7.3) assert.ok([grouped(Math.round(value)), spoken(value), spoken(value, 4)].every(Boolean));
  const calls = made[0].mock.callCount() + made[1].mock.callCount();
  mock.restoreAll();
  assert.ok(calls <= 5, String(calls));
});

test("sentences of the server write numbers in the same way", { skip: !process.env.SKIPSCOPE_TEST_FACTS && "pytest brings the server's numbers" }, () => {
  const { numbers } = JSON.parse(readFileSync(process.env.SKIPSCOPE_TEST_FACTS, "utf8"));
  assert.ok(numbers.length > 500);
  for (const [value, digits, text] of numbers) assert.equal(spoken(value, digits), text);
});

test("a number is rounded as it is, and from the very middle to the even digit, as the server's numbers are", () => {
  // 30.65 is a little less than it looks; 30.25 and 30.75 are what they look.
  assert.deepEqual([30.65, 30.25, 30.75, -30.25, 1.15, 0.05].map((value) => fixed(value, 1)), ["30.6", "30.2", "30.8", "-30.2", "1.1", "0.1"]);
  assert.deepEqual([-0.04, 0, -1e-20].map((value) => fixed(value, 1)), ["0.0", "0.0", "0.0"]);
  assert.deepEqual([fixed(2.5, 0), fixed(3.5, 0), fixed(0.0625, 3)], ["2", "4", "0.062"]);
});

test("durations are seconds, minutes or hours", () => {
  assert.deepEqual([-1, 59.4, 60, 3599.6, 3600 + 125].map(duration), ["0 s", "59 s", "1 min 0 s", "1 h 0 min", "1 h 2 min"]);
});

test("text in lines keeps its words, a long one has a line of its own", () => {
  assert.deepEqual(wrapped("one two extraordinary four", 8), ["one two", "extraordinary", "four"]);
  assert.deepEqual(wrapped("word", 2), ["word"]);
});

test("text has no tags", () => {
  assert.equal(escaped("<b> & </b>"), "&lt;b&gt; &amp; &lt;/b&gt;");
});

test("no cell of a table is a formula, in no form of its signs, and numbers stay numbers", () => {
  for (const sign of "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\u207a") assert.equal(csv(["a"], [[`${sign}cmd`]]), `a\r\n'${sign}cmd\r\n`);
  assert.equal(csv(["a"], [["\tcmd"], [-1.5], ["-1.5"], ["a=b"], [""]]), "a\r\n'\tcmd\r\n-1.5\r\n-1.5\r\na=b\r\n\r\n");
});
