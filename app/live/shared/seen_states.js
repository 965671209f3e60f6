/**
 * The states of runs as people see them. A record outlives its processes: after a kill it says `running` until another
 * engine corrects it. The server says with the engine's state which records are out of date (`engine.seen`, by run), in
 * the words of the command line, and this puts them onto the cards of every snapshot and message.
 */

/**
 * The card of a run or of a lab; `outdated`: its state and detail are not those on record.
 * @typedef {{ run: number, state: string, detail: string, outdated?: boolean }} Stated
 */

export class SeenStates {
  constructor() {
    /** @type {Map<number, Stated>} cards as they are on record */
    this.records = new Map();
    /** @type {Record<string, { state: string, detail: string }>} */
    this.seen = {};
    /** The cards of a race come as a list, a lab's alone. */
    this.isLab = false;
  }

  /**
   * Return a snapshot or a message with its cards as they are seen, and with those that the engine's news change.
   * @param {any} document
   */
  take(document) {
    const { cards, c, card, engine } = document;
    this.isLab ||= Boolean(card);
    const told = [...(cards ?? []), ...(c ?? []), ...(card ? [card] : [])];
    for (const each of told) this.records.set(each.run, each);
    const before = this.seen;
    this.seen = engine ? engine.seen ?? {} : before;
    const known = new Set(told.map(({ run }) => run));
    const moved = [...this.records.values()].filter(({ run }) => !known.has(run) && words(before[run]) !== words(this.seen[run]));
    const taken = { ...document };
    if (cards) taken.cards = cards.map((/** @type {Stated} */ each) => this.#seenOf(each));
    if (card || (this.isLab && moved.length)) taken.card = this.#seenOf(card ?? moved[0]);
    if (!this.isLab && (c || moved.length)) taken.c = [...(c ?? []), ...moved].map((each) => this.#seenOf(each));
    return taken;
  }

  /**
   * @param {Stated} record
   * @returns {Stated}
   */
  #seenOf(record) {
    const seen = this.seen[record.run];
    return seen ? { ...record, ...seen, outdated: true } : record;
  }
}

/** @param {{ state: string, detail: string } | undefined} seen */
function words(seen) {
  return seen && `${seen.state} ${seen.detail}`;
}
