/**
 * The cross-hair over the curves: a line at the step under the pointer in every panel, and one card with the value of each
 * curve there. Comma and full stop move it; a click on a curve, or a second tap, is for a fork. At most once a frame.
 */
/** @import { Figure, Plot, Run, View } from "../../types.js" */
/** @import { Hit, Place, Reading } from "./readings.js" */
import { MAX_ROWS, ReadingCard } from "./card.js";
import { hoverLines, nearest, placeText, readCurve, readings } from "./readings.js";

/** A pointer that moved further has dragged. */
const STILL_PX = 4;
/** A second tap this near to the first one is meant for the same point. */
const AGAIN_PX = 24;
/** A key moves by this share of what is seen. */
const KEY_MOVE = 0.02;
/** @type {Record<string, number>} */
const KEYS = { ",": -KEY_MOVE, ".": KEY_MOVE };

/**
 * @typedef {{ runs: Run[], view: View, figure: Figure | null, mayFork: (run: number) => boolean }} Seen
 * @typedef {{ suffix: string, left: number, top: number, width: number, height: number, place: Place }} PanelPlace
 */

export class CrossHair {
  /**
   * seen(): what is drawn now; fork(point): a curve was clicked.
   * @param {HTMLElement} stage
   * @param {Plot} plot
   * @param {{ seen: () => Seen, fork: (point: { run: number, step: number }) => void }} options
   */
  constructor(stage, plot, { seen, fork }) {
    this.stage = stage;
    this.plot = plot;
    this.seen = seen;
    this.fork = fork;
    this.card = new ReadingCard(stage);
    /** @type {{ x: number, y: number, touch: boolean } | null} where the pointer is, in the window's pixels */
    this.at = null;
    /** @type {number | null} where the keys are, in the axis's own unit */
    this.key = null;
    /** @type {{ x: number, y: number } | null} */
    this.pressed = null;
    /** @type {Hit | null} */
    this.hit = null;
    this.frame = 0;
    this.listening = new AbortController();
    const { signal } = this.listening;
    stage.addEventListener("pointermove", (event) => this.#moved(event), { signal, passive: true });
    stage.addEventListener("pointerleave", (event) => event.pointerType === "touch" || this.#to(null), { signal });
    stage.addEventListener("pointerdown", ({ clientX: x, clientY: y, button, target }) => {
      this.pressed = button === 0 && plot.contains(/** @type {globalThis.Node} */ (target)) ? { x, y } : null;
    }, { signal });
    window.addEventListener("pointerup", (event) => this.#released(event), { signal });
    stage.addEventListener("keydown", (event) => this.#key(event), { signal });
    stage.addEventListener("blur", () => this.key === null || this.#to(null), { signal });
  }

  stop() {
    this.listening.abort();
    cancelAnimationFrame(this.frame);
  }

  /** The curves were drawn again, or others are. */
  refresh() {
    if (this.at || this.key !== null || this.card.shown) this.#soon();
  }

  /** @param {PointerEvent} event */
  #moved({ clientX: x, clientY: y, buttons, pointerType }) {
    if (pointerType === "touch") return;
    this.#to(buttons ? null : { x, y, touch: false });
  }

  /** @param {{ x: number, y: number, touch: boolean } | null} at */
  #to(at) {
    this.at = at;
    this.key = null;
    this.#soon();
  }

  #soon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.#show();
    });
  }

