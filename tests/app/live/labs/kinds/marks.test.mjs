/** The moment at which something happens to the nets is marked on the x axis. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildCurves } from "../../../../../app/live/labs/kinds/curves.js";
import { eventOf } from "../../../../../app/live/labs/kinds/marks.js";
import { NO_PICK, STYLES, THEME, curvesOf, panel, trace } from "../curves.mjs";

const GROWN = panel("training", "curves", { event: "before", event_words: "grown" });
const CURVES = curvesOf(trace("training", "plain", [0, 128], [90, 30]), trace("training", "residual", [0, 128], [90, 20]));
const built = (settings, one = GROWN) => buildCurves(one, CURVES, NO_PICK, { styles: STYLES, setting: null, settings, width: 700, height: 400 }, THEME).layout;

test("an event has a line and its words at the value of its setting", () => {
  const { shapes, annotations } = built({ before: 80 });
  assert.deepEqual(shapes.map(({ x0, x1 }) => [x0, x1]), [[80, 80]]);
  assert.deepEqual(annotations.filter(({ text }) => /grown/.test(text)).map(({ text, x, xanchor }) => [text, x, xanchor]), [["grown at 80", 80, "right"]]);
  assert.equal(built({ before: 20 }).annotations.find(({ text }) => /grown/.test(text)).xanchor, "left");
});

test("names at the ends stay beside an event", () => {
  assert.deepEqual(built({ before: 80 }).annotations.map(({ text }) => text).toSorted(), ["grown at 80", "plain", "residual"]);
});

test("without the setting, without an event, or beyond the axis nothing is marked", () => {
  assert.deepEqual([built({}), built(undefined), built({ before: 500 }), built({ before: 80 }, panel("training", "curves"))].map(({ shapes }) => shapes), [[], [], [], []]);
  assert.deepEqual(eventOf(GROWN, { before: 80 }, null, THEME), { shapes: [], annotations: [] });
});
