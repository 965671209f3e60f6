/** Runs with probes as the page of the layers holds them. */
import { Columns } from "../../../../app/live/layers/panels/columns.js";
import { Scale } from "../../../../app/live/layers/panels/scale.js";

export const THEME = { scheme: "light", text: "#111111", muted: "#777777", grid: "#dddddd", page: "#fefefe", font: "Arial" };
export const ROW = { name: "response_std", label: "response std", unit: "", per: "layer", noun: "layer", scale: "linear", low: 0, high: 2, neutral: null };

/** Codes as they travel. */
export function encoded(codes) {
  return Buffer.from(new Uint16Array(codes.flat()).buffer).toString("base64");
}

/** The code of a value on a linear scale, calculated anew: 1 to 65534 from its lowest to its highest value. */
export function codeOf(value, { low, high } = ROW) {
  if (value === null) return 0;
  if (value === Infinity) return 65535;
  return 1 + Math.round(((value - low) / (high - low)) * 65533);
}

/** columns: { name: [[value per layer] per step] }. */
export function columns(steps, values, { learn = () => {}, planned = [...steps], layers = 3, blocks = 1, relus = 0, sublayers = 0, ...more } = {}) {
  const places = (count, kind) => Array.from({ length: count }, (_, index) => [`${kind}${index + 1}`, 1 + (index >> 1), 16]);
  const arrays = Object.fromEntries(Object.entries(values).map(([name, list]) => [name, encoded(list.map((column) => column.map((value) => codeOf(value))))]));
  return new Columns({ layers: places(layers, "conv"), blocks: places(blocks, "block"), relus: places(relus, "fc"), sublayers: places(sublayers, "part"), planned, total: steps.length, steps: [...steps], share: 0.01, images: 128, arrays, ...more }, learn);
}

export function probed(number, arm, steps, values, { seed = 0, state = "running", ...more } = {}) {
  const [variant, depth] = arm.split("-");
  const card = { run: number, arm, depth: Number(depth), shortcut: variant, plain: variant === "plain", seed, state, step: steps.at(-1) ?? 0, total_steps: 300, precision: "fp32", device: "cpu", threads: 1 };
  const color = { light: `#0000${(16 + number).toString(16)}`, dark: "#ffffff" };
  return { card, columns: columns(steps, values, more), label: arm, color, textColor: color, family: variant === "plain" ? "plain" : "residual" };
}

export function scale(row = {}) {
  return new Scale({ ...ROW, ...row });
}
