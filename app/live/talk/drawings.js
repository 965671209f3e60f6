/**
 * The drawings of a talk: two nets of which one only copies, and a block without and with a shortcut. Lines and words
 * alone. Each is made twice, wide and tall: on a phone the style sheet shows the tall one, whose words can be read there.
 */
import { svgElement } from "../shared/dom.js";

/** The drawings take their colours from the page: currentColor, and two of the curves' own. */
const PLAIN = "var(--sk-plain)", SHORTCUT = "var(--sk-shortcut)";
const BOX = { width: 150, height: 74, rx: 10 };

/** @type {Record<string, () => SVGElement[]>} */
export const DRAWINGS = { copy, blocks };

/** A net, and the same net with layers behind it that are the identity. */
function copy() {
  const label = "A net of three layers; the same net with three identity layers behind it, which pass on what they get, gives the same output";
  const [wide, tall] = [frame(1060, 330, label), frame(400, 530, label, true)];
  net(wide, 60, 3, 0);
  net(wide, 225, 3, 3);
  column(tall, 105, 3, 0);
  column(tall, 295, 3, 3);
  return [wide, tall];
}

/** @type {(svg: SVGElement, y: number, own: number, copies: number) => void} */
function net(svg, y, own, copies) {
  const step = 158, box = 128;
  for (let index = 0; index < own + copies; index++) {
    const x = 24 + index * step, isCopy = index >= own;
    svg.append(...layer(x, y - 34, box, 68, isCopy), arrow(x + box + 3, y, x + step - 3, y));
  }
  svg.append(words(24 + (own + copies) * step + 8, y + 10, copies ? "same" : "output", "currentColor", "start"));
}

/** A net from above to below. @type {(svg: SVGElement, x: number, own: number, copies: number) => void} */
function column(svg, x, own, copies) {
  const step = 82, width = 140, height = 54;
  for (let index = 0; index < own + copies; index++) {
    const y = 4 + index * step;
    svg.append(...layer(x - width / 2, y, width, height, index >= own), arrow(x, y + height + 2, x, y + step - 2));
  }
  svg.append(words(x, (own + copies) * step + 28, copies ? "same" : "output", "currentColor"));
}

/** A layer, or one that is the identity: it passes on what it gets. @type {(x: number, y: number, width: number, height: number, isCopy: boolean) => SVGElement[]} */
function layer(x, y, width, height, isCopy) {
  const color = isCopy ? SHORTCUT : "currentColor", dashes = isCopy ? { "stroke-dasharray": "10 8" } : {};
  const box = svgElement("rect", { x, y, width, height, rx: 9, fill: "none", stroke: color, "stroke-width": 4, ...dashes });
  return [box, words(x + width / 2, y + height / 2 + 10, isCopy ? "identity" : "layer", color)];
}

/** A block without a shortcut, and one with it. */
function blocks() {
  const label = "Without a shortcut a block gives F of x; with one it gives F of x plus x";
  return [{ svg: frame(1000, 430, label), at: [230, 730] }, { svg: frame(520, 430, label, true), at: [100, 362] }].map(({ svg, at: [left, right] }) => {
    block(svg, left, "plain", "F(x)", PLAIN, false);
    block(svg, right, "with a shortcut", "F(x) + x", SHORTCUT, true);
    return svg;
  });
}

/** @type {(svg: SVGElement, x: number, title: string, gives: string, color: string, hasShortcut: boolean) => void} */
function block(svg, x, title, gives, color, hasShortcut) {
  svg.append(words(x, 36, title, color));
  svg.append(words(x, 92, "x", "currentColor"), arrow(x, 104, x, 134));
  for (const [y, name] of [[136, "layer"], [236, "layer"]]) {
    svg.append(svgElement("rect", { x: x - BOX.width / 2, y, ...BOX, fill: "none", stroke: "currentColor", "stroke-width": 4 }));
    svg.append(words(x, Number(y) + 48, String(name), "currentColor"));
  }
  svg.append(arrow(x, 212, x, 233), arrow(x, 312, x, hasShortcut ? 338 : 378));
  if (hasShortcut) {
    const right = x + 140;
    svg.append(svgElement("path", { d: `M${x + 6} 116 H${right} V358 H${x + 26}`, fill: "none", stroke: color, "stroke-width": 7, "marker-end": "none" }));
    svg.append(svgElement("path", { d: `M${x + 22} 358 l20 -12 v24 z`, fill: color }));
    svg.append(svgElement("circle", { cx: x, cy: 358, r: 18, fill: "none", stroke: "currentColor", "stroke-width": 4 }), words(x, 369, "+", "currentColor"));
    svg.append(arrow(x, 378, x, 392));
  }
  svg.append(words(x, 424, gives, color));
}

/** @type {(width: number, height: number, label: string, isTall?: boolean) => SVGElement} */
function frame(width, height, label, isTall = false) {
  return svgElement("svg", { viewBox: `0 0 ${width} ${height}`, class: `sk-drawing ${isTall ? "sk-tall" : "sk-wide"}`, role: "img", "aria-label": label });
}

/** @type {(x1: number, y1: number, x2: number, y2: number) => SVGElement} */
function arrow(x1, y1, x2, y2) {
  const group = svgElement("g", { stroke: "currentColor", fill: "currentColor" });
  const down = x1 === x2, [tipX, tipY] = [x2, y2];
  group.append(svgElement("path", { d: `M${x1} ${y1} L${down ? x2 : x2 - 12} ${down ? y2 - 12 : y2}`, "stroke-width": 4, fill: "none" }));
  group.append(svgElement("path", { d: down ? `M${tipX} ${tipY} l-8 -14 h16 z` : `M${tipX} ${tipY} l-14 -8 v16 z`, stroke: "none" }));
  return group;
}

/** @type {(x: number, y: number, text: string, fill: string, anchor?: string) => SVGElement} */
function words(x, y, text, fill, anchor = "middle") {
  const made = svgElement("text", { x, y, fill, "text-anchor": anchor, class: "sk-drawn-words" });
  made.textContent = text;
  return made;
}
