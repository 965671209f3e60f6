/** Marks in a panel: curves of one kind at several values of a setting differ by them, and a line says when something happens. Pure functions. */
import { isBundle, isSeed } from "../curves.js";
import { spoken } from "../../shared/format.js";

/** Plotly's name, and the letter that looks like it in a name beside a curve. */
const SYMBOLS = [["square", "■"], ["triangle-up", "▲"], ["circle", "●"], ["diamond", "◆"], ["cross", "✚"], ["star", "★"]];
/** A curve of many points has so many marks. */
const MAX_DRAWN = 9;
const SIZE_PX = 8;
/** Behind this share of the axis the words stand to the left of their line. */
const FAR = 0.6;

/**
 * The marks of a panel's curves by value: [{ setting, value, symbol, letter }], none where no kind has several values, or where
 * there are more values than marks: a fan of so many is read by its order.
 */
export function marksOf(all) {
  const drawn = all.filter((curve) => !isSeed(curve) && !isBundle(curve) && curve.value !== null);
  const fanned = [...Map.groupBy(drawn, ({ kind }) => kind).values()].filter((fan) => new Set(fan.map(({ value }) => value)).size > 1).flat();
  const values = [...new Map(fanned.map(({ setting, value }) => [`${setting} ${value}`, { setting, value }])).values()].toSorted((a, b) => a.value - b.value);
  if (values.length > SYMBOLS.length) return [];
  const kinds = new Set(fanned.map(({ kind }) => kind));
  return values.map((of, index) => ({ ...of, kinds, symbol: SYMBOLS[index][0], letter: SYMBOLS[index][1] }));
}

/** The mark of a curve, undefined without one. */
export function markOf(marks, { kind, setting, value }) {
  return marks.find((mark) => mark.kinds.has(kind) && mark.setting === setting && mark.value === value);
}

/** What a trace has of its mark: Plotly spaces few marks over many points. */
export function marked(mark, color) {
  return mark ? { mode: "lines+markers", marker: { symbol: mark.symbol, size: SIZE_PX, color, maxdisplayed: MAX_DRAWN } } : {};
}

/** What a mark means, for a legend: `rate 0.1`. */
export function markName({ setting, value }) {
  return `${setting} ${spoken(value)}`;
}

/**
 * Shapes and annotations of a panel's event, none without one: panel.event names the setting whose value is its place on
 * the x axis, panel.event_words says what happens. span: [low, high] of the axis.
 */
export function eventOf({ event, event_words: words }, settings, span, theme) {
  const at = event ? settings?.[event] : undefined;
  if (!Number.isFinite(at) || !span || at < span[0] || at > span[1]) return { shapes: [], annotations: [] };
  const left = at - span[0] > FAR * (span[1] - span[0]);
  return {
    shapes: [{ type: "line", yref: "paper", x0: at, x1: at, y0: 0, y1: 1, line: { color: theme.text, width: 1.5, dash: "dash" } }],
    annotations: [{
      text: `${words} at ${spoken(at)}`, x: at, y: 1, yref: "paper", yanchor: "top", showarrow: false, bgcolor: theme.page, borderpad: 2, opacity: 0.9,
      ...(left ? { xanchor: "right", xshift: -4 } : { xanchor: "left", xshift: 4 }), font: { color: theme.text },
    }],
  };
}
