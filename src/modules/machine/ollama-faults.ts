/**
 * Turns what Ollama says when it fails into the four kinds of the port. Ollama has no error codes: its texts are all
 * there is (server/images.go, server/download.go, and what the registry and the operating system put into them).
 */
import { MachineError, type MachineErrorKind } from '../provisioning/ports/machine.port.js';

/** Longer texts are cut: they end up in answers to clients. */
const MAX_TEXT_CHARS = 400;

/** In this order: a full disk is reported inside of the message about retries that were of no use. */
const PULL_TEXTS: readonly (readonly [pattern: RegExp, kind: MachineErrorKind])[] = [
  [/no space left on device|disk quota exceeded|not enough space/i, 'disk_full'],
  [/file does not exist|not found|manifest unknown|name unknown|invalid model name/i, 'model_missing'],
  [
    /dial tcp|lookup |i\/o timeout|connection re|broken pipe|\beof\b|tls handshake|deadline exceeded|max retries|no route|network is unreachable|too many requests|\b(429|50[0234])\b/i,
    'unreachable',
  ],
];

/** A pull that Ollama gave up. Trouble on the way to the registry counts as `unreachable`: another attempt may help. */
export function pullFault(model: string, text: string): MachineError {
  const kind = PULL_TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'model_failed';
  return new MachineError(kind, `Ollama could not pull ${model}: ${shortened(text)}`);
}

/** A load that Ollama refused; 502 to 504 mean that it, or what stands before it, is busy or not up yet. */
export function loadFault(model: string, status: number, text: string): MachineError {
  const kind = status >= 502 && status <= 504 ? 'unreachable' : 'model_failed';
  return new MachineError(kind, `Ollama could not load ${model}: ${shortened(text)}`);
}

/** The text of `{"error": "..."}`, else the status: foreign error pages are of no use to a reader. */
export function errorText(status: number, body: Record<string, unknown> | null): string {
  return typeof body?.error === 'string' && body.error !== '' ? body.error : `it answered with status ${status}`;
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MAX_TEXT_CHARS ? `${line.slice(0, MAX_TEXT_CHARS)}…` : line;
}
