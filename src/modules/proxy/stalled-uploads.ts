/**
 * Ends requests whose body has stopped coming: a client that pauses for minutes would keep the machine, and its lease,
 * for nothing. Nobody looks at chunks; the connections' own counters are looked at now and then.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../common/time/clock.js';
import { writeLastError } from './answers.js';
import { GatewayError } from './gateway-error.js';

/** Socket time: not divided by GATEWAY_TIME_SCALE. */
export const STALLED_AFTER_MS = 5 * 60_000;
const LOOK_EVERY_MS = 15_000;

interface Upload {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Kept here: undici takes it off a request whose body it has sent. */
  readonly socket: Socket;
  /** What the connection had received when it was last seen to move, and when that was. */
  bytesRead: number;
  movedMs: number;
}

export class StalledUploads {
  private readonly open = new Set<Upload>();
  private looking = false;

  constructor(private readonly clock: Clock) {}

  /** Follows the request until its body is complete; one without a body costs a look at two headers. */
  follow(request: IncomingMessage, response: ServerResponse): void {
    if (!hasBody(request)) return;
    const upload = { request, response, socket: request.socket, bytesRead: -1, movedMs: 0 };
    this.open.add(upload);
    // An answer may be over before the body is: what still comes then is thrown away, but not for ever.
    response.once('close', () => {
      if (request.complete) this.open.delete(upload);
    });
    this.arm();
  }

  /** How many are followed. */
  get size(): number {
    return this.open.size;
  }

  private arm(): void {
    if (this.looking || this.open.size === 0) return;
    this.looking = true;
    this.clock.after(LOOK_EVERY_MS, () => {
      this.looking = false;
      const nowMs = this.clock.monotonicMs();
      for (const upload of this.open) this.look(upload, nowMs);
      this.arm();
    });
  }

  private look(upload: Upload, nowMs: number): void {
    const { request, response, socket } = upload;
    const { bytesRead, destroyed } = socket;
    if (request.complete || destroyed) return void this.open.delete(upload);
    if (bytesRead !== upload.bytesRead || !waitsForClient(request)) {
      upload.bytesRead = bytesRead;
      upload.movedMs = nowMs;
      return;
    }
    if (nowMs - upload.movedMs < STALLED_AFTER_MS) return;
    this.open.delete(upload);
    if (response.destroyed) return void socket.destroy();
    writeLastError(request, response, new GatewayError('request_timeout'));
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length'];
  return length === undefined ? headers['transfer-encoding'] !== undefined : length !== '0';
}

/** Somebody reads the body and everything received has been taken: a held request, or a slow machine, is not its client's fault. */
function waitsForClient({ readableFlowing, readableLength }: IncomingMessage): boolean {
  return readableFlowing !== null && readableLength === 0;
}
