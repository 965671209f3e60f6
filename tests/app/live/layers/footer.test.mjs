/** The lines under the charts of the layers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { channelFooter, layerFooter, mapFooter, pageFooter, profileFooter } from "../../../../app/live/layers/footer.js";
import { probed, scale } from "./probes.mjs";

const net = (number, arm, more) => probed(number, arm, [0, 10], { response_std: [[1, 1, 1], [1, null, Infinity]] }, more);

test("a profile says how many values it shows", () => {
  const runs = [net(1, "A-20"), net(2, "A-56")];
  assert.equal(profileFooter(runs.slice(1), runs, scale(), 0), "1 of 2 nets · step 0 · all 3 layers shown · no smoothing");
  assert.equal(profileFooter(runs, runs, scale(), 10), "2 of 2 nets · step 10 · 2 of 6 layers shown, the others have no finite value · no smoothing");
  assert.ok(profileFooter(runs, runs, scale(), 0, true).includes("lines are means of seeds"));
  assert.equal(profileFooter([], runs, scale(), 10), "");
});

test("a page says what its probes cost and rest on", () => {
  assert.equal(pageFooter([net(1, "A-20"), net(2, "A-20", { seed: 1 })], true, 3),
    "probe batch 128 training images, normalised with that batch's own statistics (train-mode BN) · 2 seeds · fp32 · cpu · 1 thread per run · probes cost 1.0 % of the time so far · followed: the last step that all nets have reached · newest column 3 s old");
  assert.equal(pageFooter([probed(1, "A-20", [], {})], true, 3), "");
});

test("a map says how many columns it shows", () => {
  const run = net(1, "A-20");
  assert.ok(mapFooter([run], false).startsWith("all 2 columns shown"));
  run.columns.total = 500;
  assert.ok(mapFooter([run], true).startsWith("2 of 500 columns shown"));
  assert.ok(mapFooter([run], true).includes("several cells share a pixel"));
  assert.equal(mapFooter([], false), "");
});

test("distributions and channels say what is counted", () => {
  assert.equal(layerFooter(null, 0), "");
  assert.ok(layerFooter({ over: true, document: { steps: [1, 2] } }, 9).startsWith("2 of 9 probes shown"));
  assert.ok(layerFooter({ over: false }, 9).startsWith("every response"));
  assert.ok(channelFooter({ document: { runs: { 1: { channels: [1, 2] }, 2: { channels: [1] } } } }).startsWith("all 2 / 1 channels shown"));
});
