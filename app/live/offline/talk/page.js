/** The entry of an offline talk: the view of the live page, fed from the file itself. */
import { serveFrom } from "../../shared/source.js";
/** @import { Kit } from "../race/page.js" */

/** @param {Kit} kit */
export async function start(kit) {
  const told = await kit.json("page");
  serveFrom(answers(kit));
  const host = /** @type {HTMLElement} */ (document.querySelector("[data-view]"));
  const view = await kit.mount(host, told);
  document.querySelector(".so-opening")?.remove();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.update(told, () => {}));
}

/**
 * What the file answers where the live page asks its server: the record of some runs, the recorded results of a lab.
 * @type {(kit: Pick<Kit, "json">) => (address: URL) => Promise<string>}
 */
export function answers(kit) {
  return async ({ pathname, searchParams }) => {
    if (pathname.startsWith("/recording/")) return JSON.stringify(await kit.json(`race ${searchParams.get("runs")}`));
    if (pathname === "/reference") return JSON.stringify(await kit.json(`lab ${searchParams.get("lab")}`));
    throw new Error("this file does not hold that");
  };
}
