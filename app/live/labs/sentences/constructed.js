/** What the pictures of the lab `constructed` say, in words; every number is read from the curves. */
import { spoken } from "../../shared/format.js";

/** Kind of curve -> how the sentence names it, in the order of the sentence. */
const ARMS = {
  grown: "grown by identity blocks",
  "from scratch": "from scratch",
  "shallow trained on": "the shallow one trained on",
  "identity start": "with an identity start and no shortcut",
};
const RESIDUAL = { "residual grown": "grown", "residual from scratch": "from scratch" };

/** One line of clean training errors for plain nets, one for nets with shortcuts, those that have come to their end. */
export function constructed(curves) {
  const ends = new Map(curves.of("clean").filter(({ part }) => !part).map(({ kind, x, y }) => [kind, { update: x.at(-1), error: y.at(-1) }]));
  const last = Math.max(...[...ends.values()].map(({ update }) => update));
  const line = (arms, begin) => {
    const found = Object.entries(arms).filter(([kind]) => Number.isFinite(ends.get(kind)?.error) && ends.get(kind).update === last);
    return found.length > 1 ? `${begin} after ${last} updates, clean training error: ${found.map(([kind, name]) => `${spoken(ends.get(kind).error)} % ${name}`).join(", ")}.` : undefined;
  };
  return [line(ARMS, "Plain nets"), line(RESIDUAL, "With shortcuts")].filter(Boolean);
}
