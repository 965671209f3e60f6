/** Which of the stages of a page the key opens. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Stage, meantStage } from "../../../../../app/live/shared/presentation/stage.js";
import { Node, page } from "../../dom.mjs";

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

test("the room's link is offered, shown and hidden by its key where there is one, and by no other", () => {
  page();
  const acted = [];
  const stage = new Stage(new Node("div"), [{ verb: "forth", keys: ["ArrowRight"], shown: "Right", brief: "", does: "the next scene" }], (verb) => acted.push(verb));
  const offered = () => stage.help.panel.children.filter((row) => row.textContent.startsWith("J"));
  assert.equal(offered().length, 0);
  stage.invite({ link: "http://10.0.0.7:8501", rows: ["1"], quiet: 4, local: false });
  assert.equal(offered().length, 1);
  offered()[0].onclick();
  assert.equal(stage.code.open, true);
  offered()[0].onclick();
  assert.equal(stage.code.open, false);
  offered()[0].onclick();
  const next = () => stage.help.panel.children.find((row) => row.textContent.startsWith("Right")).onclick();
  next();
  assert.equal(stage.code.open, false, "a press shows what lies under the code");
  assert.deepEqual(acted, []);
  next();
  assert.deepEqual(acted, ["forth"]);
  offered()[0].onclick();
  stage.leave();
  assert.equal(stage.code.open, false, "another entry begins without it");
  stage.invite(null);
  assert.equal(offered().length, 0);
  stage.code.open = true;
  assert.equal(stage.code.open, false);
  stage.stop();
});
