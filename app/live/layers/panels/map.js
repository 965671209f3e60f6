/** A quantity over depth and time: a mirrored canvas for each of two nets. A pixel of several cells shows their largest value. */
import { roundStep } from "../../shared/axis_labels.js";
import { element } from "../../shared/dom.js";
import { grouped } from "../../shared/format.js";
import { tickWord } from "./plot.js";
import { INFINITE, NOTHING } from "./scale.js";

const TICK_PX = 12;
const HATCH_PX = 6;

export class ProbeMap {
  /** node: .sp-maps; act: { hover(spot | null), pick(spot) } with spot = { half, place, column }. */
  constructor(node, act) {
    this.act = act;
    this.times = node.querySelector(".sp-times");
    this.halves = [...node.querySelectorAll(".sp-half")].map((half, index) => {
      const field = half.querySelector(".sp-field");
      const made = {
        half, field, index, canvas: half.querySelector("canvas"), now: half.querySelector(".sp-now"), layer: half.querySelector(".sp-layer-line"),
        ends: half.querySelector(".sp-end"), stretch: half.querySelector(".sp-stretch"), stages: half.querySelector(".sp-stages"), says: half.querySelector(".sp-field-says"),
      };
      field.onpointermove = (event) => this.#moved(made, event);
      field.onpointerleave = () => act.hover(null);
      field.onpointerdown = (event) => this.#pressed(made, event);
      return made;
    });
  }

  /** nets: one or two of { columns, says: the reason for an empty half, diverged }. */
  draw(nets, scale, timeline, theme) {
    Object.assign(this, { nets, scale, columns: timeline.columns });
    for (const made of this.halves) {
      const net = nets[made.index];
      made.half.hidden = !net;
      if (net) this.#half(made, net, theme);
    }
    this.#ticks();
    this.look(timeline.index);
  }

  look(index) {
    const count = Math.max(1, this.columns?.length ?? 1);
    for (const { now } of this.halves) {
      now.style.left = `${(100 * index) / count}%`;
      now.style.width = `${100 / count}%`;
    }
  }

  /** Mark a place in each half. */
  mark(places) {
    this.halves.forEach(({ layer, index }) => {
      const [place, count] = [places[index], this.#depth(index)];
      layer.hidden = !(place < count);
      if (layer.hidden) return;
      const from = index ? place : count - 1 - place;
      Object.assign(layer.style, { top: `${(100 * from) / count}%`, height: `${100 / count}%` });
    });
  }

  /** Frame the layers of a place { key, first, last, word } in its net; null frames nothing. keys: of the net of each half. */
  frame(place, keys) {
    this.halves.forEach(({ stretch, index }) => {
      const count = this.#depth(index);
      stretch.hidden = !place || keys[index] !== place.key || place.last >= count;
      if (stretch.hidden) return;
      const { first, last, word } = place;
      const from = index ? first : count - 1 - last;
      Object.assign(stretch.style, { top: `${(100 * from) / count}%`, height: `${(100 * (last - first + 1)) / count}%` });
      stretch.dataset.word = 2 * from + last - first + 1 > count ? "above" : "below";
      stretch.firstElementChild.textContent = word;
    });
  }

  #depth(index) {
    return this.nets?.[index]?.columns.places(this.scale.row).length ?? 0;
  }

