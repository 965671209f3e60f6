/** The keys of a talk: those of the arrows and of a clicker, and the speaker's own. The table in assets/docs/talks.md repeats them. */
/** @import { KeyRow } from "../shared/presentation/keys.js" */

/** @type {KeyRow[]} */
export const AUDIENCE_KEYS = [
  { verb: "choose", keys: ["1", "2", "3", "4", "5", "6"], shown: "1 to 6", brief: "vote", does: "vote, or change the vote", elsewhere: true },
];

/** @type {KeyRow[]} */
export const KEYS = [
  { verb: "next", keys: ["arrowright", "arrowdown", "pagedown", " ", "enter"], shown: "Right, Page Down, Space, Enter", brief: "next scene", does: "next scene" },
  { verb: "previous", keys: ["arrowleft", "arrowup", "pageup", "backspace"], shown: "Left, Page Up", brief: "", does: "previous scene" },
  { verb: "first", keys: ["home"], shown: "Home", brief: "", does: "first scene; there, the clock of the notes begins anew" },
  { verb: "last", keys: ["end"], shown: "End", brief: "", does: "last scene" },
  { verb: "again", keys: ["a"], shown: "A", brief: "again", does: "play the curves again, or stop them" },
  { verb: "live", keys: ["s"], shown: "S", brief: "", does: "train the race of a live scene here, now", commands: true },
  { verb: "choose", keys: ["1", "2", "3", "4", "5", "6"], shown: "1 to 6", brief: "", does: "what the room says, where nobody votes by phone", elsewhere: true },
  { verb: "notes", keys: ["n"], shown: "N", brief: "notes", does: "speaker's notes and clock in a second window" },
  { verb: "blank", keys: ["b", "."], shown: "B", brief: "", does: "blank screen, on or off" },
];
