/** The view state of a page of probes in the address, without usual values: the newest step, all nets, the middle layer. */
import { FLAG, keepFields, whole } from "../shared/address/kept_fields.js";
import { UrlState, rememberRace, rememberedRace } from "../shared/address/url_state.js";
import { ZoomState } from "../shared/address/zoom_state.js";

const QUANTITY = "quantity", HALVES = ["upper", "lower"], ZOOMS = "zooms";
const FIELDS_OF_RACE = {
  /** The chosen step, null for the newest. */
  at: whole(0),
  /** Hidden runs. */
  off: { read: (text) => new Set((text ?? "").split("-").map(Number).filter(Boolean)), write: (runs) => [...runs].join("-") || null },
  /** The picked runs of the map's halves or null. */
  upper: whole(1),
  lower: whole(1),
  /** The number of a layer or block, null for the usual one. */
  layer: whole(1),
  pin: FLAG,
  /** The run of a layer over time: null for none, 0 for the usual run. */
  over: whole(0),
};
/** `more`: whether the words about the quantity are open; `present`, `panel`: on the stage, and which panel, from 1. */
const FIELDS = { more: FLAG, present: FLAG, panel: whole(1), ...FIELDS_OF_RACE };
const OF_RACE = [...Object.keys(FIELDS_OF_RACE), ZOOMS];

export class ProbeState {
  /** moved(): after a step back or forward in the browser; zoomed(): after a zoom of a chart. */
  constructor(page, moved, zoomed) {
    this.memory = `skipscope-${page}`;
    this.given = OF_RACE.some((key) => new URLSearchParams(location.search).has(key));
    this.address = new UrlState([QUANTITY, ...Object.keys(FIELDS), ZOOMS], this.memory, moved);
    this.zooms = new ZoomState(this.address, ZOOMS, zoomed);
    keepFields(this, this.address, FIELDS);
  }

  /** Set the race: forget the remembered state of another race, keep the state of the address. */
  of(race) {
    const key = `${this.memory}-race`;
    const before = this.race ?? (this.given ? race : rememberedRace(key) ?? race);
    if (before !== race) for (const name of OF_RACE) this.address.put(name, null);
    if (this.race !== race) rememberRace(key, race);
    this.race = race;
    this.address.keep();
  }

  /** The offered quantity of the address, else the usual one. */
  quantity(offered, usual) {
    const name = this.address.get(QUANTITY);
    return offered.includes(name) ? name : usual;
  }

  setQuantity(name, usual) {
    this.address.put(QUANTITY, name === usual ? null : name);
    // Another quantity has another height.
    this.zooms.set("profile", null);
  }

  toggle(run) {
    const { off } = this;
    if (!off.delete(run)) off.add(run);
    this.off = off;
  }

  get nets() {
    return HALVES.map((half) => this[half]);
  }

  pickNet(half, run) {
    this[HALVES[half]] = run;
  }

  /** { place: of a layer or block, null for the usual one; pinned }. */
  get focus() {
    const { layer, pin } = this;
    return layer === null ? { place: null, pinned: false } : { place: layer - 1, pinned: pin };
  }

  set focus({ place, pinned }) {
    this.layer = place === null ? null : place + 1;
    this.pin = pinned;
  }
}
