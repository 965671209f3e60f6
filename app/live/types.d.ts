/** Shapes that travel between the modules of the page. Types alone: no browser loads this file. */
import type { Series } from "./race/series.js";

export type Metric = "error" | "loss";
export type Scale = "linear" | "log";
export type XAxis = "step" | "epoch" | "seconds";
/** The training itself, or a kind of evaluation. */
export type Split = "train" | "train_clean" | "test_subset" | "validation" | "test";
/** A colour for each ground. */
export type Color = Record<string, string>;
export type Range = [number, number];

/** Columns of one length; null where nothing finite was measured, or a running mean was not sent. */
export interface Points {
  step: number[];
  seconds: number[];
  [key: string]: (number | null)[];
}

/** Columns of numbers without a gap. While they are filled they are typed arrays, which serve as lists here. */
export type Table = Record<string, number[]>;
/** A curve at the points where it has a value. */
export interface Curve {
  step: number[];
  value: number[];
  seconds: number[];
}

/** What the server tells of a run besides its points, see app/data. */
export interface Card {
  run: number;
  race: number;
  arm: string;
  depth: number;
  /** `56`, or `12 blocks (50 layers)`. */
  depth_name?: string;
  shortcut: string;
  variant: string;
  seed: number;
  plain: boolean;
  state: string;
  /** Its state and detail are not those on record: no process is left that could correct the record. */
  outdated?: boolean;
  parent: number | null;
  parent_step: number | null;
  changes: [number, string][];
  /** What makes the run an arm of its own, "" for a comparable one; and the same in few words. */
  difference: string;
  difference_name: string;
  lr: number | null;
  optimizer: string;
  warmup_steps: number;
  batch_size: number;
  train_images: number;
  total_steps: number;
  step: number;
  eval_images: number;
  closing_images?: number;
  [more: string]: any;
}

/** A run as it is drawn. */
export interface Run {
  card: Card;
  series: Series;
  color: Color;
  textColor: Color;
  /** Its name, with its difference; and without, as the page named it. */
  label: string;
  usual: string;
  mark: string;
  glyph?: string;
  /** Its series with the stored means, where another smoothing was chosen. */
  stored?: Series;
}

/** Colours and font of the page, see shared/page.js. */
export interface Theme {
  scheme: string;
  text: string;
  muted: string;
  grid: string;
  page: string;
  font: string;
}

/** What is looked at, see race/panel/view_state.js; what stands behind a question mark has a usual value. */
export interface View {
  /** Too many runs for the seeds' own lines. */
  bare?: boolean;
  race?: number | null;
  layout: string;
  metric: Metric;
  scale: Scale;
  x: XAxis;
  curves: string[];
  seeds?: string;
  zoom?: { x?: Range; y?: Range } | null;
  big?: boolean;
  /** For a room that knows none of our words; the height is kept, also of panels above each other. */
  room?: boolean;
  hidden?: boolean;
  /** The steps that the speaker has marked. */
  marks?: number[];
  /** The marks of changes have no names: those of the curves say the same. */
  unnamed?: boolean;
  /** The steps of the means that are drawn, where these are not the stored ones. */
  smoothing?: number;
  /** The runs of pinned arms, and the names of hidden ones. */
  pins?: number[];
  unseen?: string[];
  height?: number;
  gaps?: GapFacts | null;
  depths?: DepthFacts;
  /** The imported lines beside the race. */
  ghosts?: Ghost[];
}

/** A line of another training, imported beside a race; `total`: its points in the file. */
export interface Ghost {
  id: number;
  name: string;
  split: Split;
  metric: Metric;
  quantity: string;
  total: number;
  step: number[];
  value: (number | null)[];
  /** Whether it is not hidden, and whether it is drawn wide. */
  shown?: boolean;
  pinned?: boolean;
}

/** What the server says of the errors over depth, by curve and shortcut type; empty where there are fewer than three depths. */
export type DepthFacts = Record<string, Record<string, DepthFact[]>>;
/** The mean of one arm's `counted` runs with the ends of its interval, null before it is final; `missing` are the others that ended. */
export type DepthFact = [depth: number, final: boolean, mean: number | null, low: number | null, high: number | null, counted: number[], seeds: number, missing: [run: number, why: string][]];

