/** The stream of `urls.quantities` and of the findings of `urls.about`, with `urls.columns` columns of each run at most. */
import { EventStream } from "../shared/event_stream.js";

export class ProbeStream extends EventStream {
  query(more) {
    return super.query({ quantities: [...this.urls.quantities].join(","), about: this.urls.about, n: this.urls.columns, ...more });
  }
}
