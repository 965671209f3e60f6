/** The compared nets of a race: their common step, and the two nets of the map. Pure functions. */
import { AT_WORK, ENDED } from "../shared/run_states.js";
import { comparable } from "../shared/arm_names.js";
import { absence } from "./sentences.js";

/** The last common step of nets at work and finished nets, else of paused nets, else of all nets; -1 without a probe. */
export function commonStep(runs) {
  const probed = comparable(runs.filter(({ columns }) => columns.steps.length));
  const going = probed.filter(({ card: { state } }) => AT_WORK.has(state) || state === "finished");
  const waiting = probed.filter(({ card: { state } }) => !ENDED.has(state) || state === "finished");
  const list = [going, waiting, probed].find((nets) => nets.length);
  return list ? Math.min(...list.map(({ columns }) => columns.lastStep)) : -1;
}

/** The nets of the map, plain above and residual below: the picked ones, else the deepest comparable net with the first seed. */
export function mapNets(runs, picks) {
  const choices = ["plain", "residual"].map((family) => runs.filter((run) => run.family === family)).filter((list) => list.length);
  return choices.map((list, half) => {
    const usual = comparable(list).toSorted((a, b) => b.card.depth - a.card.depth || a.card.seed - b.card.seed)[0];
    const run = list.find(({ card }) => card.run === picks[half]) ?? usual;
    const says = absence(run) || null;
    return { run, columns: run.columns, choices: list, says, diverged: run.card.state === "diverged" && run.columns.steps.length ? run.card.step : 0 };
  });
}

export function deepest(runs) {
  return runs.filter(({ columns }) => columns.layers.length).toSorted((a, b) => b.columns.layers.length - a.columns.layers.length)[0];
}

/** The layer and the nets of a quantity's place, of a block its last layer, one net of each shown group; null without a probe. */
export function underGlass(runs, groups, place, row, step) {
  const net = deepest(runs);
  if (!net) return null;
  const of = net.columns.layers.length;
  const own = net.columns.places(row)[place]?.[0];
  const at = Math.max(0, net.columns.layers.findLastIndex(([name]) => name === own || name.startsWith(`${own}/`)));
  return { layer: net.columns.layers[at][0], place: at, of, runs: groups.flatMap(({ runs: list }) => list.find(({ columns }) => columns.steps.length && columns.at(step) >= 0) ?? []) };
}
