/** The picture of the dial: the last error of the deep net over the strength of its shortcut, a dot for each that was tried. */
/** @import { Theme } from "../../types.js" */
/** @import { DialPoint } from "./ring.js" */
import { svgElement } from "../../shared/dom.js";
import { fixed } from "../../shared/format.js";

const HEIGHT = 190, LEFT = 34, RIGHT = 12, TOP = 12, BOTTOM = 34, FONT = 13;
const TICKS = [0, 0.25, 0.5, 0.75, 1];
/** The axis ends at one of these. */
const ENDS = [10, 20, 40, 60, 80, 100];

/**
 * Draw the points; `now` is the strength that the dial stands at, `color` that of the deep net's curve.
 * @type {(svg: SVGElement, points: DialPoint[], options: { now: number | null, color: string, theme: Theme, width: number, net: string }) => void}
 */
export function drawDial(svg, points, { now, color, theme, width, net }) {
  const end = ENDS.find((value) => points.every(({ error }) => error <= value)) ?? 100;
  const x = (/** @type {number} */ strength) => LEFT + strength * (width - LEFT - RIGHT);
  const y = (/** @type {number} */ error) => TOP + (1 - error / end) * (HEIGHT - TOP - BOTTOM);
  const text = (/** @type {string} */ words, /** @type {Record<string, unknown>} */ place) => {
    const node = svgElement("text", { fill: theme.muted, "font-size": FONT, "font-family": theme.font, ...place });
    node.textContent = words;
    return node;
  };
  const line = points.map(({ strength, error }) => `${x(strength)},${y(error)}`).join(" ");
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.setAttribute("height", String(HEIGHT));
  svg.setAttribute("aria-label", dialInWords(points, net));
  svg.replaceChildren(
    ...[0, end / 2, end].flatMap((error) => [
      svgElement("line", { x1: LEFT, x2: width - RIGHT, y1: y(error), y2: y(error), stroke: theme.grid }),
      text(String(error), { x: LEFT - 7, y: y(error) + 4, "text-anchor": "end" }),
    ]),
    ...TICKS.map((strength) => text(String(strength), { x: x(strength), y: HEIGHT - BOTTOM + 17, "text-anchor": "middle" })),
    ...(now === null ? [] : [svgElement("line", { x1: x(now), x2: x(now), y1: TOP, y2: HEIGHT - BOTTOM, stroke: theme.muted, "stroke-dasharray": "3 3" })]),
    svgElement("polyline", { points: line, fill: "none", stroke: color, "stroke-width": 2, opacity: 0.6 }),
    ...points.map(({ strength, error }) => svgElement("circle", { cx: x(strength), cy: y(error), r: strength === now ? 6.5 : 4, fill: color })),
    text("strength of the shortcut", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 3, "text-anchor": "middle" }),
  );
}

/**
 * The picture in words, for those who do not see it.
 * @type {(points: DialPoint[], net: string) => string}
 */
export function dialInWords(points, net) {
  if (!points.length) return `Error of ${net} over the strength of its shortcut: nothing was tried yet`;
  const told = points.map(({ strength, error }) => `${fixed(error, 1)} % at ${strength}`).join(", ");
  return `Error of ${net} over the strength of its shortcut: ${told}`;
}
