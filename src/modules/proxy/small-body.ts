/**
 * The one exception to "no parsing of bodies": while asleep, a body of at most 64 KiB may be read to tell an unload or
 * a look-up from work. What has been read is kept, so that the request can still be forwarded byte for byte.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../common/time/clock.js';

export const SMALL_BODY_BYTES = 64 * 1024;
/** A body that has not come by then is not waited for: its sender gets an answer. */
export const SMALL_BODY_WITHIN_MS = 10_000;

export interface ReadBody {
  /** Every chunk taken from the request so far. */
  chunks: Buffer[];
  /** The whole body as JSON, or undefined when it is too big, unfinished or no JSON. */
  json: unknown;
}

/** Reads at most a small body. A request that waits for `100 Continue` is not read at all: it would begin to upload. */
export async function readSmallBody(request: IncomingMessage, clock: Clock): Promise<ReadBody> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (request.headers.expect || declared > SMALL_BODY_BYTES) return { chunks: [], json: undefined };
  const chunks: Buffer[] = [];
  let bytes = 0;
  const complete = await new Promise<boolean>((resolve) => {
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > SMALL_BODY_BYTES) finish(false);
    };
    const onEnd = () => finish(true);
    const onGone = () => finish(false);
    const finish = (whole: boolean) => {
      timer.cancel();
      request.off('data', onData).off('end', onEnd).off('close', onGone).off('error', onGone);
      request.pause();
      resolve(whole);
    };
    const timer = clock.after(SMALL_BODY_WITHIN_MS, () => finish(false));
    request.on('data', onData).once('end', onEnd).once('close', onGone).once('error', onGone);
  });
  return { chunks, json: complete ? parse(Buffer.concat(chunks).toString()) : undefined };
}

/** The model that an Ollama body names (`model`, or `name` in older clients). */
export function modelOf(json: unknown): string | null {
  const { model, name } = asObject(json);
  const found = model ?? name;
  return typeof found === 'string' && found !== '' ? found : null;
}

/** An unload: empty prompt or messages with `keep_alive: 0`, as `ollama stop` sends it (ollama-api.md §3.3). */
export function isUnload(json: unknown): boolean {
  const { prompt, messages, keep_alive: keepAlive } = asObject(json);
  const empty = (prompt === undefined || prompt === '') && (messages === undefined || isEmptyArray(messages));
  return empty && modelOf(json) !== null && (keepAlive === 0 || /^0(ms|s|m|h)?$/.test(String(keepAlive)));
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function asObject(json: unknown): Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json as Record<string, unknown>) : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // No JSON: Ollama judges it, once it is awake.
    return undefined;
  }
}
