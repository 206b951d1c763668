/** The log as the code sees it: pino's call shape, four levels whose meaning docs/operations.md gives. */
import { pino, type LoggerOptions } from 'pino';

type Write = (fields: object, message: string) => void;

export abstract class Logger {
  abstract readonly debug: Write;
  /** One line per request and per lifecycle transition. */
  abstract readonly info: Write;
  /** Somebody should look this week. */
  abstract readonly warn: Write;
  /** Somebody should look now; a healthy gateway writes none. */
  abstract readonly error: Write;
}

/** Lines wait for company, since a write of its own would cost more than the line; never longer than this. */
const FLUSH_EVERY_MS = 20;
const FLUSH_BYTES = 4096;

/**
 * JSON lines on stdout, written off the event loop: a reader that stands still holds up no stream. What waits is written
 * when the process exits; only a SIGKILL loses it. `destination` is for tests.
 */
export function createLogger(level: string, destination?: { write(line: string): void }): Logger {
  const options: LoggerOptions = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime };
  const stdout = () =>
    pino.destination({ dest: 1, sync: false, minLength: FLUSH_BYTES, periodicFlush: FLUSH_EVERY_MS });
  return pino(options, destination ?? stdout());
}
