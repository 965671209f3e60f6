/** The probes of one run: per quantity one array of codes for every column, in order of step. */
export class Columns {
  /** One run of /live/probes/history, its arrays as text or as codes; learn(name, codes) gets every array. */
  constructor({ arrays, ...run }, learn) {
    Object.assign(this, run, { learn, arrays: new Map() });
    for (const [name, given] of Object.entries(arrays)) {
      const codes = typeof given === "string" ? decoded(given) : given;
      const length = codes.length / (this.steps.length || 1);
      this.arrays.set(name, this.steps.map((_, column) => codes.subarray(column * length, (column + 1) * length)));
      learn(name, codes);
    }
  }

  /** Add a column of the stream; a known column stays unchanged. */
  append(step, share, arrays, names) {
    if (step <= this.lastStep) return;
    this.steps.push(step);
    this.total += 1;
    this.share = share ?? this.share;
    for (const name of names) {
      if (!this.arrays.has(name)) this.arrays.set(name, this.steps.slice(1).map(() => null));
      const codes = arrays[name] ? decoded(arrays[name]) : null;
      this.arrays.get(name).push(codes);
      if (codes) this.learn(name, codes);
    }
  }

  get lastStep() {
    return this.steps.at(-1) ?? -1;
  }

  /** The newest column at or before a step, or -1. By hand: `findLastIndex` reads every column. */
  at(step) {
    let [low, high] = [0, this.steps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] <= step) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  codes(name, column) {
    return this.arrays.get(name)?.[column] ?? null;
  }

  /** The first column with a value of a quantity. */
  firstMeasured(name) {
    const list = this.arrays.get(name) ?? [];
    const first = list.findIndex((codes) => codes?.some(Boolean));
    return first < 0 ? list.length : first;
  }

  /** Whether a quantity was measured before the first update. */
  measuredAtStart(name) {
    return this.steps[0] === 0 && this.firstMeasured(name) === 0;
  }

  /** The layers or blocks of a quantity's entries: [name, stage, channels] each. A net without sublayers has blocks in their place; one without `relus` has a ReLU after every layer. */
  places(row) {
    if (row.per === "block") return this.blocks;
    if (row.per === "sublayer") return this.sublayers.length ? this.sublayers : this.blocks;
    return row.per === "relu" && this.relus.length ? this.relus : this.layers;
  }
}

/** The codes of a text. By hand: some browsers lack `Uint8Array.fromBase64`, and `Uint8Array.from` takes several times as long. */
export function decoded(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) bytes[at] = raw.charCodeAt(at);
  return new Uint16Array(bytes.buffer);
}
