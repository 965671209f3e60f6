/**
 * What is looked at on a page of probes: quantity, moment, nets shown, nets of the map, layer, zooms. Kept in the address.
 * What is usual is not there: the newest moment, all nets, the middle layer.
 */
import { UrlState, rememberRace, rememberedRace } from "../shared/address/url_state.js";
import { ZoomState } from "../shared/address/zoom_state.js";

const QUANTITY = "quantity", AT = "at", OFF = "off", HALVES = ["upper", "lower"], LAYER = "layer", PINNED = "pin", OVER = "over", MORE = "more", ZOOMS = "zooms";
/** These are about the runs of one race. */
const OF_RACE = [AT, OFF, ...HALVES, LAYER, PINNED, OVER, ZOOMS];

export class ProbeState {
  /** page: its name; moved(): someone went back or forward; zoomed(): a chart shows another part. */
  constructor(page, moved, zoomed) {
    this.memory = `skipscope-${page}`;
    this.given = OF_RACE.some((key) => new URLSearchParams(location.search).has(key));
    this.address = new UrlState([QUANTITY, MORE, ...OF_RACE], this.memory, moved);
    this.zooms = new ZoomState(this.address, ZOOMS, zoomed);
  }

  /** Whose insides are shown: what was remembered of another race is forgotten, what the address says is not. */
  of(race) {
    const key = `${this.memory}-race`;
    const before = this.race ?? (this.given ? race : rememberedRace(key) ?? race);
    if (before !== race) for (const name of OF_RACE) this.address.put(name, null);
    if (this.race !== race) rememberRace(key, race);
    this.race = race;
    this.address.keep();
  }

  /** The quantity asked for, one of those offered; else the usual one. */
  quantity(offered, usual) {
    const name = this.address.get(QUANTITY);
    return offered.includes(name) ? name : usual;
  }

  setQuantity(name, usual) {
    this.address.put(QUANTITY, name === usual ? null : name);
    // Another quantity has another height.
    this.zooms.set("profile", null);
  }

  /** The step that is looked at, null for the newest. */
  get at() {
    return whole(this.address.get(AT), 0);
  }

  set at(step) {
    this.address.put(AT, step === null ? null : String(step));
  }

  /** Runs that are switched off. */
  get off() {
    return new Set((this.address.get(OFF) ?? "").split("-").map(Number).filter(Boolean));
  }

  toggle(run) {
    const off = this.off;
    if (!off.delete(run)) off.add(run);
    this.address.put(OFF, off.size ? [...off].join("-") : null);
  }

  /** The runs picked for the two halves of the map, null where none was. */
  get nets() {
    return HALVES.map((key) => whole(this.address.get(key), 1));
  }

  pickNet(half, run) {
    this.address.put(HALVES[half], String(run));
  }

  /** { place: of a layer or block, null for the usual one; pinned }. */
  get focus() {
    const number = whole(this.address.get(LAYER), 1);
    return { place: number === null ? null : number - 1, pinned: number !== null && this.address.get(PINNED) === "1" };
  }

  set focus({ place, pinned }) {
    this.address.put(LAYER, place === null ? null : String(place + 1));
    this.address.put(PINNED, pinned ? "1" : null);
  }

  /** Whether a layer is shown over time, and of which run: null for not, 0 for the usual run. */
  get over() {
    return whole(this.address.get(OVER), 0);
  }

  set over(run) {
    this.address.put(OVER, run === null ? null : String(run));
  }

  /** Whether the words about the quantity are unfolded. */
  get more() {
    return this.address.get(MORE) === "1";
  }

  set more(open) {
    this.address.put(MORE, open ? "1" : null);
  }

  /** See UrlState. */
  keep() {
    this.address.keep();
  }

  stop() {
    this.address.stop();
  }
}

/** A whole number of at least so much, null for anything else. */
function whole(text, least) {
  return /^\d{1,12}$/.test(text ?? "") && Number(text) >= least ? Number(text) : null;
}
