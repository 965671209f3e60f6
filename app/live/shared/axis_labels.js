/** Where words stand along an axis: steps on round numbers, labels that do not cover one another. Pure functions. */

/**
 * The next of 1, 2, 5 and 10 times a power of ten: the step of an axis on round numbers.
 * @param {number} raw
 */
export function roundStep(raw) {
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * ([1, 2, 5].find((part) => part * power >= raw * 0.999) ?? 10);
}

/**
 * All multiples of a step from one number to another one, without the noise of their last digits.
 * @param {number} low
 * @param {number} high
 * @param {number} step
 */
export function multiples(low, high, step) {
  const first = Math.ceil(low / step - 1e-6);
  return Array.from({ length: Math.floor(high / step + 1e-6) - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(6)));
}

/**
 * Push labels upwards until none covers another one, and down again where they would leave the room from 0 to `top`.
 * `natural` is where the line of a label ends, `px` the height of the label. Plotly moves no annotations by itself.
 * @template {{ natural: number, px: number }} T
 * @param {T[]} labels
 * @param {{ bottom?: number, top: number }} room
 * @returns {(T & { at: number })[]} the labels from below to above, `at` is the middle of each
 */
export function pushedApart(labels, { bottom = 0, top }) {
  let [floor, ceiling] = [bottom, top];
  const placed = labels.toSorted((a, b) => a.natural - b.natural).map((label) => {
    const at = Math.max(label.natural, floor + label.px / 2);
    floor = at + label.px / 2;
    return { ...label, at };
  });
  for (const label of placed.toReversed()) {
    label.at = Math.min(label.at, ceiling - label.px / 2);
    ceiling = label.at - label.px / 2;
  }
  return placed;
}