  /** Whether several cells of a net share a pixel. */
  get crowded() {
    return this.halves.some(({ canvas, index }) => this.nets?.[index] && (this.columns.length > canvas.width || this.#depth(index) > canvas.height));
  }

  /** The picture for shared/export/map_picture.js. */
  picture(theme) {
    const at = (word, side) => ({ text: word.textContent, at: parseFloat(word.style[side]) / 100 });
    const shown = this.halves.filter(({ index }) => this.nets?.[index]);
    const { clientWidth: width, clientHeight: height } = shown[0].field;
    return {
      width, height,
      ticks: [...this.times.children].map((word) => at(word, "left")),
      halves: shown.map(({ canvas, stages, ends, stretch, index }) => {
        const { run: { label: name, textColor }, says } = this.nets[index];
        return {
          name, color: textColor[theme.scheme], says, cells: says ? "" : canvas.toDataURL("image/png"), stages: [...stages.children].map((word) => at(word, "top")),
          end: ends.hidden ? null : { ...at(ends, "left"), side: ends.dataset.side }, downwards: index === 1, count: this.#depth(index),
          stretch: stretch.hidden ? null : { ...at(stretch, "top"), height: parseFloat(stretch.style.height) / 100 },
        };
      }),
    };
  }

  #half(made, net, theme) {
    const rows = net.columns.places(this.scale.row);
    made.says.textContent = net.says ?? "";
    made.says.hidden = !net.says;
    made.now.hidden = Boolean(net.says);
    this.#stages(made, rows);
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [made.field.clientWidth, made.field.clientHeight].map((px) => Math.max(1, Math.round(px * ratio)));
    if (made.canvas.width !== width || made.canvas.height !== height) Object.assign(made.canvas, { width, height });
    const context = made.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    const count = this.columns.length;
    const last = this.columns.findLastIndex((step) => step <= net.columns.lastStep);
    made.ends.hidden = !net.diverged || !count;
    if (net.diverged) {
      made.ends.style.left = `${(100 * (last + 1)) / count}%`;
      made.ends.textContent = `diverged at step ${grouped(net.diverged)}`;
      made.ends.dataset.side = last + 1 > 0.6 * count ? "left" : "right";
    }
    Object.assign(made, { missing: 0, infinite: 0 });
    if (!rows.length || !count || last < 0) return;
    const cells = this.#cells(net.columns, rows.length, { width: Math.min(count, width), height: Math.min(rows.length, height) }, made.index === 1, theme);
    Object.assign(made, { missing: cells.missing, infinite: cells.infinite });
    context.imageSmoothingEnabled = false;
    context.drawImage(cells.image, 0, 0, width, height);
    if (cells.missing) hatch(context, cells.mask, theme, ratio);
    this.#borders(context, rows, made.index === 1, theme, ratio);
  }

  /** One pixel per cell: the image, and a mask of missing values. */
  #cells(columns, depth, { width, height }, downwards, theme) {
    const table = this.scale.pixels(theme.scheme);
    const name = this.scale.row.name;
    const first = columns.firstMeasured(name);
    const image = new ImageData(width, height);
    const mask = new ImageData(width, height);
    const [pixels, holes] = [new Uint32Array(image.data.buffer), new Uint32Array(mask.data.buffer)];
    let [missing, infinite] = [0, 0];
    for (let x = 0; x < width; x += 1) {
      const lists = [];
      for (let t = Math.floor((x * this.columns.length) / width); t < Math.floor(((x + 1) * this.columns.length) / width); t += 1) {
        const column = this.columns[t] > columns.lastStep ? -1 : columns.at(this.columns[t]);
        const codes = column >= first ? columns.codes(name, column) : null;
        if (codes) lists.push(codes);
      }
      if (!lists.length) continue;
      for (let y = 0; y < height; y += 1) {
        let [most, hole] = [NOTHING, false];
        for (let place = Math.floor((y * depth) / height); place < Math.floor(((y + 1) * depth) / height); place += 1) {
          for (const codes of lists) {
            if (codes[place] === NOTHING) hole = true;
            else if (codes[place] > most) most = codes[place];
          }
        }
        const at = (downwards ? y : height - 1 - y) * width + x;
        pixels[at] = table[most];
        if (most === INFINITE) infinite += 1;
        if (hole && most !== INFINITE) {
          holes[at] = 0xffffffff;
          missing += 1;
        }
      }
    }
    return { image: surface(image), mask: surface(mask), missing, infinite };
  }

