/** How everything that leaves a replay says that it is one. `words`: of the replay and its place, "" outside of one. */
import { duration, grouped } from "../format.js";
/** @import { Playhead } from "./playhead.js" */

const WORD = "REPLAY";

/**
 * The place of a replay: `12 s of 1 min 30 s`, `step 120 of 300`.
 * @param {Pick<Playhead, "by" | "place" | "length">} playhead
 */
export function placeText({ by, place, length }) {
  return by === "step" ? `step ${grouped(Math.floor(place))} of ${grouped(length)}` : `${duration(place)} of ${duration(length)}`;
}

/** @param {Pick<Playhead, "by" | "place" | "length">} playhead */
export function replayWords(playhead) {
  return `${WORD} at ${placeText(playhead)}`;
}

/** @type {(title: string, words: string) => string} */
export function markedTitle(title, words) {
  return words ? [WORD, title].filter(Boolean).join(": ") : title;
}

/** @type {(caption: string, words: string) => string} */
export function markedCaption(caption, words) {
  return [words, caption].filter(Boolean).join("; ");
}

/** @type {(name: string, words: string) => string} */
export function markedFile(name, words) {
  return words ? name.replace(/^skipscope-/, "skipscope-replay-") : name;
}

/**
 * A table of text whose first line says what it is of.
 * @type {(table: string, words: string) => string}
 */
export function markedTable(table, words) {
  return words ? `# ${words}\r\n${table}` : table;
}
