/**
 * The scenes of a talk as the browser has them, without a DOM: where a step leads, what a question may hear, how a text is
 * cut into its strong and its plain parts, what the votes of a room say.
 *
 * @typedef {object} SceneDocument as app/live/talk/documents.py makes it
 * @property {string} kind
 * @property {string} title
 * @property {string[]} lines
 * @property {string} source
 * @property {number} minutes
 * @property {string} [notes] for the speaker alone
 * @property {string} [key] of a question
 * @property {string} [of] the question that a reveal answers
 * @property {number} [answer] the number of the right choice, from 1
 * @property {string[]} [choices]
 * @property {string | null} [drawing]
 * @property {any} [race]
 * @property {any} [lab]
 */

/** Kinds with the curves of a race. */
export const RACES = new Set(["recorded", "live", "reveal", "cut"]);

/**
 * The scene at which a step arrives: never beyond the ends.
 * @type {(scenes: unknown[], at: number, by: number) => number}
 */
export function stepped(scenes, at, by) {
  return Math.max(0, Math.min(scenes.length - 1, at + by));
}

/**
 * The parts of a text: `*so*` is strong. A star without its partner is a star.
 * @type {(text: string) => { text: string, strong: boolean }[]}
 */
export function parts(text) {
  return text.split(/(\*[^*\s](?:[^*]*[^*\s])?\*)/).filter(Boolean).map((part) => {
    const strong = part.length > 2 && part.startsWith("*") && part.endsWith("*");
    return { text: strong ? part.slice(1, -1) : part, strong };
  });
}

/**
 * The question that a scene asks or answers, null where it does neither.
 * @type {(scenes: SceneDocument[], at: number) => SceneDocument | null}
 */
export function questionOf(scenes, at) {
  const scene = scenes[at];
  if (scene?.kind === "prediction") return scene;
  if (scene?.kind !== "reveal") return null;
  return scenes.find(({ kind, key }) => kind === "prediction" && key === scene.of) ?? null;
}

/**
 * What the votes say, for the last row: `31 of 40 said “worse”`. counts: of each choice.
 * @type {(choices: string[], counts: number[] | null | undefined, answer: number) => string}
 */
export function votesText(choices, counts, answer) {
  const all = (counts ?? []).reduce((sum, count) => sum + count, 0);
  if (!counts || !all) return "";
  return `${counts[answer - 1] ?? 0} of ${all} said “${choices[answer - 1]}”`;
}

/**
 * Of each choice its share of the votes, from 0 to 1.
 * @type {(choices: string[], counts: number[] | null | undefined) => number[]}
 */
export function shares(choices, counts) {
  const all = (counts ?? []).reduce((sum, count) => sum + count, 0);
  return choices.map((_, index) => (all ? (counts?.[index] ?? 0) / all : 0));
}

/**
 * Minutes that the scenes before one have, and that it has with them.
 * @type {(scenes: SceneDocument[], at: number) => { before: number, through: number }}
 */
export function planned(scenes, at) {
  const before = scenes.slice(0, at).reduce((sum, { minutes }) => sum + minutes, 0);
  return { before, through: before + (scenes[at]?.minutes ?? 0) };
}

/**
 * A time as on a clock: `4:05`; what is over has a sign.
 * @type {(seconds: number) => string}
 */
export function clockText(seconds) {
  const whole = Math.round(Math.abs(seconds));
  return `${seconds < -0.5 ? "-" : ""}${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