  #borders(context, rows, downwards, theme, ratio) {
    const { width, height } = context.canvas;
    context.fillStyle = theme.scheme === "light" ? "rgba(255,255,255,0.85)" : "rgba(11,14,18,0.85)";
    rows.forEach((row, place) => {
      if (place === 0 || rows[place - 1][1] === row[1] || row[1] === 1) return;
      const at = (height * place) / rows.length;
      context.fillRect(0, Math.round(downwards ? at : height - at) - ratio / 2, width, ratio);
    });
  }

  #stages(made, rows) {
    const stages = rows.map((row) => row[1]);
    const key = stages.join("");
    if (made.stageKey === key) return;
    made.stageKey = key;
    const numbers = [...new Set(stages)].filter((number) => number > 0);
    made.stages.replaceChildren(...(numbers.length > 1 ? numbers : []).map((stage) => {
      const word = element("span", "", `stage ${stage}`);
      const middle = (stages.indexOf(stage) + stages.lastIndexOf(stage) + 1) / 2 / stages.length;
      word.style.top = `${100 * (made.index ? middle : 1 - middle)}%`;
      return word;
    }));
  }

  /** Step numbers under their columns, as many as fit. */
  #ticks() {
    const width = this.times.clientWidth;
    const count = this.columns.length;
    const key = `${width} ${count} ${this.columns.at(-1)} ${this.columns[count >> 1]}`;
    if (key === this.tickKey || !width) return;
    this.tickKey = key;
    const centre = (index) => ((index + 0.5) * width) / count;
    const half = (index) => 3.7 * grouped(this.columns[index]).length + TICK_PX / 2;
    const chosen = [];
    const fits = (index) => chosen.every((other) => Math.abs(centre(other) - centre(index)) >= half(other) + half(index));
    const stride = Math.max(1, roundStep(count / Math.max(1, Math.floor(width / 70))));
    const wanted = [0, count - 1, ...[...this.columns.keys()].filter((index) => index % stride === 0)];
    for (const index of wanted) if (index >= 0 && index < count && !chosen.includes(index) && fits(index)) chosen.push(index);
    this.times.replaceChildren(...chosen.map((index) => {
      const edge = centre(index) < half(index) ? "left" : centre(index) > width - half(index) ? "right" : "";
      return tickWord(grouped(this.columns[index]), (100 * (index + 0.5)) / count, edge);
    }));
  }

  #spot(made, event) {
    const net = this.nets?.[made.index];
    if (!net || !this.columns.length) return null;
    const box = made.field.getBoundingClientRect();
    const within = (share) => Math.min(0.9999, Math.max(0, share));
    const across = within((event.clientX - box.left) / box.width);
    const down = within((event.clientY - box.top) / box.height);
    return { half: made.index, place: Math.floor((made.index ? down : 1 - down) * this.#depth(made.index)), column: Math.floor(across * this.columns.length) };
  }

  #moved(made, event) {
    const spot = this.#spot(made, event);
    if (!spot) return;
    if (event.buttons === 1 && made.dragging) this.act.pick(spot);
    else this.act.hover(spot);
  }

  #pressed(made, event) {
    const spot = this.#spot(made, event);
    made.dragging = event.pointerType === "mouse";
    if (spot) this.act.pick(spot);
  }
}

function canvasOf(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

function surface(image) {
  const canvas = canvasOf(image.width, image.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** Draw stripes over the cells of a mask. */
function hatch(context, mask, theme, ratio) {
  const { width, height } = context.canvas;
  const size = HATCH_PX * ratio;
  const tile = canvasOf(size, size);
  const draw = tile.getContext("2d");
  draw.fillStyle = theme.scheme === "light" ? "#ffffff" : "#0b0e12";
  draw.fillRect(0, 0, size, size);
  draw.strokeStyle = theme.muted;
  draw.lineWidth = 1.4 * ratio;
  draw.beginPath();
  for (const shift of [-size, 0, size]) {
    draw.moveTo(shift, size);
    draw.lineTo(shift + size, 0);
  }
  draw.stroke();
  const layer = canvasOf(width, height);
  const over = layer.getContext("2d");
  over.imageSmoothingEnabled = false;
  over.drawImage(mask, 0, 0, width, height);
  over.globalCompositeOperation = "source-in";
  over.fillStyle = over.createPattern(tile, "repeat");
  over.fillRect(0, 0, width, height);
  context.drawImage(layer, 0, 0);
}
