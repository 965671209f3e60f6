/** What the condition numbers of the lab `conditioning` say, in words; every number is read from the curves. */
import { spoken } from "../../shared/format.js";

/** Factors from the shallowest to the deepest net within this many times of each other are called no change. */
const STEADY = 2;

/** One line for each kind without batch norm: the condition number of the kernel from the shallowest to the deepest net. */
export function conditioning(curves) {
  const said = curves.of("condition").filter(({ part, kind, x }) => !part && !kind.endsWith("BN") && x.length > 1).map(({ kind, x, y }) => {
    const [first, last] = [y[0], y.at(-1)];
    if (!(first > 0 && last > 0)) return undefined;
    const change = last / first;
    const fate = change > STEADY ? `${spoken(change, 2)} times as large` : change < 1 / STEADY ? `${spoken(1 / change, 2)} times smaller` : "about the same";
    return `${kind} ${fate} (${spoken(first, 2)} with ${x[0]} blocks, ${spoken(last, 2)} with ${x.at(-1)})`;
  }).filter(Boolean);
  return said.length ? [`Condition number of the kernel at the start, deepest against shallowest net: ${said.join("; ")}.`] : [];
}
