/**
 * What the curves of a lab say, in words: one function per lab, from the curves and the pick { kind, value }. Every
 * number is computed from what was measured; before it is there, nothing is said about it.
 */
import { ends, same } from "../curves.js";
import { spoken } from "../../shared/format.js";
import { conditioning } from "./conditioning.js";
import { constructed } from "./constructed.js";
import { lesion } from "./lesion.js";
import { mapping } from "./mapping.js";
import { smoothness } from "./smoothness.js";

/** A factor per layer within 2 % of 1 is called steady; totals beyond these bounds vanish or explode. */
const STEADY = 0.02;
const VANISHED = 1e-3;
const EXPLODED = 1e3;
/** Factors that differ by less over the gains do not depend on the gain. */
const INDIFFERENT = 0.02;

/** How a sentence about a kind begins. */
const SUBJECTS = { "without BN": "Without BN", "with BN": "With BN", "residual with BN": "With BN and shortcuts" };

const WORDS = { gradients, lesion, conditioning, constructed, mapping, smoothness };

/** Lines of words for a lab; none for a lab without words of its own. panels: those of its row that are shown. */
export function words(lab, curves, pick, panels = []) {
  const columns = (name) => panels.find((panel) => panel.name === name)?.columns ?? [];
  return WORDS[lab]?.(curves, pick, { columns }) ?? [];
}

function gradients(curves, pick) {
  const curve = curves.picked("norm", pick);
  if (!curve) return [];
  const growth = growthOf(curve);
  return [growth ? normLine(curves, curve, growth) : lostLine(curve), honestLine(curves, pick)];
}

/** Factor per layer and in total, from the last layer back to the first; undefined when one end is zero or not finite. */
function growthOf(curve) {
  const [first, last, early, late] = [curve.x[0], curve.x.at(-1), curve.y[0], curve.y.at(-1)];
  if (!(early > 0 && late > 0) || last <= first) return undefined;
  return { total: early / late, perLayer: (early / late) ** (1 / (last - first)), way: `from layer ${last} to layer ${first}` };
}

/** The gradient left the range of numbers on its way. */
function lostLine({ kind, value, y }) {
  const what = y[0] === 0 ? "nothing of the gradient arrives at the first layer: it is below the smallest number" : "the gradient is not finite at the first or the last layer";
  return `${SUBJECTS[kind] ?? kind} at gain ${spoken(value)} ${what}.`;
}

function normLine(curves, curve, { total, perLayer, way }) {
  const { kind, value } = curve;
  const others = curves.of("norm").filter((other) => other.kind === kind).map((other) => ({ value: other.value, growth: growthOf(other) }))
    .filter(({ growth }) => growth).toSorted((a, b) => a.value - b.value);
  const factors = others.map(({ growth }) => growth.perLayer);
  const indifferent = others.length > 2 && Math.max(...factors) - Math.min(...factors) < INDIFFERENT;
  const range = others.length > 2 ? `${spoken(others[0].value)} to ${spoken(others.at(-1).value)}` : "";
  const subject = `${SUBJECTS[kind] ?? kind}${indifferent ? "" : ` at gain ${spoken(value)}`}`;
  // With shortcuts the factor falls from layer to layer, like that of a power of the depth.
  const rate = `${spoken(perLayer)} per layer${kind.startsWith("residual") ? " on average" : ""}`;
  const whatever = indifferent ? `, whatever the gain (${range})` : "";
  if (Math.abs(perLayer - 1) <= STEADY) {
    return `${subject} the gradient nearly keeps its norm: ${rate}${whatever}; ${way} it is multiplied by ${spoken(total)}.`;
  }
  if (perLayer < 1) {
    const fate = total < VANISHED ? " (it vanishes)" : "";
    return `${subject} the gradient shrinks by a factor of ${rate}${whatever}: ${way} it is multiplied by ${spoken(total)}${fate}.`;
  }
  const fate = total > EXPLODED ? " (it explodes)" : "";
  return `${subject} the gradient grows by a factor of ${rate}${whatever}: ${way} it is multiplied by ${spoken(total)}${fate}.`;
}

/** Norms do not decide: the words about direction and collapse stand beside every norm. */
function honestLine(curves, pick) {
  const last = (panel) => {
    const curve = curves.picked(panel, pick);
    return curve && { value: ends(curve)?.[1][1], elsewhere: curve.value !== null && !same(curve.value, pick.value) ? curve.value : null };
  };
  const [direction, cosine] = [last("direction"), last("collapse")];
  const parts = [];
  if (direction?.value !== undefined) {
    const meaning = direction.value < 0.15 ? "its direction is noise" : direction.value < 0.6 ? "its direction is partly kept" : "its direction is kept";
    parts.push(`${meaning} (correlation of neighbours ${decimals(direction.value)})`);
  }
  if (cosine?.value !== undefined) {
    const meaning = cosine.value > 0.9 ? "all inputs have come to look alike" : cosine.value > 0.6 ? "inputs look rather alike" : "inputs can be told apart";
    parts.push(`${meaning} (mean cosine ${decimals(cosine.value)})`);
  }
  const elsewhere = direction?.elsewhere ?? cosine?.elsewhere ?? null;
  const where = elsewhere === null ? "" : `, both measured at gain ${spoken(elsewhere)}`;
  return parts.length ? `Norms do not decide: at the same time ${parts.join(", and ")}${parts.length > 1 ? where : ""}.` : "Norms do not decide; direction and collapse are not measured yet.";
}

function decimals(value) {
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text.replace("-", "−");
}
