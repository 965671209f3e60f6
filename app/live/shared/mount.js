/**
 * The entry of every component. Streamlit calls it at the mount, and again at each change of `data` or the theme, with
 * the same parentElement. One view is kept per mount. data-module and data-view of the root element name its class, with
 * update(data, send) and stop(); data-words names the element for a failure.
 *
 * data: a list of one, { modules: URL of the folder with the modules, ... }, see app/live/shared/component.py for the rest.
 */
const mounts = new WeakMap();

/** @param {{ data: [any], parentElement: HTMLElement, setTriggerValue: (name: string, value: unknown) => void }} options */
export default function ({ data: [data], parentElement, setTriggerValue }) {
  const host = /** @type {HTMLElement} */ (parentElement.querySelector("[data-view]"));
  let mount = mounts.get(host);
  if (!mount) {
    mount = { view: null, latest: null, stopped: false };
    mounts.set(host, mount);
    /** @param {string | undefined} name */
    const load = (name) => import(new URL(`${data.modules}${name}`, document.baseURI).href);
    Promise.all([load(host.dataset.module), load("shared/run_states.js")]).then(([module, { know }]) => {
      if (mount.stopped) return;
      know(data.runFacts);
      mount.view = new module[host.dataset.view ?? ""](host);
      mount.view.update(...mount.latest);
    }).catch((error) => {
      const words = /** @type {HTMLElement} */ (host.querySelector(host.dataset.words ?? ""));
      words.hidden = false;
      words.textContent = `The page's scripts could not be loaded (${error.message}); reload the page.`;
    });
  }
  mount.latest = [data, setTriggerValue];
  if (mount.view) mount.view.update(data, setTriggerValue);
  return () => {
    mount.stopped = true;
    mount.view?.stop();
    mounts.delete(host);
  };
}
