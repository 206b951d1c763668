/** Reads `keep_alive` as Ollama does: a number of seconds or a Go duration; negative is for ever, 0 unloads. */
import { OllamaError } from './ollama-error.js';

const UNITS_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** In ms; undefined when the request does not say. @throws OllamaError 400 */
export function readKeepAlive(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value * 1000;
  if (typeof value === 'string' && /^-?(\d+(\.\d+)?(ns|us|ms|s|m|h))+$|^-?0$/.test(value)) {
    const parts = value.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g);
    const total = [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS_MS[unit ?? ''] ?? 0), 0);
    return value.startsWith('-') ? -total : total;
  }
  throw new OllamaError(400, `time: invalid duration ${JSON.stringify(value)}`);
}
