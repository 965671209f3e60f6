/** What the heat map of the lab `mapping` says, in words; every number is read from the curves. */
import { spoken } from "../../shared/format.js";

const TARGETS = { identity: "x", rotation: "a rotation", "-x": "-x", constant: "a constant", smooth: "a random smooth map" };
/** An arm is called the best where no other has as small an error times this. */
const CLEAR = 2;

/** One line about the deepest stacks: which arm is left with the smallest error on which target. */
export function mapping(curves, _, { columns }) {
  const rows = curves.of("heat").filter(({ part }) => !part);
  const deepest = Math.max(...rows.map(({ value }) => value));
  const deep = rows.filter(({ value }) => value === deepest);
  if (deep.length < 2) return [];
  const said = Object.entries(TARGETS).map(([column, target]) => {
    const at = columns("heat").indexOf(column);
    const errors = deep.map(({ kind, x, y }) => [kind, y[x.indexOf(at)]]).filter(([, error]) => Number.isFinite(error)).toSorted((a, b) => a[1] - b[1]);
    if (errors.length < deep.length) return undefined;
    const level = errors.filter(([, error]) => error <= CLEAR * errors[0][1]).map(([kind]) => kind);
    const who = level.length === errors.length ? "all alike" : level.join(" and ");
    return `${target}: ${who} (${spoken(errors[0][1], 2)}; worst ${errors.at(-1)[0]}, ${spoken(errors.at(-1)[1], 2)})`;
  }).filter(Boolean);
  return said.length ? [`Smallest error with ${deepest} blocks, on ${said.join("; on ")}.`] : [];
}
