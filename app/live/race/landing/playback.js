/** The race that plays on the first visit: a recording with few points, and its chart as a picture of each moment. */
import { Playhead } from "../../shared/replay/playhead.js";
import { Recording } from "../../shared/replay/recording.js";
import { replayWords } from "../../shared/replay/marks.js";
import { nameRuns } from "../../shared/arm_names.js";
import { Series } from "../series.js";
import { buildFigure } from "../chart/figure.js";
import { lighter } from "../chart/many_runs.js";
import { preview } from "../preview.js";

const VIEW = { race: null, layout: "side", metric: "error", scale: "linear", x: "step", curves: ["running", "test", "clean"], seeds: "band" };

export class Playback {
  /**
   * document: an answer of /live/recording; arms: by the name of an arm how it looks.
   * @param {Record<string, any>} document
   * @param {Record<string, { color: object, textColor: object, mark: string }>} arms
   */
  constructor(document, arms) {
    this.recording = new Recording(document);
    this.arms = arms;
  }

  /** A playhead that goes through the whole in so many seconds. */
  playhead(seconds) {
    const { end } = this.recording;
    return Object.assign(new Playhead(), { by: "step", at: 0, end, speed: (end.seconds || 60) / seconds });
  }

  /** The runs of a moment, and what was to be said. */
  at(playhead) {
    const { cards, runs, g, gaps } = this.recording.historyAt(playhead.moment);
    const drawn = cards.map((card) => ({ card, series: new Series(runs[card.run]), ...this.arms[card.arm], label: `${card.arm} s${card.seed}`, usual: `${card.arm} s${card.seed}` }));
    nameRuns(drawn);
    this.gaps = gaps;
    const seeds = new Set(cards.map(({ seed }) => seed)).size;
    return { headline: g, runs: drawn, words: `${replayWords(playhead)} · ${seeds} seeds of each net · thick: running training error; ○ and the headline at the end: clean training error; dotted: test error` };
  }

  /** The chart of a moment. */
  picture(runs, theme, { width, height }) {
    const { data, layout } = buildFigure(runs, { ...VIEW, gaps: this.gaps, height }, theme, width);
    return preview({ data: lighter(data, runs), layout: { ...layout, height } }, theme, width);
  }
}
