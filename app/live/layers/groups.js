/** The nets of a race as lines: the seeds of an arm are one line; more lines than one can tell apart are shown by family. Pure functions. */
import { armKey } from "./sentences.js";

/** Lines that are shown together at most, unless all are wanted. */
export const MAX_LINES = 8;
export const ALL = "all";

/** The runs as groups, in their order: [{ ...the first run, key, label, runs }]. A net with a difference is a group of its own. */
export function groupsOf(runs) {
  return [...Map.groupBy(runs, ({ card }) => armKey(card))].map(([key, list]) => ({ ...list[0], key, label: list.length > 1 ? list[0].card.arm : list[0].label, runs: list }));
}

/** The choices where there are too many groups: [{ key, label, groups }], the usual one first; none where all can be shown. */
export function familiesOf(groups) {
  if (groups.length <= MAX_LINES) return [];
  const plain = groups.filter(({ card }) => card.plain);
  const variants = [...Map.groupBy(groups.filter(({ card }) => !card.plain), ({ card }) => card.variant)];
  const pairs = variants.map(([key, list]) => {
    const together = plain.length > 0 && plain.length + list.length <= MAX_LINES;
    return { key, label: together ? `plain and ${key}` : key, groups: together ? [...plain, ...list] : list };
  });
  const alone = plain.length && !pairs.some(({ groups: list }) => list.includes(plain[0])) ? [{ key: "plain", label: "plain", groups: plain }] : [];
  return [...alone, ...pairs, { key: ALL, label: `all ${groups.length} nets`, groups }];
}

/** The groups of the chosen family, of the usual one without a choice. */
export function inFamily(groups, families, chosen) {
  return (families.find(({ key }) => key === chosen) ?? families[0])?.groups ?? groups;
}

/** The columns of the seeds that are at a step; of seeds that ended before it, where none is, their newest ones. */
export function seedsAt({ runs }, step) {
  const probed = runs.map(({ columns }) => columns).filter((columns) => columns.steps.length);
  const there = probed.filter(({ lastStep }) => lastStep >= step);
  return there.length ? there : probed;
}
