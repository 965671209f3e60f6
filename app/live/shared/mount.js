/**
 * The entry of every component, as Streamlit calls it: once at the mount, again whenever `data` or the theme changes,
 * with the same parentElement. It keeps one view per mount. Which one, the root element says: data-module and data-view
 * name a class with update(data, send) and stop(), data-words where a failure is told.
 *
 * data: { modules: URL of the folder with the modules, ... }, see app/live/shared/component.py for the rest.
 */
const mounts = new WeakMap();

/** @param {{ data: any, parentElement: HTMLElement, setTriggerValue: (name: string, value: unknown) => void }} options */
export default function ({ data, parentElement, setTriggerValue }) {
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
