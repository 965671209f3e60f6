/** What is looked at of a lab: its bold curve, the cell of its heat maps, the zoom of each panel. Kept in the address, under names that begin with the lab's. */
import { NUMBER, TEXT, keepFields } from "../shared/address/kept_fields.js";
import { UrlState } from "../shared/address/url_state.js";
import { ZoomState } from "../shared/address/zoom_state.js";

const FIELDS = {
  /** The kind of curve that is asked for, whatever an address says; null for the usual one. */
  kind: TEXT,
  /** The value of the setting that is asked for, null for the job's own. */
  value: NUMBER,
  /** The cell of the heat maps that is asked for, as `identity: plain, blocks 6`; null for the usual one. */
  cell: TEXT,
};

export class LabState {
  /** lab: its name; moved(): someone went back or forward; zoomed(): a panel shows another part. */
  constructor(lab, moved, zoomed) {
    const keys = [...Object.keys(FIELDS), "zoom"].map((name) => `${lab}-${name}`);
    this.zoomKey = `${lab}-zoom`;
    this.address = new UrlState(keys, `skipscope-lab-${lab}`, moved);
    this.zooms = new ZoomState(this.address, this.zoomKey, zoomed);
    keepFields(this, this.address, FIELDS, `${lab}-`);
  }

  /** Another job: its values and ranges are others. */
  forget() {
    this.value = null;
    this.address.put(this.zoomKey, null);
  }
}
