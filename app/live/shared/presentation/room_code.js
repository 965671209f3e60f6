/**
 * The link for the room as a QR code over a stage, for a camera in the back row: large, dark on white in dark mode too,
 * with a light margin, and the link in words below. The server made the code (app/live/shared/presentation/room_code.py).
 */
import { element, setText, svgElement } from "../dom.js";

/** @typedef {{ link: string, rows: string[], quiet: number, local: boolean }} Room */

/**
 * The dark modules as an SVG path in units of a module, a bar for each run of them in a row.
 * @param {string[]} rows
 * @param {number} quiet
 */
export function codePath(rows, quiet) {
  return rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map(({ 0: bar, index }) => `M${index + quiet} ${y + quiet}h${bar.length}v1h-${bar.length}z`)).join("");
}

export class RoomCode {
  /** @param {HTMLElement} host */
  constructor(host) {
    /** @type {Room | null} */
    this.room = null;
    this.root = element("div", "ss-room-code", "", { role: "group", "aria-label": "The link for the room" });
    this.root.hidden = true;
    this.picture = svgElement("svg", { role: "img", "shape-rendering": "crispEdges" });
    this.path = svgElement("path", { fill: "#000" });
    this.picture.append(this.path);
    this.words = element("p", "ss-room-link");
    this.local = element("p", "ss-room-local");
    this.root.append(this.picture, this.words, this.local, element("p", "ss-room-local", "Scan it to follow. J or Esc goes back."));
    host.append(this.root);
  }

  get open() {
    return !this.root.hidden;
  }

  set open(on) {
    this.root.hidden = !on || !this.room;
  }

  /**
   * Offer the link of this room, or of none.
   * @param {Room | null | undefined} room
   */
  update(room) {
    if (JSON.stringify(room ?? null) === JSON.stringify(this.room)) return;
    this.room = room ?? null;
    if (!this.room) return void (this.open = false);
    const { link, rows, quiet, local } = this.room, size = rows.length + 2 * quiet;
    this.picture.setAttribute("viewBox", `0 0 ${size} ${size}`);
    this.picture.setAttribute("aria-label", `QR code of ${link}`);
    this.path.setAttribute("d", codePath(rows, quiet));
    setText(this.words, link.replace(/^http:\/\//, ""));
    setText(this.local, local ? "This link works on this machine only." : "");
  }
}
