/**
 * A dragged slider asks for many races, and one trains at a time. What is asked for while a race trains waits until the
 * slider rests or the race has ended; of several the latest is sent, the others never.
 */

/** A slider that has not moved for so long rests. */
export const REST_MS = 150;

/** @template Choice */
export class LatestWins {
  /** @param {(choice: Choice) => void} send */
  constructor(send) {
    this.send = send;
    /** @type {Choice | null} */
    this.waiting = null;
    this.busy = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /** @param {Choice} choice */
  want(choice) {
    this.waiting = choice;
    clearTimeout(this.timer);
    // At rest the newer race takes the place of the one that trains, on the server as well.
    if (this.busy) this.timer = setTimeout(() => this.#go(), REST_MS);
    else this.#go();
  }

  /** The race that was sent last has ended. */
  ended() {
    this.busy = false;
    if (this.waiting !== null) this.#go();
  }

  stop() {
    clearTimeout(this.timer);
  }

  #go() {
    clearTimeout(this.timer);
    const choice = /** @type {Choice} */ (this.waiting);
    this.waiting = null;
    this.busy = true;
    this.send(choice);
  }
}
