/** What is looked at of a lab: its bold curve, the cell of its heat maps, the zoom of each panel. Kept in the address, under names that begin with the lab's. */
import { UrlState } from "../shared/address/url_state.js";
import { ZoomState } from "../shared/address/zoom_state.js";

export class LabState {
  /** lab: its name; moved(): someone went back or forward; zoomed(): a panel shows another part. */
  constructor(lab, moved, zoomed) {
    this.keys = { kind: `${lab}-kind`, value: `${lab}-value`, cell: `${lab}-cell`, zoom: `${lab}-zoom` };
    this.address = new UrlState(Object.values(this.keys), `skipscope-lab-${lab}`, moved);
    this.zooms = new ZoomState(this.address, this.keys.zoom, zoomed);
  }

  /** The kind of curve that is asked for, whatever an address says; null for the usual one. */
  get kind() {
    return this.address.get(this.keys.kind);
  }

  set kind(kind) {
    this.address.put(this.keys.kind, kind);
  }

  /** The value of the setting that is asked for, null for the job's own. */
  get value() {
    const text = this.address.get(this.keys.value);
    return text && Number.isFinite(Number(text)) ? Number(text) : null;
  }

  set value(value) {
    this.address.put(this.keys.value, value === null ? null : String(value));
  }

  /** The cell of the heat maps that is asked for, as `identity: plain, blocks 6`; null for the usual one. */
  get cell() {
    return this.address.get(this.keys.cell);
  }

  set cell(text) {
    this.address.put(this.keys.cell, text);
  }

  /** Another job: its values and ranges are others. */
  forget() {
    this.value = null;
    this.address.put(this.keys.zoom, null);
  }

  /** See UrlState. */
  keep() {
    this.address.keep();
  }

  stop() {
    this.address.stop();
  }
}
