/** A lab in front of a room: the finding on top, one panel at a time. */
/** @import { KeyRow } from "../shared/presentation/keys.js" */
import { PanelPresenter } from "../shared/presentation/panel_presenter.js";

/** @type {KeyRow[]} */
export const KEYS = [
  { verb: "next", keys: ["arrowright", "n", "pagedown"], shown: "Right, N, Page Down", brief: "next panel", does: "next panel" },
  { verb: "previous", keys: ["arrowleft", "b", "pageup"], shown: "Left, B, Page Up", brief: "", does: "previous panel" },
];
/** What stays around a panel: what was found, and the switches. */
const KEPT = ".sl-says, .sl-notice, .sl-picks";

/** part(name): the element of that name; drawn(): the panels of the page; changed(): draw again. */
export function labPresenter(host, part, { state, drawn, changed }) {
  // A panel without a curve has nothing for a room.
  const panels = () => drawn().filter(({ empty }) => empty.hidden).map(({ panel, root }) => ({ label: panel.title, node: root }));
  return new PanelPresenter(host, KEYS, { state, panels, keeps: KEPT, place: part("top"), changed });
}
