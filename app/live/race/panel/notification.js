/**
 * A notification of the browser when the race ends, or a run of it diverges or fails, while nobody sees its tab. A visitor
 * asks for it in a menu, and the browser is asked by that press alone. A hidden tab lets go of its stream (see
 * shared/event_stream.js), so it looks for news by itself twice a minute: at the states and the words, without points.
 */
/** @import { Card } from "../../types.js" */
/** @import { Certainty } from "./status.js" */
import { hasEnded } from "./next_steps.js";
import { placed } from "./status.js";
import { button, closing, element, setText } from "../../shared/dom.js";
import { withProgress } from "../../shared/page_title.js";
import { BROKEN, ENDED } from "../../shared/run_states.js";

const LOOK_MS = 30_000;
const WORDS = {
  off: "The browser asks once for permission. Keep this page open.",
  on: "On, as long as this page stays open in a tab.",
  denied: "Denied: allow notifications for this page in the browser's settings.",
  insecure: "Browsers notify only of pages by HTTPS, or on localhost.",
  missing: "This browser shows no notifications for this page.",
};

/** @typedef {{ card: Pick<Card, "run" | "state" | "parent">, label: string }} Watched */

/**
 * What is worth a notification since some states were known, null for nothing. hidden: the curves, so no result is told,
 * and that a run broke would be half an answer.
 * @type {(known: Map<number, string>, runs: Watched[], told: { headline: string, hidden: boolean }) => string | null}
 */
export function newsOf(known, runs, { headline, hidden }) {
  const before = runs.map((run) => ({ ...run, card: { ...run.card, state: known.get(run.card.run) ?? run.card.state } }));
  const over = hasEnded(runs) && !hasEnded(before);
  if (hidden) return over ? "The race has ended. Its curves are hidden until the reveal." : null;
  const broken = runs.filter(({ card }, index) => BROKEN.has(card.state) && card.state !== before[index].card.state);
  if (!over && !broken.length) return null;
  const fates = [...Map.groupBy(broken, ({ card }) => card.state)].map(([state, list]) => `${list.map(({ label }) => label).join(", ")} ${state}.`);
  return [...fates, over ? "The race has ended." : "", headline].filter(Boolean).join(" ");
}

export class RaceNotification {
  /**
   * menu: its <details>; race(): what the page knows of the race; look(): the present cards and findings, from the server.
   * @param {HTMLDetailsElement} menu
   * @param {{ race: () => { race: number, runs: Watched[], hidden: boolean }, look: () => Promise<{ cards: Card[], g: string, alone?: Certainty | null, cut?: string }> }} options
   */
  constructor(menu, { race, look }) {
    Object.assign(this, { menu, race, look });
    this.switch = button("Tell me when this race ends, diverges or fails", () => this.#press(), "ss-button ss-notify-switch");
    this.says = element("p", "ss-notify-says", "", { role: "status" });
    const box = element("div", "ss-tools", "", { role: "group", "aria-label": "Notification" });
    box.append(this.switch, this.says);
    menu.append(box);
    this.close = closing(menu);
    /** @type {Map<number, string>} */
    this.known = new Map();
    this.onVisibility = () => this.#visibility();
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  stop() {
    clearInterval(this.timer);
    this.close();
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  /**
   * Who asks on a page without rights asks for that page alone.
   * @param {boolean} mayCommand
   */
  update(mayCommand) {
    this.key = `skipscope-notify${mayCommand ? "" : "-audience"}`;
    this.draw();
  }

  draw() {
    const { runs } = this.race();
    this.menu.hidden = !runs.length;
    this.switch.setAttribute("aria-pressed", String(this.#state === "on"));
    this.switch.setAttribute("aria-disabled", String(["denied", "insecure", "missing"].includes(this.#state)));
    setText(this.says, WORDS[this.#state]);
  }

  /** The stream says that a run has another state. */
  heard() {
    if (document.hidden) this.#look();
  }

  /** @returns {keyof typeof WORDS} */
  get #state() {
    // Without HTTPS a browser may say that somebody denied, where there is nothing to allow.
    if (globalThis.isSecureContext === false) return "insecure";
    if (this.failed || typeof globalThis.Notification !== "function") return "missing";
    if (Notification.permission === "denied") return "denied";
    return Notification.permission === "granted" && localStorage.getItem(this.key ?? "") === "on" ? "on" : "off";
  }

  async #press() {
    const state = this.#state;
    if (state === "on") localStorage.removeItem(this.key ?? "");
    else if (state === "off" && await Notification.requestPermission() === "granted") localStorage.setItem(this.key ?? "", "on");
    this.draw();
  }

  #visibility() {
    clearInterval(this.timer);
    this.known = new Map(this.race().runs.map(({ card }) => [card.run, card.state]));
    if (document.hidden) this.timer = setInterval(() => this.#look(), LOOK_MS);
  }

  async #look() {
    const { race, runs, hidden } = this.race(), { known } = this;
    const over = runs.every(({ card }) => ENDED.has(known.get(card.run) ?? card.state));
    if (this.#state !== "on" || this.looking || over) return;
    this.looking = true;
    try {
      const { cards, cut = "", ...answer } = await this.look(), headline = placed(answer, cut, false).statement.g ?? "";
      const now = runs.flatMap((run) => cards.filter((card) => card.run === run.card.run).map((card) => ({ ...run, card })));
      const body = document.hidden && race === this.race().race ? newsOf(known, now, { headline, hidden }) : null;
      for (const { card } of now) known.set(card.run, card.state);
      if (body) this.#show(race, body);
    } catch {
      // The server does not answer: the next look may.
    } finally {
      this.looking = false;
    }
  }

  /** @type {(race: number, body: string) => void} */
  #show(race, body) {
    try {
      // One for each race, however many tabs show it.
      const shown = new Notification(withProgress(document.title, []).replace(/ - Skipscope$/, ""), { body, tag: `skipscope-race-${race}` });
      shown.onclick = () => {
        window.focus();
        shown.close();
      };
    } catch {
      this.failed = true; // some browsers of phones have the name alone
      this.draw();
    }
  }
}
