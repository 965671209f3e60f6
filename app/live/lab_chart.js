/**
 * The entry that Streamlit calls for a lab, as chart.js for a race: once at the mount, again whenever `data` or the
 * theme changes. It keeps one LabView per mount; the modules behind it are fetched from this server.
 *
 * data: { modules: URL of the folder with lab_view.js, ... }, see app/live/lab_chart.py for the rest.
 */
const mounts = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".sl-lab");
  let mount = mounts.get(host);
  if (!mount) {
    mount = { view: null, latest: null, stopped: false };
    mounts.set(host, mount);
    import(new URL(`${data.modules}lab_view.js`, document.baseURI)).then(({ LabView }) => {
      if (mount.stopped) return;
      mount.view = new LabView(host);
      mount.view.update(...mount.latest);
    }).catch((error) => {
      host.querySelector(".sl-words").textContent = `The page's scripts could not be loaded (${error.message}); reload the page.`;
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
