/** The views that a presenter goes through, and words that fit the room they have. */
import { laidOut } from "../panel/view_state.js";

const ALL = [
  { label: "error, side by side", needs: "sides", choices: { layout: "side", metric: "error", scale: "linear" } },
  { label: "error, overlaid", choices: { layout: "overlaid", metric: "error", scale: "linear" } },
  { label: "gap", needs: "gap", choices: { layout: "gap", metric: "error", scale: "linear" } },
  { label: "error against depth", needs: "depth", choices: { layout: "depth", metric: "error", scale: "linear" } },
  { label: "loss, log scale", choices: { layout: "side", metric: "loss", scale: "log" } },
];
/** Long words are set smaller, down to the last of these. */
const SHARES = [1, 0.85, 0.72, 0.62];

/** kinds as in kindsOf. Returns [{ label, choices, shown(view) }]. */
export function presenterViews(kinds) {
  const looks = (layout) => laidOut(layout, kinds);
  return ALL.filter(({ needs }) => !needs || kinds[needs]).map((one) => ({
    ...one,
    shown: (view) => ["layout", "metric", "scale"].every((key) => key === "layout"
      ? looks(view.get(key)) === looks(one.choices[key])
      : view.get(key) === one.choices[key] || one.choices.layout === "depth" || (key === "scale" && one.choices.layout === "gap")),
  }));
}

/** Set the largest type at which the words need no more height than their element has. */
export function fit(node) {
  const key = `${node.textContent}|${node.clientWidth}|${node.clientHeight}`;
  if (node.fitted === key) return;
  for (const share of SHARES) {
    node.style.setProperty("--ss-share", share);
    if (node.scrollHeight <= node.clientHeight + 1) break;
  }
  node.fitted = `${node.textContent}|${node.clientWidth}|${node.clientHeight}`;
}
