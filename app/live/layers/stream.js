/**
 * The feed of a set of quantities: `urls.quantities` names them, `urls.about` the one of the findings, `urls.columns` how
 * many columns of each run at most.
 */
import { EventStream } from "../shared/event_stream.js";

export class ProbeStream extends EventStream {
  query(more) {
    return super.query({ quantities: [...this.urls.quantities].join(","), about: this.urls.about, n: this.urls.columns, ...more });
  }
}
