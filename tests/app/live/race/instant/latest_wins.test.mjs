/** A dragged slider: how many races it asks for, and which. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { LatestWins, REST_MS } from "../../../../../app/live/race/instant/latest_wins.js";

test("the first value trains at once; of a drag that never rests only the last one follows it", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent = [], latest = new LatestWins((choice) => sent.push(choice));
  for (let value = 1; value <= 30; value += 1) {
    latest.want(value);
    context.mock.timers.tick(REST_MS / 3);
  }
  assert.deepEqual(sent, [1]);
  latest.ended();
  assert.deepEqual(sent, [1, 30], "the race has ended before the slider rested");
  latest.ended();
  context.mock.timers.tick(10 * REST_MS);
  assert.deepEqual(sent, [1, 30], "nothing is left that nobody trained");
});

test("a slider that rests does not wait for the end of the race before", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const sent = [], latest = new LatestWins((choice) => sent.push(choice));
  for (const value of [1, 2, 3]) latest.want(value);
  context.mock.timers.tick(REST_MS - 1);
  assert.deepEqual(sent, [1]);
  context.mock.timers.tick(1);
  assert.deepEqual(sent, [1, 3]);
  latest.want(4);
  latest.stop();
  context.mock.timers.tick(REST_MS);
  assert.deepEqual(sent, [1, 3], "a page that is left asks for nothing");
});
