/**
 * Which points of a curve stay when there is room for fewer: of every bucket of steps the smallest and largest loss and
 * error, and the last. The rule of engine/store/decimate.py, so that a spike is never hidden. Pure functions.
 */
const DECIDING = ["loss", "error"];

/**
 * points: columns of one length, `step` ascending, null where nothing finite was measured. Returns at most so many.
 * @template {Record<string, (number | null)[]>} T
 * @param {T} points
 * @param {number} atMost
 */
export function decimate(points, atMost) {
  let kept = points.step.map((_, index) => index);
  for (let width = 1; kept.length > atMost; width *= 2) {
    // What a bucket keeps is among what its halves keep.
    kept = keptOf(kept, points, width);
    if (width > Number(points.step.at(-1))) break;
  }
  if (kept.length === points.step.length) return points;
  return mapped(points, (column) => kept.map((index) => column[index]));
}

/**
 * A table with other columns under the same names.
 * @template {Record<string, any[]>} T
 * @param {T} table
 * @param {(column: T[string], key: string) => any[]} change
 * @returns {T}
 */
export function mapped(table, change) {
  return /** @type {T} */ (Object.fromEntries(Object.entries(table).map(([key, column]) => [key, change(/** @type {T[string]} */ (column), key)])));
}

/** @type {(indices: number[], points: Record<string, (number | null)[]>, width: number) => number[]} */
function keptOf(indices, points, width) {
  const kept = new Set(indices.slice(0, 1));
  let bucket = null;
  /** @type {(number | null)[]} */
  let best = [];
  const close = () => best.forEach((index) => index !== null && kept.add(index));
  for (const index of indices) {
    const next = Math.floor(Number(points.step[index]) / width);
    if (next !== bucket) {
      close();
      [bucket, best] = [next, [null, null, null, null, null, null, null]];
    }
    DECIDING.forEach((key, at) => {
      const value = points[key][index], [smallest, largest] = [best[2 * at], best[2 * at + 1]];
      if (value === null) best[4 + at] ??= index; // not finite: the first of a bucket is shown
      else {
        if (smallest === null || value < Number(points[key][smallest])) best[2 * at] = index;
        if (largest === null || value > Number(points[key][largest])) best[2 * at + 1] = index;
      }
    });
    best[6] = index;
  }
  close();
  return [...kept].toSorted((a, b) => a - b);
}
