/** A page of probes in front of a room: one panel at a time, and time by the arrows. */
/** @import { KeyRow } from "../shared/presentation/keys.js" */
import { PanelPresenter, TURNS } from "../shared/presentation/panel_presenter.js";
import { playhead } from "../shared/replay/replay.js";

/** @type {KeyRow[]} */
export const KEYS = [
  { verb: "play", keys: [" "], shown: "Space", brief: "play", does: "play the training from its begin, or pause; in a replay play it, or pause it" },
  { verb: "later", keys: ["arrowright"], shown: "Right", brief: "later", does: "a probe later", repeats: true },
  { verb: "earlier", keys: ["arrowleft"], shown: "Left", brief: "earlier", does: "a probe earlier", repeats: true },
  { verb: "live", keys: ["l", "end"], shown: "L, End", brief: "", does: "the newest probe, and follow the training" },
  ...TURNS,
];
/** What stays around a panel: the finding, the time, the nets shown. */
const KEPT = ".sp-time, .sp-notice, .sp-tools, .sp-says, .sp-answer";
/** Panels in order: the part of the page, and what it is called. */
const PANELS = [["profile-panel", "profile over the layers"], ["sides", "along with it"], ["map-panel", "layers over time"], ["layer-panel", "one layer"]];

/** part(name): the element of that name; timeline: of the page; replay: whether one is on; changed(): draw again. */
export function probePresenter(host, part, { state, timeline, replay, layout, changed }) {
  const turn = (by) => {
    const index = Math.max(0, timeline.index + by);
    if (replay.on) replay.look(timeline.columns[index] ?? 0);
    else timeline.look(index);
  };
  const panels = () => PANELS.map(([name, label]) => ({ label, node: part(name) }))
    .filter(({ node }) => !part("grid").hidden && !node.hidden && !(layout === "gradients" && node === part("layer-panel")));
  return new PanelPresenter(host, KEYS, {
    state, panels, keeps: KEPT, place: part("time"), changed,
    acts: {
      play: () => (replay.on ? playhead.toggle() : part("play").click()),
      later: () => turn(1),
      earlier: () => turn(-1),
      live: () => (replay.on ? playhead.seek(Infinity) : timeline.follow || part("follow").click()),
    },
  });
}
