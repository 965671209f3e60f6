/** What a tab keeps of a talk that is given, so that a reload goes on where it was: its clock, what the room said. */

/**
 * @typedef {object} KeptTalk times in milliseconds since 1970
 * @property {number | null} [began] when the talk began
 * @property {number} [turned] when its scene came
 * @property {number} [at] that scene, from 0
 * @property {boolean} [notes] whether the window of the notes was open as the page went
 * @property {Record<string, number>} [said] what the speaker entered for the room, by question
 * @property {Record<string, number>} [ended] when a live race was seen to end, by race
 */

const TAB = "skipscope-tab";

export class Kept {
  /** @param {string} talk its name */
  constructor(talk) {
    this.key = `skipscope-talk ${talk}`;
    /** @type {KeptTalk} */
    this.values = read(this.key);
  }

  /** @param {Partial<KeptTalk>} changes */
  put(changes) {
    Object.assign(this.values, changes);
    try {
      sessionStorage.setItem(this.key, JSON.stringify(this.values));
    } catch {
      // A browser that keeps nothing forgets at a reload alone.
    }
  }
}

/** What stands for this tab, also after a reload; "" in a browser that keeps nothing. */
export function tabName() {
  try {
    const name = sessionStorage.getItem(TAB) || Math.random().toString(36).slice(2);
    sessionStorage.setItem(TAB, name);
    return name;
  } catch {
    return "";
  }
}

/** @type {(key: string) => KeptTalk} */
function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "{}");
  } catch {
    return {};
  }
}
