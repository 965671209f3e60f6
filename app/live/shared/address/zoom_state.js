/**
 * Which part of each chart of a page is zoomed into, all in one parameter of the address: `profile_x_1_13_y_0_2*side_x_...`,
 * an axis and its range in the axis's own unit each.
 */
const AXIS_RANGE = /(?<![^_])([xy]2?)_([^_]+)_([^_]+)/g;
/** @import { Layout, Plot, Range } from "../../types.js" */
/** @import { UrlState } from "./url_state.js" */
/** @typedef {Record<string, Range>} Ranges the ranges of a chart, by axis */

/** More than a page has; an address may carry anything. */
const MAX_CHARTS = 16;

export class ZoomState {
  /**
   * address: see address/url_state.js; key: the parameter; changed(name): a chart is to be drawn again.
   * @param {UrlState} address
   * @param {string} key
   * @param {(name: string) => void} changed
   */
  constructor(address, key, changed) {
    this.address = address;
    this.key = key;
    this.changed = changed;
  }

  /**
   * The ranges of a chart by axis, { x: [from, to], y2: ... }; null when the whole is shown.
   * @param {string} name
   */
  get(name) {
    return parsed(this.address.get(this.key)).get(name) ?? null;
  }

  /** @type {(name: string, ranges: Ranges | null) => void} */
  set(name, ranges) {
    const all = parsed(this.address.get(this.key));
    if (ranges && Object.keys(ranges).length) all.set(name, ranges);
    else if (!all.delete(name)) return;
    this.address.put(this.key, all.size ? written(all) : null);
  }

  /**
   * Give a layout the ranges of its chart. What Plotly keeps by itself ends where they change.
   * @type {(name: string, layout: Layout) => void}
   */
  apply(name, layout) {
    const ranges = this.get(name) ?? {};
    for (const [axis, range] of Object.entries(ranges)) {
      const target = layout[axisOf(axis)];
      if (target) Object.assign(target, { range, autorange: false });
    }
    layout.uirevision = `${layout.uirevision} ${JSON.stringify(ranges)}`;
  }

  /**
   * Hear of the zooms of a plot: a drag, a double click that shows the whole.
   * @type {(plot: Plot, name: string) => void}
   */
  listen(plot, name) {
    plot.on("plotly_relayout", (change) => {
      const axes = Object.keys(change).flatMap((key) => key.match(/^([xy])axis(2?)\.range/)?.slice(1).join("") ?? []);
      if (!axes.length) return;
      const ranges = axes.map((axis) => [axis, [...plot._fullLayout[axisOf(axis)].range]]);
      this.set(name, { ...this.get(name), ...Object.fromEntries(ranges) });
      this.changed(name);
    });
    plot.on("plotly_doubleclick", () => this.reset(name));
  }

  /** @param {string} name */
  reset(name) {
    this.set(name, null);
    this.changed(name);
  }
}

/** @param {string} axis */
function axisOf(axis) {
  return `${axis[0]}axis${axis.slice(1)}`;
}

/** @param {Map<string, Ranges>} all */
function written(all) {
  return [...all].map(([name, ranges]) => [name, ...Object.entries(ranges).flatMap(([axis, range]) => [axis, ...range.map((value) => Number(value.toPrecision(7)))])].join("_")).join("*");
}

/** @type {(text: string | null) => Map<string, Ranges>} */
function parsed(text) {
  const charts = (text ?? "").split("*").slice(0, MAX_CHARTS).map((chart) => {
    const [name, ...rest] = chart.split("_");
    const ranges = [...rest.join("_").matchAll(AXIS_RANGE)].map(([, axis, ...ends]) => ({ axis, range: /** @type {Range} */ (ends.map(Number)) }));
    const sound = ranges.filter(({ range: [from, to] }) => from < to && Number.isFinite(to - from));
    return { name, ranges: Object.fromEntries(sound.map(({ axis, range }) => [axis, range])) };
  });
  return new Map(charts.flatMap(({ name, ranges }) => (name && Object.keys(ranges).length ? [[name, ranges]] : [])));
}
