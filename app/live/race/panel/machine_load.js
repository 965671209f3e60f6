/** How busy the machine is: processor, memory, graphics cards, as small bars. They come along with points, about every two seconds. */
import { element, keepRows, setText } from "../../shared/dom.js";

/** Older figures say nothing about now. */
const STALE_MS = 8_000;

export class MachineLoad {
  constructor(place) {
    this.place = place;
    this.bars = new Map();
  }

  /** load: [processor, memory, [[busy, memory] per card]] in percent, null where unknown. */
  take([cpu, memory, cards]) {
    this.at = performance.now();
    const named = cards.length > 1 ? (index) => `GPU ${index} ` : () => "GPU ";
    this.load = [["processor", cpu], ["memory", memory], ...cards.flatMap(([busy, used], index) => [[named(index).trim(), busy], [`${named(index)}memory`, used]])];
  }

  /** Nothing more is told of it. */
  clear() {
    this.load = undefined;
  }

  draw() {
    this.place.hidden = !this.load || performance.now() - this.at > STALE_MS;
    if (this.place.hidden) return;
    keepRows(this.place, this.bars, this.load.map(([name]) => name), made);
    for (const [name, value] of this.load) {
      const { root, bar, figure } = this.bars.get(name);
      root.hidden = value === null;
      bar.value = value ?? 0;
      setText(figure, `${value} %`);
    }
  }
}

function made(name) {
  const parts = { root: element("label"), bar: element("meter", "", "", { min: 0, max: 100 }), figure: element("span", "ss-figure") };
  parts.root.append(name, parts.bar, parts.figure);
  return parts;
}
