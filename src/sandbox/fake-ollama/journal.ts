/** The record of the requests a machine has got: what a test asks when it wants to know what arrived, and who left. */
import type { IncomingHttpHeaders } from 'node:http';

export interface RecordedRequest {
  /** Address of the machine it arrived at. */
  host: string;
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  /** Bytes received so far. */
  bodyLength: number;
  /** The client left before the answer was complete. */
  aborted: boolean;
}

/** A sandbox may run for days. */
const MAX_REQUESTS = 10_000;

export class Journal {
  private readonly requests: RecordedRequest[] = [];
  private open = 0;

  /** The returned record is live: the exchange goes on writing to it. */
  begin(request: RecordedRequest): RecordedRequest {
    if (this.requests.push(request) > MAX_REQUESTS) this.requests.shift();
    return request;
  }

  list(): RecordedRequest[] {
    return structuredClone(this.requests);
  }

  streamOpened(): void {
    this.open += 1;
  }

  streamClosed(): void {
    this.open -= 1;
  }

  /** Inference requests that have not ended, silent ones included. */
  openStreams(): number {
    return this.open;
  }
}