/**
 * What the server says of a race's gaps in points at a step: their means over seeds with 95 % intervals, and how much smaller
 * the gap with shortcuts is, in words. Errors are clean training errors at the end of a race, running ones before.
 */
export interface GapFacts {
  step: number;
  end: boolean;
  cure: string;
  of: [shortcut: string, deep: number, shallow: number, seeds: number, mean: number, low: number | null, high: number | null][];
}

/** Plotly's own objects are open: what stands in them, its reference says. */
export type Trace = Record<string, any>;
export type Layout = Record<string, any>;
export interface Figure {
  data: Trace[];
  layout: Layout;
}
/** An element that Plotly has drawn into. */
export type Plot = HTMLElement & { on(event: string, handler: (event: any) => unknown): void; data: Trace[]; layout: Layout; _fullLayout: Layout };

/** One panel of a figure: the ids of its axes and the room it has. */
export interface Panel {
  suffix: string;
  widthPx: number;
  /** The width of the column of names beside it, 0 without one. */
  columnPx?: number;
  heightPx: number;
  /** Where the x axis ends. */
  end: number;
  /** The ranges of x and y that are seen, in the axes' own units. */
  x: Range;
  axis: Range;
}

/** The runs of an arm that are seeds of each other, see seedGroups. */
export interface Group {
  arm: string;
  note: string;
  runs: Run[];
}

/** One seed's curve as part of a band. */
export interface Member extends Curve {
  seed: number;
  state: string;
  diverged: boolean;
  over: boolean;
  thinned?: boolean;
}

/** Mean, smallest and largest of several seeds, see seedStats. */
export interface Band {
  step: number[];
  mean: number[];
  low: number[];
  high: number[];
  seconds: number[];
  thinned?: boolean;
  seeds: number;
  of: number;
  diverged: number;
  end: { seed: number; state: string; step: number } | null;
  ranges?: Range[];
}

/** Two runs of one seed: `from` minus `take`. */
export interface Pair {
  seed: number;
  from: Run;
  take: Run;
}

/** Two arms that are compared, see differencesOf. */
export interface Gap {
  name: string;
  run: Run;
  pairs: Pair[];
}
export type Gaps = { depth: Gap[]; family: Gap[] };

/** A gap of depth with what the server says of it. */
export type StatedGap = Gap & { seeds: number; mean: number; low: number | null; high: number | null };

/** A name at the end of a line. */
export interface LineEnd {
  name: string;
  note?: string;
  /** Which error the value is, where it is not that of the curve. */
  kind?: string;
  /** The curve that ends there, in its own values. */
  curve?: { x: number[]; y: (number | null)[] };
  value: string | null;
  number?: number;
  x: number;
  y: number;
  textColor: Color;
  color: Color;
}
/** The end of a run's line, or of a group's at its first run. */
export interface RunEnd extends LineEnd {
  run: Run;
}
/** A value beyond the axis. */
export type Spike = { run: Run; words: string; step: number; seconds: number; value: number };

/** Where a fork leaves its parent's line. */
export type ForkPoint = { x: number; y: number; parent: Run };

/** An entry of a picture's legend. */
export interface LegendEntry {
  name: string;
  color: string;
  width?: number;
  dash?: string;
  symbol?: string;
  fill?: boolean;
  opacity?: number;
  meaning?: boolean;
}

/** What of a run, in which column, under which words. */
export type DifferenceCurve = [split: Split, key: string, words: string];

/** Points of the zoomed range of a run, finer than the rest. */
export interface Detail {
  points: Points;
  first: number;
  last: number;
  atMost: number;
}

/** A change of a run as a mark on its curves, where there is a place for it. */
export interface Mark {
  run: Run;
  step: number;
  text: string;
  x: number;
  y: number | null;
  ringAt?: number;
  parent?: Run;
}
/** One change of several runs at about one place. */
export type MarkGroup = { text: string; x: number; runs: Run[] };

/** What a chart says when it is taken away, and the rows behind it. */
export type PictureWords = { title: string; caption: string; legend: LegendEntry[]; filename: string };
export type Rows = { columns: string[]; rows: unknown[][] };

declare global {
  interface Window {
    Plotly?: any;
    skipscopePlotly?: Promise<any> & { size?: number };
  }
}
