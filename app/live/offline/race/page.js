/** The entry of an offline race: one view at a time, each as the live page mounts it, fed from the file itself. */
import { answers } from "./answers.js";
import { REPLAY_KEYS } from "../../shared/replay/replay.js";
import { element } from "../../shared/dom.js";
import { serveFrom } from "../../shared/source.js";

const TAB = "tab";

/** What boot.js gives to an entry. @typedef {{ json: (name: string) => Promise<any>, bytes: (name: string) => Promise<Uint8Array>, mount: (host: HTMLElement, data: any) => Promise<any> }} Kit */

/** @param {Kit} kit */
export async function start(kit) {
  const told = await kit.json("page");
  serveFrom(answers(kit, told));
  const tabs = new Tabs(kit, told);
  await tabs.show(new URLSearchParams(location.search).get(TAB) ?? "");
  window.addEventListener("beforeprint", () => tabs.paper(true));
  window.addEventListener("afterprint", () => tabs.paper(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => tabs.again());
}

class Tabs {
  /**
   * @param {Kit} kit
   * @param {Record<string, any>} told by tab what its view is told, null for one that the file does not have
   */
  constructor(kit, told) {
    this.kit = kit;
    this.told = told;
    this.view = null;
    this.box = /** @type {HTMLElement} */ (document.querySelector(".so-view"));
    /** @type {Map<string, { template: HTMLTemplateElement, button: HTMLElement }>} */
    this.tabs = new Map();
    for (const template of /** @type {NodeListOf<HTMLTemplateElement>} */ (document.querySelectorAll("template[data-tab]"))) {
      const { tab = "", label = "" } = template.dataset;
      if (!told[tab]) continue;
      const button = element("button", "", label, { type: "button" });
      button.onclick = () => this.#press(tab);
      this.tabs.set(tab, { template, button });
    }
    const bar = /** @type {HTMLElement} */ (document.querySelector(".so-tabs"));
    bar.append(...[...this.tabs.values()].map(({ button }) => button));
    bar.hidden = this.tabs.size < 2;
  }

  /** @param {string} tab another view: what was looked at in the other one leaves the address, the place of the replay stays */
  #press(tab) {
    if (tab === this.shown) return;
    this.view?.stop();
    this.view = null;
    const url = new URL(location.href), kept = REPLAY_KEYS.flatMap((key) => (url.searchParams.has(key) ? [[key, url.searchParams.get(key) ?? ""]] : []));
    url.search = new URLSearchParams([...kept, ...(tab === [...this.tabs.keys()][0] ? [] : [[TAB, tab]])]).toString();
    history.replaceState(history.state, "", url);
    this.show(tab);
  }

  /** @param {string} wanted a tab, the first for any other */
  async show(wanted) {
    const tab = this.tabs.has(wanted) ? wanted : [...this.tabs.keys()][0];
    this.shown = tab;
    for (const [name, { button }] of this.tabs) button.setAttribute("aria-current", String(name === tab));
    const template = this.tabs.get(tab)?.template;
    if (template) this.box.replaceChildren(template.content.cloneNode(true));
    const host = /** @type {HTMLElement} */ (this.box.querySelector("[data-view]"));
    const view = await this.kit.mount(host, this.told[tab]);
    if (this.shown === tab && this.box.contains(host)) this.view = view;
    else view.stop();
  }

  /** The colours of the screen have changed. */
  again() {
    if (this.shown) this.view?.update(this.told[this.shown], () => {});
  }

  /** Paper is light. @param {boolean} on */
  paper(on) {
    if (on) document.documentElement.dataset.paper = "";
    else delete document.documentElement.dataset.paper;
    this.again();
  }
}
