/** Distributions: densities that keep their mass, reaches, ridges, channels. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildChannels, buildHistogram, buildRidge, density, reach } from "../../../../../app/live/layers/panels/histogram.js";
import { THEME } from "../probes.mjs";

/** Shares of a standard normal distribution per bin; the first and the last bin are what lies beyond the edges. */
const EDGES = Array.from({ length: 401 }, (_, index) => -5 + index / 40);
const pdf = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
const SHARES = [0, ...EDGES.slice(1).map((high, index) => pdf((high + EDGES[index]) / 2) / 40), 0];
const moment = (more = {}) => ({ histogram: SHARES, std: 1, not_finite: 0, channels: [2, 1, 0], ...more });
const arm = (label, more) => ({ run: 1, label, color: { light: "#112233" }, textColor: { light: "#112233" }, moment: moment(more) });

test("a density is that of the distribution, and its area what is not beyond", () => {
  const { z, height, beyond } = density(SHARES, EDGES, 4);
  z.forEach((at, index) => assert.ok(Math.abs(height[index] - pdf(at)) < 0.02, `${at}: ${height[index]}`));
  assert.ok(z.length >= 40 && z.length <= 100, String(z.length));
  assert.ok(beyond < 0.001);
  const cut = density(SHARES, EDGES, 1);
  assert.ok(Math.abs(cut.beyond - 0.3173) < 0.02, String(cut.beyond));
});

test("the reach is four deviations of the widest, on a round number", () => {
  assert.deepEqual([reach([1]), reach([0.3, 2]), reach([NaN])], [4, 8, 0.08]);
});

test("what lies beyond the picture is said", () => {
  const wide = { histogram: [0.2, ...SHARES.slice(1, -1).map((share) => 0.6 * share), 0.2], not_finite: 0.05 };
  assert.equal(buildHistogram([arm("A-20")], EDGES, THEME, { width: 500, height: 300 }).words, "Less than 0.05 % lies beyond ±4.");
  assert.equal(buildHistogram([arm("A-20", wide)], EDGES, THEME, { width: 500, height: 300 }).words, "A-20: 5.0 % not finite; A-20: 40.0 % beyond ±4.");
});

test("a ridge has an outline for each probe, the newest in front", () => {
  const { data, layout } = buildRidge({ steps: [0, 10, 20], histograms: [SHARES, SHARES, SHARES] }, arm("A-20"), EDGES, THEME, { width: 500, height: 300 });
  assert.deepEqual(data.map(({ y }) => y[0]), [2, 1, 0]);
  assert.deepEqual(layout.yaxis.ticktext.toReversed(), ["0", "10", "20"]);
});

test("channels are drawn by rank; one without deviation has no place on a log scale", () => {
  const { data, layout } = buildChannels([arm("A-20")], THEME, { width: 500, height: 300 });
  assert.deepEqual([data[0].x, data[0].y], [[1, 2, 3], [2, 1, null]]);
  assert.ok(layout.yaxis.range[0] <= 0 && layout.yaxis.range[1] >= Math.log10(2));
});

test("a low panel has fewer ticks of its logarithmic axis", () => {
  const wide = { ...arm("A-20"), moment: { ...arm("A-20").moment, channels: [3, 2, 1, 0.7, 0.5, 0.3] } };
  const ticks = [300, 120].map((height) => buildChannels([wide], THEME, { width: 500, height }).layout.yaxis.tickvals);
  assert.ok(ticks[0].length > ticks[1].length && ticks[1].length <= 3, JSON.stringify(ticks));
});
