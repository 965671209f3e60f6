/**
 * Which points of a curve stay when there is room for fewer: of every bucket of steps the smallest and largest loss and
 * error, and the last. The rule of engine/store/decimate.py, so that a spike is never hidden. Pure functions.
 */
const DECIDING = ["loss", "error"];

/** points: columns of one length, `step` ascending, null where nothing finite was measured. Returns at most so many. */
export function decimate(points, atMost) {
  let kept = points.step.map((_, index) => index);
  for (let width = 1; kept.length > atMost; width *= 2) {
    // What a bucket keeps is among what its halves keep.
    kept = keptOf(kept, points, width);
    if (width > points.step.at(-1)) break;
  }
  if (kept.length === points.step.length) return points;
  return Object.fromEntries(Object.entries(points).map(([key, column]) => [key, kept.map((index) => column[index])]));
}

function keptOf(indices, points, width) {
  const kept = new Set(indices.slice(0, 1));
  let bucket = null, best = [];
  const close = () => best.forEach((index) => index !== null && kept.add(index));
  for (const index of indices) {
    const here = Math.floor(points.step[index] / width);
    if (here !== bucket) {
      close();
      [bucket, best] = [here, [null, null, null, null, null, null, null]];
    }
    DECIDING.forEach((key, at) => {
      const value = points[key][index];
      if (value === null) best[4 + at] ??= index; // not finite: the first of a bucket is shown
      else {
        if (best[2 * at] === null || value < points[key][best[2 * at]]) best[2 * at] = index;
        if (best[2 * at + 1] === null || value > points[key][best[2 * at + 1]]) best[2 * at + 1] = index;
      }
    });
    best[6] = index;
  }
  close();
  return [...kept].toSorted((a, b) => a - b);
}
