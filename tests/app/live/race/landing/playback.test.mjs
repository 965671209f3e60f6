/** The race that plays on the first visit: what the project's own curves show from begin to end. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Playback } from "../../../../../app/live/race/landing/playback.js";
import { page } from "../../dom.mjs";
import { THEME, colorOf } from "../runs.mjs";

page();
const CURVES = JSON.parse(readFileSync(new URL("../../../../../assets/curves.json", import.meta.url), "utf8"));
const ARMS = Object.fromEntries(CURVES.cards.map(({ arm }) => [arm, { color: { light: colorOf(arm), dark: colorOf(arm) }, textColor: { light: colorOf(arm), dark: colorOf(arm) }, mark: "circle" }]));
const all = (node, tag) => node.children.flatMap((child) => (typeof child === "string" ? [] : [...(child.tagName.toLowerCase() === tag ? [child] : []), ...all(child, tag)]));

/** What is drawn at a step: the headline, the words, all texts of the picture, the paths of the thick curves. */
function seen(race, playhead, step) {
  playhead.at = step;
  const { headline, words, runs } = race.at(playhead);
  const picture = race.picture(runs, THEME, { width: 1000, height: 400 });
  const curves = all(picture, "path").filter(({ attributes }) => Number(attributes["stroke-width"]) > 2 && !attributes.transform).map(({ attributes }) => attributes.d);
  return { headline, words, runs, texts: all(picture, "text").map(({ textContent }) => textContent), curves };
}

test("it begins without curves, grows to the step and ends with what the recording found", () => {
  const race = new Playback(CURVES, ARMS), playhead = race.playhead(12);
  const [begin, middle, end] = [0, 150, 300].map((step) => seen(race, playhead, step));
  assert.equal(begin.curves.join(""), "");
  assert.deepEqual([middle, end].map(({ runs }) => Math.max(...runs.map(({ series }) => series.lastStep))), [150, 300]);
  assert.equal(end.curves.filter(Boolean).length, 4, "one mean for each arm");
  assert.ok(middle.curves.every((d, index) => d.length < end.curves[index].length));
  assert.equal(end.headline, CURVES.g);
  assert.match(middle.headline, /^At step \d+ plain-56 /);
  assert.match(middle.words, /^REPLAY at step 150 of 300 · 5 seeds of each net /);
  for (const arm of Object.keys(ARMS)) assert.ok(end.texts.some((text) => text.startsWith(`${arm} at the end`)), end.texts.join());
  for (const { headline, words, texts } of [begin, middle, end]) assert.doesNotMatch([headline, words, ...texts].join(" "), /\blive\b/i);
});

test("the numbers at the names are of the step of the headline", () => {
  const race = new Playback(CURVES, ARMS), playhead = race.playhead(12);
  const ends = (texts, arm) => Number(texts.find((text) => text.startsWith(`${arm} `)).match(/([\d.]+)( ?%)?$/)[1]);
  for (const step of CURVES.moments.step.map(([at]) => at).filter((at) => at >= 100 && at < 300)) {
    const { headline, texts, runs } = seen(race, playhead, step);
    assert.ok(runs.every(({ series }) => series.lastStep === step), `every net is at step ${step}`);
    const [, at, plain, residual] = headline.match(/^At step (\d+) .* (\d+\.\d) points worse .* is (\d+\.\d)\.$/);
    assert.equal(Number(at), step);
    for (const [arm, said] of [["plain", plain], ["A", residual]]) {
      const gap = ends(texts, `${arm}-56`) - ends(texts, `${arm}-20`);
      assert.ok(Math.abs(gap - Number(said)) < 0.151, `step ${step}, ${arm}: ${gap}, ${said}`);
    }
  }
});

test("its playhead goes through the whole in the time that it is given", (context) => {
  context.mock.timers.enable({ apis: ["setInterval"] });
  let now = 0;
  context.mock.method(performance, "now", () => now);
  const playhead = new Playback(CURVES, ARMS).playhead(12);
  const off = playhead.listen(() => {});
  playhead.play();
  const until = (ms) => {
    for (; now < ms; context.mock.timers.tick(100)) now += 100;
  };
  until(6_000);
  assert.ok(Math.abs(playhead.place - 150) < 5, `${playhead.place}`);
  until(12_200);
  assert.deepEqual([playhead.place, playhead.playing], [300, false], "it rests at its end");
  off();
});
