/** The stream of the quantities in `urls.quantities` and the findings of `urls.about`, with at most `urls.columns` columns of each run. */
import { EventStream } from "../shared/event_stream.js";

export class ProbeStream extends EventStream {
  query(more) {
    return super.query({ quantities: [...this.urls.quantities].join(","), about: this.urls.about, n: this.urls.columns, ...more });
  }
}
