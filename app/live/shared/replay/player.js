/**
 * The controls of a replay: play, the place, the speed, what the place counts, the way back. Every one works by keyboard;
 * on the bar Space plays or pauses, arrows move a little, Page Up and Page Down a tenth.
 */
import { button, element, setText } from "../dom.js";
import { isOffline } from "../source.js";
import { SPEEDS } from "./playhead.js";
import { placeText } from "./marks.js";
/** @import { Playhead } from "./playhead.js" */
/** @import { By } from "./recording.js" */

/** The bar has so many places: finer than its pixels. */
const PLACES = 10_000;
/** A key moves by this share of the whole, or by a step. */
const LITTLE = 0.01, MUCH = 0.1;
/** @type {Record<By, string>} */
const COUNTED = { seconds: "By clock", step: "By step" };

export class Player {
  /**
   * box: an element of its own; count(by): count the place so; speed(speed): play so many times as fast; leave(): go back.
   * @param {HTMLElement} box
   * @param {Playhead} playhead
   * @param {{ count: (by: By) => void, speed: (speed: number) => void, leave: () => void }} acts
   */
  constructor(box, playhead, acts) {
    this.box = box;
    this.playhead = playhead;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Replay");
    this.play = button("", () => playhead.toggle(), "ss-player-button ss-player-play");
    const attributes = { type: "range", min: 0, max: PLACES, step: 1, "aria-label": "Place in the replay" };
    this.bar = /** @type {HTMLInputElement} */ (element("input", "ss-player-bar", "", attributes));
    this.bar.oninput = () => playhead.seek((Number(this.bar.value) / PLACES) * playhead.length);
    this.bar.onkeydown = (event) => this.#key(event);
    this.place = element("output", "ss-player-place");
    this.speed = choice("Speed of the replay", SPEEDS.map((speed) => [String(speed), `${speed}×`]), (value) => acts.speed(Number(value)));
    this.by = choice("What the place counts", Object.entries(COUNTED), (value) => acts.count(value === "step" ? "step" : "seconds"));
    this.back = button("", acts.leave, "ss-player-button ss-player-leave");
    this.says = element("p", "ss-player-says", "", { role: "alert" });
    box.replaceChildren(this.play, this.bar, this.place, this.speed, this.by, this.back, this.says);
  }

  /**
   * trouble: why there is nothing to play, or ""; live: whether the record still grows.
   * @param {{ trouble: string, live: boolean }} state
   */
  draw({ trouble, live }) {
    const { playhead, bar } = this;
    setText(this.play, playhead.playing ? "❚❚" : "▶");
    this.play.setAttribute("aria-label", playhead.playing ? "Pause the replay" : "Play the replay");
    const share = playhead.length ? playhead.place / playhead.length : 0;
    bar.value = String(Math.round(share * PLACES));
    bar.style.setProperty("--ss-played", `${100 * share}%`);
    const text = placeText(playhead);
    bar.setAttribute("aria-valuetext", text);
    setText(this.place, text);
    // One width, whatever the place is.
    const { by, length } = playhead;
    this.place.style.setProperty("--ss-widest", `${placeText({ by, length, place: length }).length}ch`);
    this.speed.value = String(playhead.speed);
    this.by.value = playhead.by;
    this.by.hidden = !playhead.end.seconds;
    setText(this.back, live ? "Back to live" : "Leave the replay");
    this.back.hidden = isOffline(); // there is nothing else than the replay
    setText(this.says, trouble);
    this.says.hidden = !trouble;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { playhead } = this, { length, place } = playhead;
    const little = playhead.by === "step" ? Math.max(1, Math.round(LITTLE * length)) : LITTLE * length;
    /** @type {Record<string, () => number>} */
    const places = {
      ArrowLeft: () => place - little, ArrowDown: () => place - little, ArrowRight: () => place + little, ArrowUp: () => place + little,
      PageDown: () => place - MUCH * length, PageUp: () => place + MUCH * length, Home: () => 0, End: () => length,
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") playhead.toggle();
    else if (places[event.key]) playhead.seek(Math.min(length, places[event.key]()));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * A list to choose from.
 * @type {(label: string, options: string[][], chosen: (value: string) => void) => HTMLSelectElement}
 */
function choice(label, options, chosen) {
  const list = /** @type {HTMLSelectElement} */ (element("select", "ss-player-choice", "", { "aria-label": label }));
  list.append(...options.map(([value, text]) => Object.assign(/** @type {HTMLOptionElement} */ (element("option", "", text)), { value })));
  list.onchange = () => chosen(list.value);
  return list;
}