  /** @param {PointerEvent} event */
  #released({ clientX: x, clientY: y, pointerType }) {
    const { pressed, at: before } = this;
    this.pressed = null;
    const touch = pointerType === "touch";
    if (!pressed || Math.hypot(x - pressed.x, y - pressed.y) > STILL_PX) {
      if (touch) this.#to(null);
      return;
    }
    this.at = { x, y, touch };
    this.key = null;
    this.#show();
    // A finger has not seen the card before its first tap.
    if (touch && !(before?.touch && Math.hypot(x - before.x, y - before.y) <= AGAIN_PX)) return;
    const point = this.hit && pointOf(this.hit);
    if (point && this.#forks(point)) this.fork(point);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const by = KEYS[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || !this.plot._fullLayout) return;
    if (event.key === "Escape" && this.key !== null) this.#to(null);
    else if (by) {
      const [from, to] = this.plot._fullLayout.xaxis.range;
      const start = this.key ?? (by > 0 ? from : to);
      this.at = null;
      this.key = Math.min(to, Math.max(from, start + by * (to - from)));
      this.#soon();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {{ run: number }} point */
  #forks({ run }) {
    const { mayFork, view } = this.seen();
    return mayFork(run) && !["gap", "depth"].includes(view.layout);
  }

  #show() {
    const { runs, view, figure } = this.seen();
    const curve = figure && !view.hidden && view.layout !== "depth" ? readCurve(view) : null;
    const panels = curve ? panelsOf(this.plot) : [];
    const { left, top } = this.at ? this.plot.getBoundingClientRect() : { left: 0, top: 0 };
    const at = this.at && { x: this.at.x - left, y: this.at.y - top };
    const panel = at ? panels.find((one) => within(one, at)) : this.key === null ? undefined : panels[0];
    this.hit = null;
    if (!figure || !curve || !panel) {
      this.card.hide();
      this.stage.classList.remove("ss-clickable");
      return;
    }
    const x = at ? panel.place.value(at.x) : this.key ?? 0;
    const list = readings(figure.data, x, view, new Map(panels.map(({ suffix, place }) => [suffix, place])));
    this.hit = at && nearest(figure.data, panel.suffix, at, panel.place);
    const over = this.hit && pointOf(this.hit), point = over && this.#forks(over) ? over : null;
    this.stage.classList.toggle("ss-clickable", Boolean(point));
    this.card.cross(panels.map(({ place, ...one }) => ({ ...one, x: place.x(x) })));
    this.card.mark(this.hit && { ...this.hit, color: colorOf(this.hit) });
    const rows = shortened(list, at ? panel.place.y : null, at?.y ?? 0);
    const words = {
      place: placeText(x, view), words: curve.words + (list.some(({ spread }) => spread) ? ", mean of the seeds and their range" : ""), rows, more: list.length - rows.length,
      near: this.hit && this.hit.trace.meta !== curve.meta ? hoverLines(this.hit) : [],
      hint: hintOf(point, runs, Boolean(this.at?.touch)),
    };
    this.card.show(words, { x: panel.place.x(x), y: at?.y ?? panel.top + panel.height / 2 });
    if (this.key !== null) this.card.spoken.textContent = `${words.place}: ${rows.map(({ name, value }) => `${name} ${value}`).join(", ")}`;
  }
}

/** @type {(one: PanelPlace, at: { x: number, y: number }) => boolean} */
function within({ left, top, width, height }, { x, y }) {
  return x >= left && x <= left + width && y >= top && y <= top + height;
}

/**
 * Where the panels lie in Plotly's element.
 * @type {(plot: Plot) => PanelPlace[]}
 */
function panelsOf({ _fullLayout: layout }) {
  return Object.keys(layout ?? {}).filter((key) => /^xaxis\d*$/.test(key)).map((key) => {
    const [x, y] = [layout[key], layout[key.replace("x", "y")]];
    return {
      suffix: key.slice("xaxis".length), left: x._offset, top: y._offset, width: x._length, height: y._length,
      place: {
        x: (value) => x._offset + x.c2p(value), y: (value) => y._offset + y.c2p(value), value: (px) => x.p2l(px - x._offset),
      },
    };
  });
}

/**
 * The run and the step of a hit; null for what is no curve of a run.
 * @type {(hit: Hit) => { run: number, step: number } | null}
 */
function pointOf({ trace, index }) {
  const step = trace.steps?.[index], run = trace.runs?.[index] ?? trace.run;
  return run === undefined || step === undefined || step === null ? null : { run, step };
}

/** @param {Hit} hit */
function colorOf({ trace, index }) {
  const color = trace.line?.color ?? trace.marker?.line?.color ?? trace.marker?.color;
  return Array.isArray(color) ? color[index] : color;
}

/** @type {(point: { run: number, step: number } | null, runs: Run[], touch: boolean) => string} */
function hintOf(point, runs, touch) {
  if (!point) return "";
  const name = runs.find(({ card }) => card.run === point.run)?.label;
  return name ? `${touch ? "Tap again" : "Click"} to fork ${name} at step ${point.step}` : "";
}

/**
 * The rows that have room: of many those next to the pointer, in their order.
 * @type {(list: Reading[], yOf: ((value: number) => number) | null, y: number) => Reading[]}
 */
function shortened(list, yOf, y) {
  if (list.length <= MAX_ROWS || !yOf) return list.slice(0, MAX_ROWS);
  const apart = (/** @type {Reading} */ row) => (Number.isFinite(row.y) ? Math.abs(yOf(row.y) - y) : Infinity);
  const kept = new Set(list.toSorted((a, b) => apart(a) - apart(b)).slice(0, MAX_ROWS));
  return list.filter((row) => kept.has(row));
}
