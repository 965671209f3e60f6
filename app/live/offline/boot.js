/**
 * The one script that stands in the text of an offline page. It unpacks the modules, gives each an address of its own, and
 * starts the entry; plotly.js follows once the first frame is painted. No module: the page has no address to import from.
 *
 * The entry has `start(kit)`. kit: json(name), bytes(name): a document of the page; load(name): a module; mount(host, data): the view
 * that an element names, as shared/mount.js does it on the live page.
 */
(() => {
  "use strict";
  const parsed = new Promise((resolve) => (document.readyState === "loading" ? addEventListener("DOMContentLoaded", resolve, { once: true }) : resolve()));

  async function bytes(name) {
    const find = () => document.querySelector(`script[data-packed="${CSS.escape(name)}"]`);
    // What stands behind this script has its end once the whole page is read.
    if (!find()?.hasAttribute("data-early")) await parsed;
    const coded = find()?.textContent;
    if (coded === undefined) throw new Error(`there is no ${name} in this file`);
    const packed = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
    return new Uint8Array(await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
  }

  const json = async (name) => JSON.parse(new TextDecoder().decode(await bytes(name)));
  const address = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));

  /** A frame with the first picture, or a tab that nobody looks at. */
  const painted = () => new Promise((resolve) => {
    setTimeout(resolve, 300);
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve)));
  });

  async function plotly() {
    const script = document.createElement("script");
    script.src = address(await bytes("plotly"));
    await new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(new Error("the charts' library does not start"));
      document.head.append(script);
    });
    return window.Plotly;
  }

  async function open() {
    const { entry, charts } = document.documentElement.dataset;
    let begin = () => {};
    // shared/page.js takes what is there already.
    if (charts) window.skipscopePlotly = new Promise((resolve) => (begin = resolve)).then(plotly);
    const addresses = new Map();
    for (const [name, text] of await json("modules")) {
      addresses.set(name, address(text.replace(/"skipscope:([^"]+)"/g, (_, other) => JSON.stringify(addresses.get(other)))));
    }
    const load = (name) => import(addresses.get(name));
    const mount = async (host, data) => {
      const [module, { know }] = await Promise.all([load(host.dataset.module), load("shared/run_states.js")]);
      know(data.runFacts);
      const view = new module[host.dataset.view](host);
      view.update(data, () => {});
      return view;
    };
    const { start } = await load(entry);
    await start({ json, bytes, load, mount });
    await painted();
    begin();
  }

  open().catch((error) => {
    const says = document.getElementById("offline-trouble");
    says.hidden = false;
    says.textContent = `This file cannot be shown (${error?.message ?? error}). It needs a browser of 2024 or later with JavaScript.`;
  });
})();
