/** The keys of the race on stage, besides those of every stage (shared/presentation/keys.js). */
/** @import { KeyRow } from "../../shared/presentation/keys.js" */

/** @type {KeyRow[]} */
export const KEYS = [
  { verb: "start", keys: ["s"], shown: "S", brief: "start", does: "start the race that is set up in the side bar, if it takes less than an hour", commands: true },
  { verb: "pause", keys: [" "], shown: "Space", brief: "pause", does: "pause all runs, or resume them; in a replay pause it, or play it", commands: true },
  { verb: "next", keys: ["arrowright", "n", "pagedown"], shown: "Right, N, Page Down", brief: "next view", does: "next view" },
  { verb: "previous", keys: ["arrowleft", "b", "pageup"], shown: "Left, B, Page Up", brief: "", does: "previous view" },
  { verb: "whole", keys: ["z"], shown: "Z", brief: "", does: "whole curves, zoom off" },
  { verb: "raw", keys: ["e"], shown: "E", brief: "", does: "every single step, on or off" },
  { verb: "test", keys: ["t"], shown: "T", brief: "test", does: "test error, on or off" },
  { verb: "clean", keys: ["c"], shown: "C", brief: "", does: "clean training error, on or off" },
  { verb: "mark", keys: ["m"], shown: "M", brief: "mark", does: "mark the step under the pointer, or the newest step; again takes the mark away" },
  { verb: "hide", keys: ["h"], shown: "H", brief: "hide and ask", does: "hide the curves and ask the room" },
  { verb: "question", keys: ["q"], shown: "Q", brief: "", does: "another question to the room" },
  { verb: "guess", keys: [..."123456789"], shown: "1 to 9", brief: "", does: "the room's guess; the same key again takes it back", elsewhere: true },
  { verb: "reveal", keys: ["r", "enter"], shown: "R, Enter", brief: "reveal", does: "reveal the curves and the answer; again takes the answer away" },
];
