/** The view state of a lab in the address: bold curve, cell of the heat maps, zoom of each panel. Keys begin with the lab's name. */
import { FLAG, NUMBER, TEXT, keepFields, whole } from "../shared/address/kept_fields.js";
import { UrlState } from "../shared/address/url_state.js";
import { ZoomState } from "../shared/address/zoom_state.js";

const FIELDS = {
  /** The requested kind of curve, null for the usual one. */
  kind: TEXT,
  /** The requested value of the setting, null for the job's own. */
  value: NUMBER,
  /** The requested cell of the heat maps, as `identity: plain, blocks 6`, null for the usual one. */
  cell: TEXT,
  /** On the stage, and which panel there, from 1. */
  present: FLAG,
  panel: whole(1),
};

export class LabState {
  /** moved(): after a step back or forward in the browser; zoomed(): after a zoom of a panel. */
  constructor(lab, moved, zoomed) {
    const keys = [...Object.keys(FIELDS), "zoom"].map((name) => `${lab}-${name}`);
    this.zoomKey = `${lab}-zoom`;
    this.address = new UrlState(keys, `skipscope-lab-${lab}`, moved);
    this.zooms = new ZoomState(this.address, this.zoomKey, zoomed);
    keepFields(this, this.address, FIELDS, `${lab}-`);
  }

  /** Drop value and zooms, which belong to one job. */
  forget() {
    this.value = null;
    this.address.put(this.zoomKey, null);
  }
}
