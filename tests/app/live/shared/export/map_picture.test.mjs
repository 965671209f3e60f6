/** The map as a picture that stands alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mapImage, mapSvg } from "../../../../../app/live/shared/export/map_picture.js";

const THEME = { text: "#111111", muted: "#777777", page: "#ffffff", grid: "#eeeeee" };
const half = (name, more = {}) => ({ name, color: "#123456", cells: "data:image/png;base64,AA", stages: [{ text: "stage 1", at: 0.5 }], end: null, says: null, downwards: false, count: 19, ...more });
const picture = { width: 400, height: 200, ticks: [{ text: "0", at: 0 }, { text: "1,000", at: 1 }], halves: [half("plain-20", { stretch: { text: "the first layers: twice the rest", at: 0.9, height: 0.1 } }), half("A-20", { downwards: true, cells: "", says: "paused <before> its first probe", end: { text: "diverged at step 7", at: 0.4, side: "right" } })] };
const svg = mapSvg(picture, { title: "Response std & more", caption: "race 1", place: "layer" }, { stops: ["#000000", "#ffffff"], ticks: [{ text: "0.5", at: 0.5 }] }, THEME);

test("title, nets, stages, ticks and caption are vector words", () => {
  const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
  for (const word of ["Response std &amp; more", "plain-20", "A-20", "stage 1", "1,000", "race 1", "19", "0.5", "diverged at step 7", "the first layers: twice the rest", "paused &lt;before&gt; its first probe"]) assert.ok(texts.includes(word), word);
  assert.equal(texts.filter((text) => text === "layer").length, 2);
});

test("layer 1 is named where the map has it: at the bottom, at the top where the map goes downwards", () => {
  const numbers = [...svg.matchAll(/<text x="[\d.]+" y="([\d.]+)"[^>]*>(1|19)<\/text>/g)].map(([, y, text]) => [text, Number(y)]);
  assert.deepEqual(numbers.map(([text]) => text), ["1", "19", "1", "19"]);
  const [first, last, downFirst, downLast] = numbers.map(([, y]) => y);
  assert.ok(first - last > 150 && downLast - downFirst > 150, `${numbers}`);
});

test("cells are one bitmap for each net that has some, and the picture is as high as what stands on it", () => {
  assert.equal([...svg.matchAll(/<image /g)].length, 1);
  const [, height] = svg.match(/height="(\d+)" viewBox/).map(Number);
  const lowest = Math.max(...[...svg.matchAll(/<text x="[\d.]+" y="([\d.]+)"/g)].map(([, y]) => Number(y)));
  assert.ok(height >= lowest && height < lowest + 40, `${height}, lowest words at ${lowest}`);
});

test("an SVG is an address of its own", async () => {
  const address = await mapImage(svg, "svg");
  assert.equal(decodeURIComponent(address.slice("data:image/svg+xml,".length)), svg);
});
