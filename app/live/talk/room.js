/**
 * The room: on a shared page the presenter's browser tells the server which scene is shown, and the others follow. Every
 * message stands for itself, so a lost one costs nothing.
 */
import { EventStream } from "../shared/event_stream.js";
/** @import { Room } from "./question.js" */

/** @typedef {Room & { talk: string, scene: number, race: number | null }} Showing as app/live/talk/messages.py has it; talk is "" while none is given */

/** @type {Showing} */
export const NOTHING = { talk: "", scene: 1, race: null, question: "", votes: 0, counts: {}, mine: {} };

export class RoomStream extends EventStream {
  async history() {
    return {};
  }

  /** @override */
  query() {
    return new URLSearchParams();
  }
}

/**
 * The showing after a message; of an engine that is gone a message says so beside it.
 * @type {(before: Showing, message: Record<string, any>) => Showing}
 */
export function heard(before, { showing }) {
  return showing === undefined ? before : { ...NOTHING, ...showing };
}

/**
 * The number of a command, higher than that of the one before, of which this page and the server (`known`) may know: the
 * server may take two in another order, and a clock may be set back.
 * @type {(now: number, last: number | undefined, known: number | undefined) => number}
 */
export function numbered(now, last, known) {
  return Math.max(now, (last ?? 0) + 1, (known ?? 0) + 1);
}

/**
 * Whether a talk ended that was given: a presenter on the stage was away then, and says again where it is.
 * @type {(before: Showing, after: Showing) => boolean}
 */
export function hasEnded(before, after) {
  return before.talk !== "" && after.talk === "";
}
