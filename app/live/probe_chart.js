/**
 * The entry that Streamlit calls: once at the mount, again whenever `data` or the theme changes, with the same
 * parentElement. It keeps one ProbeView per mount; the modules behind it are fetched from this server.
 *
 * data: { modules: URL of the folder with probe_view.js, ... }, see app/live/probe_chart.py for the rest.
 */
const mounts = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".sp-probes");
  let mount = mounts.get(host);
  if (!mount) {
    mount = { view: null, latest: null, stopped: false };
    mounts.set(host, mount);
    import(new URL(`${data.modules}probe_view.js`, document.baseURI)).then(({ ProbeView }) => {
      if (mount.stopped) return;
      mount.view = new ProbeView(host);
      mount.view.update(...mount.latest);
    }).catch((error) => {
      host.querySelector(".sp-says").hidden = false;
      host.querySelector(".sp-says").textContent = `The page's scripts could not be loaded (${error.message}); reload the page.`;
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
