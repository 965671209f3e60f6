/** Which of the stages of a page the key opens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { meantStage } from "../../../../../app/live/shared/presentation/stage.js";

/** A component between two heights of the window; without offered it has nothing to show. */
function component(top, bottom, offered = true) {
  const inside = {};
  return {
    inside, contains: (node) => node === inside, getBoundingClientRect: () => ({ top, bottom }),
    querySelector: () => (offered ? {} : null),
  };
}

test("the stage with the focus, else the one nearest to the middle of the window", () => {
  const [probes, lab] = [component(-900, 300), component(320, 1400)];
  const stages = [probes, lab];
  assert.equal(meantStage(stages, null, 450), lab);
  assert.equal(meantStage(stages, null, 250), probes);
  assert.equal(meantStage(stages, probes.inside, 450), probes);
  assert.equal(meantStage([component(0, 900, false), lab], null, 100), lab, "one without panels opens nothing");
  assert.equal(meantStage([component(0, 900, false)], null, 100), undefined);
});
