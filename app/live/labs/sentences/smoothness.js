/** What the pictures of the lab `smoothness` say, in words; every number is read from the curves. */
import { spoken } from "../../shared/format.js";

/** One line for each kind that was followed: its rate, its loss before and at the last measure. */
export function smoothness(curves) {
  return curves.of("loss").filter(({ part }) => !part).map(({ kind, x, y }) => {
    const trials = curves.of("rates").find((curve) => curve.kind === kind && !curve.part);
    const best = trials?.y.reduce((at, loss, index) => (loss !== null && (at < 0 || trials.y[at] === null || loss < trials.y[at]) ? index : at), -1) ?? -1;
    const rate = best >= 0 ? ` at rate ${spoken(trials.x[best])}` : "";
    const change = curves.of("gradient").find((curve) => curve.kind === kind && !curve.part)?.y.at(-1);
    const turned = Number.isFinite(change) ? `; one step on, the gradient has changed by ${spoken(100 * change, 2)} % of its length` : "";
    return x.length > 1 && Number.isFinite(y.at(-1)) ? `${kind}${rate}: loss ${spoken(y[0])} at update ${x[0]}, ${spoken(y.at(-1))} at ${x.at(-1)}${turned}.` : undefined;
  }).filter(Boolean);
}
