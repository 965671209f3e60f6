/** What the pictures of the lab `lesion` say, in words; every number is read from the curves. */
import { spoken } from "../../shared/format.js";

const RECALIBRATED = / recalibrated$/;
/** A rise of the error by less, in points, is called next to nothing. */
const LITTLE = 2;

/** One line for each net and its batch-norm statistics, and one about the paths of a residual net. */
export function lesion(curves) {
  const bars = curves.of("deleted").map(barLine).filter(Boolean);
  const paths = curves.of("paths").filter((curve) => !curve.part).map(pathLine).filter(Boolean);
  return [...bars, ...paths];
}

function barLine({ kind, x, y }) {
  const intact = y[x.indexOf(0)];
  const bars = x.map((block, index) => [block, y[index]]).filter(([block, error]) => block > 0 && Number.isFinite(error));
  if (!Number.isFinite(intact) || !bars.length) return undefined;
  const ordered = bars.map(([, error]) => error).toSorted((a, b) => a - b);
  const [worst, most] = bars.reduce((a, b) => (b[1] > a[1] ? b : a));
  const some = bars.filter(([, error]) => error - intact < LITTLE).length;
  const net = `${kind.replace(RECALIBRATED, "")}${RECALIBRATED.test(kind) ? " with statistics of batch norm gathered anew" : ""}`;
  return `${net}: ${spoken(intact)} % as it is, ${spoken(median(ordered))} % without one block (the median of ${bars.length}; ` +
    `${spoken(ordered[0])} to ${spoken(most)} %, most without block ${worst}). ` +
    `${some ? `${some} of ${bars.length} can go for less than ${LITTLE} points.` : `None can go for less than ${LITTLE} points.`}`;
}

function pathLine({ kind, x, y }) {
  if (x.length === 1) return `${kind} has one path, through all of its ${x[0]} blocks; the whole gradient takes it.`;
  const good = x.map((length, index) => [length, y[index]]).filter(([, share]) => Number.isFinite(share));
  if (!good.length) return undefined;
  const mean = good.reduce((sum, [length, share]) => sum + length * share, 0);
  return `${kind}: weighed by their gradient, paths go through ${spoken(mean, 2)} of ${x.at(-1)} branches on average; by their number, through ${spoken(x.at(-1) / 2)}.`;
}

function median(ordered) {
  const half = ordered.length >> 1;
  return ordered.length % 2 ? ordered[half] : (ordered[half - 1] + ordered[half]) / 2;
}
