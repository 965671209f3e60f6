/**
 * The map of a quantity as a picture that stands alone: SVG with vector words and the cells as bitmaps, and a PNG of it.
 * What it shows comes from ProbeMap.picture(). No lines of the pointer: they are about the page.
 */
/** @import { Theme } from "../../types.js" */
import { escaped, fitted } from "../format.js";
import { PICTURE_FONT as FONT } from "../plot_style.js";

/** @typedef {{ text: string, at: number }} Tick what is said at a place from 0 to 1 */
/** @typedef {{ stops: string[], ticks: Tick[] }} Bar the scale of colors */
/**
 * @typedef {object} MapHalf one net of the map
 * @property {string} name
 * @property {string} color
 * @property {string} cells the address of a bitmap, "" where nothing is drawn
 * @property {Tick[]} stages
 * @property {Tick & { side?: string } | null} end where the run diverged
 * @property {string | null} says why nothing is drawn
 * @property {Tick & { height: number } | null} [stretch] layers that a sentence is about
 * @property {boolean} downwards
 * @property {number} count layers or blocks
 */
/** @typedef {{ width: number, height: number, ticks: Tick[], halves: MapHalf[] }} MapPicture */

const PAD = 14, LEFT = 78, RIGHT = PAD, BAR = 260;
const TITLE_PX = 20, SMALL_PX = 12;
const SCALE = 3;

/**
 * picture: { width, height, ticks: [{ text, at }], halves: [{ name, color, cells, stages, end, says, downwards, count }] },
 * places from 0 to 1; words: { title, caption, place: "layer" or "block" }; bar: { stops, ticks: [{ text, at }] }.
 * @param {MapPicture} picture
 * @param {{ title: string, caption: string, place: string }} options
 * @param {Bar} bar
 * @param {Theme} theme
 * @returns {string}
 */
export function mapSvg(picture, { title, caption, place }, bar, theme) {
  const width = LEFT + picture.width + RIGHT;
  const parts = [];
  let y = PAD;
  for (const line of fitted(title, width - 2 * PAD, TITLE_PX)) parts.push(words(line, PAD, (y += TITLE_PX * 1.2), { size: TITLE_PX, fill: theme.text, bold: true }));
  y += 16;
  parts.push(legend(bar, y, theme));
  y += 44;
  picture.halves.forEach((half, index) => {
    if (!half.downwards) parts.push(words(half.name, LEFT, y, { size: 15, fill: half.color, bold: true }));
    const top = half.downwards ? y : y + 8;
    parts.push(field(half, top, picture, place, theme));
    y = top + picture.height;
    if (index === 0) {
      y += 18;
      parts.push(words("step", LEFT - 8, y, { size: SMALL_PX, fill: theme.muted, anchor: "end" }));
      for (const { text, at } of picture.ticks) parts.push(words(text, LEFT + at * picture.width, y, { size: SMALL_PX, fill: theme.muted, anchor: at < 0.02 ? "start" : at > 0.98 ? "end" : "middle" }));
      y += 8;
    }
    if (half.downwards) parts.push(words(half.name, LEFT, (y += 20), { size: 15, fill: half.color, bold: true }));
  });
  y += 8;
  for (const line of fitted(caption, width - 2 * PAD, SMALL_PX)) parts.push(words(line, PAD, (y += SMALL_PX * 1.35), { size: SMALL_PX, fill: theme.muted }));
  const height = Math.ceil(y + PAD);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="${FONT}">`
    + `<rect width="100%" height="100%" fill="${theme.page}"/>${parts.join("")}</svg>`;
}

/**
 * The address of an SVG, and of a PNG that is drawn from it.
 * @type {(svg: string, format: string) => Promise<string>}
 */
export async function mapImage(svg, format) {
  const address = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  if (format === "svg") return address;
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: SCALE * image.width, height: SCALE * image.height });
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")).drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}

/**
 * @param {MapHalf} half
 * @param {number} top
 * @param {{ width: number, height: number }} more
 * @param {string} place
 * @param {Theme} theme
 * @returns {string}
 */
function field({ cells, stages, end, says, stretch, downwards, count }, top, { width, height }, place, theme) {
  const small = { size: SMALL_PX, fill: theme.muted };
  const [first, last] = downwards ? [top + 10, top + height] : [top + height, top + 10];
  return [
    `<rect x="${LEFT}" y="${top}" width="${width}" height="${height}" fill="${theme.grid}"/>`,
    cells && `<image x="${LEFT}" y="${top}" width="${width}" height="${height}" preserveAspectRatio="none" image-rendering="pixelated" href="${cells}"/>`,
    ...stages.map(({ text, at }) => words(text, LEFT - 8, top + at * height + 4, { ...small, anchor: "end" })),
    `<text transform="translate(${PAD + 8} ${top + height / 2}) rotate(-90)" font-size="${SMALL_PX}" fill="${theme.muted}" text-anchor="middle">${place}</text>`,
    count > 0 && words("1", LEFT - 8, first, { ...small, anchor: "end" }) + words(String(count), LEFT - 8, last, { ...small, anchor: "end" }),
    end && `<path d="M${LEFT + end.at * width} ${top}v${height}" stroke="${theme.text}" stroke-width="2"/>` + words(end.text, LEFT + end.at * width + (end.side === "left" ? -6 : 6), top + 16, { size: SMALL_PX, fill: theme.text, bold: true, anchor: end.side === "left" ? "end" : "start", halo: theme.page }),
    stretch && `<rect x="${LEFT}" y="${top + stretch.at * height}" width="${width}" height="${stretch.height * height}" fill="none" stroke="${theme.text}" stroke-width="1.5"/>`
      + words(stretch.text, LEFT + 6, top + stretch.at * height + (stretch.at < 0.5 ? stretch.height * height + 14 : -5), { size: SMALL_PX, fill: theme.text, bold: true, halo: theme.page }),
    says && words(says, LEFT + width / 2, top + height / 2, { ...small, anchor: "middle" }),
  ].filter(Boolean).join("");
}

/** @type {(bar: Bar, y: number, theme: Theme) => string} */
function legend({ stops, ticks }, y, theme) {
  const colors = stops.map((color, index) => `<stop offset="${index / (stops.length - 1)}" stop-color="${color}"/>`).join("");
  const marks = ticks.map(({ text, at }) => words(text, PAD + at * BAR, y + 22, { size: SMALL_PX, fill: theme.muted, anchor: at < 0.04 ? "start" : at > 0.96 ? "end" : "middle" }));
  return `<defs><linearGradient id="ramp">${colors}</linearGradient></defs><rect x="${PAD}" y="${y}" width="${BAR}" height="9" fill="url(#ramp)"/>${marks.join("")}`;
}

/**
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{ size: number, fill: string, anchor?: string, bold?: boolean, halo?: string }} options
 * @returns {string}
 */
function words(text, x, y, { size, fill, anchor = "start", bold = false, halo = "" }) {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" text-anchor="${anchor}"${bold ? ' font-weight="600"' : ""}`
    + `${halo ? ` stroke="${halo}" stroke-width="3" paint-order="stroke"` : ""}>${escaped(text)}</text>`;
}
