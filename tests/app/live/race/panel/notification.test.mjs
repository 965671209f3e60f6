/** The notification of a race: what is worth one, when it is shown, and what the browser is asked. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { RaceNotification, newsOf } from "../../../../../app/live/race/panel/notification.js";
import { Node, page } from "../../dom.mjs";

const HEADLINE = "plain-56 learns its training images 53.6 points worse than plain-20.";
const runs = (...states) => states.map((state, at) => ({ label: `net-${at + 1}`, card: { run: at + 1, state, parent: null } }));
const known = (...states) => new Map(states.map((state, at) => [at + 1, state]));
const news = (before, now, hidden = false) => newsOf(known(...before), runs(...now), { headline: HEADLINE, hidden });

test("the end, a divergence and a failure are news once, with the sentence of the result", () => {
  assert.equal(news(["running", "running"], ["finished", "running"]), null, "others go on");
  assert.equal(news(["finished", "running"], ["finished", "finished"]), `The race has ended. ${HEADLINE}`);
  assert.equal(news(["finished", "finished"], ["finished", "finished"]), null);
  assert.equal(news(["running", "running"], ["diverged", "running"]), `net-1 diverged. ${HEADLINE}`);
  assert.equal(news(["running", "running"], ["diverged", "failed"]), `net-1 diverged. net-2 failed. The race has ended. ${HEADLINE}`);
  assert.equal(news(["diverged", "running"], ["diverged", "running"]), null);
});

test("before the reveal no result is told, and that a run broke would be half of one", () => {
  assert.equal(news(["running", "running"], ["diverged", "running"], true), null);
  assert.equal(news(["running", "running"], ["diverged", "finished"], true), "The race has ended. Its curves are hidden until the reveal.");
});

/** A tab whose race goes from some states to others while it is hidden. permission: what the browser answers. */
function watched({ permission = "granted", answer = "granted", asked = true, mayCommand = true, found = { g: HEADLINE } } = {}) {
  page();
  const shown = [], questions = [], store = new Map(asked ? [["skipscope-notify", "on"]] : []);
  globalThis.localStorage = { getItem: (key) => store.get(key) ?? null, setItem: (key, value) => store.set(key, value), removeItem: (key) => store.delete(key) };
  globalThis.Notification = class {
    static permission = permission;

    static async requestPermission() {
      questions.push("asked");
      return (this.permission = answer);
    }

    constructor(title, { body, tag }) {
      shown.push([title, body, tag]);
    }
  };
  document.title = "42 % - Race 3: plain and A, 20 and 56 - Skipscope";
  const menu = new Node("details"), server = { cards: [], looks: 0 };
  let listening = null;
  document.addEventListener = (kind, call) => kind === "visibilitychange" && (listening = call);
  const made = new RaceNotification(menu, {
    race: () => ({ race: 3, runs: runs("running", "running"), hidden: false }),
    look: async () => {
      server.looks += 1;
      return { cards: server.cards, ...found };
    },
  });
  made.update(mayCommand);
  const [button, says] = menu.children[0].children;
  const hide = (hidden) => {
    document.hidden = hidden;
    listening();
  };
  const settled = () => new Promise((resolve) => setTimeout(resolve));
  const now = async (...states) => {
    server.cards = runs(...states).map(({ card }) => card);
    made.heard();
    await settled();
  };
  const press = async () => {
    await button.onclick();
    await settled();
  };
  return { made, shown, questions, store, server, hide, now, press, button, says };
}

test("a hidden tab tells of a divergence and of the end, each once; a seen one of nothing", async () => {
  const { made, shown, server, hide, now } = watched();
  await now("diverged", "running");
  assert.equal(server.looks, 0, "it is seen");
  hide(true);
  await now("diverged", "running");
  await now("diverged", "running");
  await now("diverged", "finished");
  const title = "Race 3: plain and A, 20 and 56";
  assert.deepEqual(shown, [[title, `net-1 diverged. ${HEADLINE}`, "skipscope-race-3"], [title, `The race has ended. ${HEADLINE}`, "skipscope-race-3"]]);
  await now("diverged", "finished");
  assert.equal(server.looks, 3, "of a race that has ended nothing more is asked");
  made.stop();
});

test("of a race that consists of a cut it tells what the page has as its headline", async () => {
  const g = "Each shortcut type has one depth: nothing to compare.", cut = "Without its shortcuts, cut at step 150, A-56 ends at 90.0 % training error.";
  const alone = ["One net: a demonstration", "demonstration", ""];
  const { made, shown, hide, now } = watched({ found: { g, alone, cut } });
  hide(true);
  await now("finished", "finished");
  assert.deepEqual(shown.map(([, body]) => body), [`The race has ended. ${cut}`]);
  made.stop();
  const own = watched({ found: { g: HEADLINE, alone: null, cut } });
  own.hide(true);
  await own.now("finished", "finished");
  assert.deepEqual(own.shown.map(([, body]) => body), [`The race has ended. ${HEADLINE}`]);
  own.made.stop();
});

test("a tab without its stream looks by itself, while it is hidden", async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  const { made, shown, server, hide } = watched();
  hide(true);
  server.cards = runs("running", "failed").map(({ card }) => card);
  mock.timers.tick(30_000);
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(shown.map(([, body]) => body), [`net-2 failed. ${HEADLINE}`]);
  hide(false);
  mock.timers.tick(90_000);
  assert.equal(server.looks, 1);
  made.stop();
  mock.timers.reset();
});

test("the browser is asked by a press alone, and what it answers stands below", async () => {
  const { made, questions, store, server, hide, now, press, button, says } = watched({ permission: "default", asked: false });
  hide(true);
  await now("finished", "finished");
  assert.deepEqual([questions, server.looks], [[], 0]);
  await press();
  assert.deepEqual([questions.length, store.get("skipscope-notify"), button.getAttribute("aria-pressed")], [1, "on", "true"]);
  await press();
  assert.deepEqual([questions.length, store.size, button.getAttribute("aria-pressed")], [1, 0, "false"], "off, without another question");
  made.stop();
  const refused = watched({ permission: "default", answer: "denied", asked: false });
  await refused.press();
  assert.deepEqual([refused.store.size, refused.says.textContent.startsWith("Denied: "), refused.button.getAttribute("aria-disabled")], [0, true, "true"]);
  refused.made.stop();
  const none = watched();
  delete globalThis.Notification;
  none.made.draw();
  assert.equal(none.says.textContent, "This browser shows no notifications for this page.");
  none.made.stop();
  globalThis.isSecureContext = false;
  const insecure = watched({ permission: "denied", asked: false });
  await insecure.press();
  const said = insecure.says.textContent, off = insecure.button.getAttribute("aria-disabled");
  delete globalThis.isSecureContext;
  assert.deepEqual([said, off, insecure.questions], ["Browsers notify only of pages by HTTPS, or on localhost.", "true", []], "nobody denied");
  insecure.made.stop();
  assert.ok(says);
});

test("what a speaker asked for holds for no audience's page of the same browser", async () => {
  const { made, shown, hide, now, press } = watched({ mayCommand: false });
  hide(true);
  await now("finished", "finished");
  assert.deepEqual(shown, []);
  await press();
  await now("finished", "finished");
  assert.equal(shown.length, 1);
  made.stop();
});
