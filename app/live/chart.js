/**
 * The entry that Streamlit calls: once at the mount, again whenever `data` or the theme changes, with the same
 * parentElement. It keeps one RaceView per mount; the modules behind it are fetched from this server.
 *
 * data: { modules: URL of the folder with race.js, ... }, see app/live/chart.py for the rest.
 */
const mounts = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".ss-race");
  let mount = mounts.get(host);
  if (!mount) {
    mount = { view: null, latest: null, stopped: false };
    mounts.set(host, mount);
    import(new URL(`${data.modules}race.js`, document.baseURI)).then(({ RaceView }) => {
      if (mount.stopped) return;
      mount.view = new RaceView(host);
      mount.view.update(...mount.latest);
    }).catch((error) => {
      host.querySelector(".ss-skeleton").textContent = `The page's scripts could not be loaded (${error.message}); reload the page.`;
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
