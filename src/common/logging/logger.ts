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

/** JSON lines on stdout. `destination` is for tests. */
export function createLogger(level: string, destination?: { write(line: string): void }): Logger {
  const options: LoggerOptions = { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime };
  return destination ? pino(options, destination) : pino(options);
}
