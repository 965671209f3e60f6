/** The nets of a race that are compared: their common step, and the two nets of the map. Pure functions. */
import { AT_WORK, ENDED } from "../shared/run_states.js";
import { comparable } from "./arm_names.js";
import { absence } from "./sentences.js";

/** The last step that all nets at work and finished nets have reached, else all paused nets, else those that ended early; -1 without a probe. */
export function commonStep(runs) {
  const probed = comparable(runs.filter(({ columns }) => columns.steps.length));
  const going = probed.filter(({ card: { state } }) => AT_WORK.has(state) || state === "finished");
  const waiting = probed.filter(({ card: { state } }) => !ENDED.has(state) || state === "finished");
  const list = [going, waiting, probed].find((found) => found.length);
  return list ? Math.min(...list.map(({ columns }) => columns.lastStep)) : -1;
}

/** The nets of the map, a plain one above and a residual one below: those picked, else the deepest comparable net with the first seed. */
export function mapNets(runs, picks) {
  const choices = ["plain", "residual"].map((family) => runs.filter((run) => run.family === family)).filter((list) => list.length);
  return choices.map((list, half) => {
    const usual = comparable(list).toSorted((a, b) => b.card.depth - a.card.depth || a.card.seed - b.card.seed)[0];
    const run = list.find(({ card }) => card.run === picks[half]) ?? usual;
    const says = absence(run.card, run.columns) || null;
    return { run, columns: run.columns, choices: list, says, diverged: run.card.state === "diverged" && run.columns.steps.length ? run.card.step : 0 };
  });
}

/** The run with the most layers, undefined without a probe. */
export function deepest(runs) {
  return runs.filter(({ columns }) => columns.layers.length).toSorted((a, b) => b.columns.layers.length - a.columns.layers.length)[0];
}

/** Which layer of which runs a place of a quantity stands for, the last layer of a block; null without a probe. */
export function underGlass(runs, shown, place, row, step) {
  const net = deepest(runs);
  if (!net) return null;
  const of = net.columns.layers.length;
  const at = row.per === "block" ? Math.min(of - 1, 2 * place + 2) : place;
  return { layer: net.columns.layers[at][0], place: at, of, runs: shown.filter(({ columns }) => columns.steps.length && columns.at(step) >= 0) };
}
