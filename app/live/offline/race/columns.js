/** Every step of a training from its bytes, as app/live/offline/race/columns.py wrote them. Pure functions. */

const LOSS_STEP = 0.001, LOSS_ONE = 32768, NOTHING = 65535;
/** Points of a running error where it is stored. */
const FINE_ERROR = 0.01;

/**
 * @typedef {object} RunIndex how a run is stored
 * @property {number} rows
 * @property {number} [first] the first step, where steps count up by one
 * @property {number} unit points of one count of an error
 * @property {boolean} exact whether such a count is an image of the batch
 * @property {number} every so often the clock is stored
 * @property {number} window steps of a running mean
 * @property {boolean} running whether the running means are stored
 * @property {number} at where its bytes begin
 */

/**
 * The columns of a run: step, seconds, loss, error and their running means; NaN for what was not finite.
 * @type {(bytes: Uint8Array, index: RunIndex) => Record<string, Float64Array>}
 */
export function decodedRun(bytes, { rows, first, unit, every, window, running, at }) {
  let offset = at;
  const next = (/** @type {number} */ count, /** @type {number} */ width) => {
    const values = joined(bytes.subarray(offset, offset + count * width), count, width);
    offset += count * width;
    return values;
  };
  const step = first === undefined ? summed(next(rows, 4)) : Float64Array.from({ length: rows }, (_, row) => first + row);
  const error = next(rows, 2).map((code) => (code === NOTHING ? NaN : code * unit));
  const loss = next(rows, 2).map(lossOf);
  const known = clockRows(rows, every);
  const seconds = between(step, known, summed(next(known.length, 4)).map((hundredths) => hundredths / 100));
  const running_error = running ? next(rows, 2).map((code) => (code === NOTHING ? NaN : code * FINE_ERROR)) : runningMean(error, window);
  const running_loss = running ? next(rows, 2).map(lossOf) : runningMean(loss, window);
  return { step, seconds, loss, error, running_loss, running_error };
}

/** @param {number} code */
function lossOf(code) {
  return code === NOTHING ? NaN : Math.exp((code - LOSS_ONE) * LOSS_STEP);
}

/** @type {(bytes: Uint8Array, count: number, width: number) => Float64Array} */
function joined(bytes, count, width) {
  const values = new Float64Array(count);
  for (let plane = width - 1; plane >= 0; plane--) for (let row = 0; row < count; row++) values[row] = values[row] * 256 + bytes[plane * count + row];
  return values;
}

/** @param {Float64Array} changes */
function summed(changes) {
  let sum = 0;
  return changes.map((change) => (sum += change));
}

/** @type {(rows: number, every: number) => number[]} */
function clockRows(rows, every) {
  const known = [];
  for (let row = 0; row < rows; row += every) known.push(row);
  if (rows && known.at(-1) !== rows - 1) known.push(rows - 1);
  return known;
}

/**
 * The clock of every step from that of some rows.
 * @type {(step: Float64Array, known: number[], values: Float64Array) => Float64Array}
 */
function between(step, known, values) {
  const all = new Float64Array(step.length);
  known.forEach((row, place) => {
    const before = place ? known[place - 1] : row;
    for (let at = before; at <= row; at++) all[at] = row === before ? values[place] : values[place - 1] + ((values[place] - values[place - 1]) * (step[at] - step[before])) / (step[row] - step[before]);
  });
  return all;
}

/** @type {(values: Float64Array, window: number) => Float64Array} */
function runningMean(values, window) {
  let sum = 0;
  return values.map((value, row) => {
    sum += value - (row >= window ? values[row - window] : 0);
    return sum / Math.min(window, row + 1);
  });
}
