/** A panel of bars: what its legend says of rows that were measured at a few places. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildBars } from "../../../../../app/live/labs/kinds/bars.js";
import { NO_PICK, STYLES, THEME, curvesOf, panel, trace } from "../curves.mjs";

test("a row with gaps says at how many places it was measured, a shorter net does not", () => {
  const bars = (kind, x) => trace("deleted", kind, x, x.map(() => 5));
  const curves = curvesOf(bars("plain", [0, 1, 2, 3, 4, 5]), bars("residual", [0, 3, 5]), bars("other", [0, 1, 2, 3]));
  const { legend } = buildBars(panel("deleted", "bars"), curves, NO_PICK, { styles: STYLES, width: 700, height: 400 }, THEME);
  assert.deepEqual(legend.map(({ name }) => name), ["plain", "residual, measured at 3 places only", "other"]);
  // The axis shows 6 places: a row that ends earlier names no other number of them.
  const early = buildBars(panel("deleted", "bars"), curvesOf(bars("plain", [0, 1, 2, 3, 4, 5]), bars("residual", [0, 3])), NO_PICK, { styles: STYLES, width: 700, height: 400 }, THEME);
  assert.equal(early.legend[1].name, "residual, measured at 2 places only");
});
