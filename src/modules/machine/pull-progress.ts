/**
 * Reads the progress lines of POST /api/pull (ollama-api.md §1.5). Pure: lines in, a fraction and a verdict out.
 * Layers become known one after the other, so the total grows on the way; what has been reported never goes back.
 */
import { parseObject } from './json-object.js';

/** Reported in steps of a thousandth: Ollama writes a line per layer every 60 ms. */
const STEPS = 1000;

export type PullLine =
  /** `moved`: something has changed since the line before. `fraction` is null where there is nothing new to report. */
  | { type: 'progress'; moved: boolean; downloading: boolean; fraction: number | null }
  | { type: 'success' }
  | { type: 'error'; text: string }
  | { type: 'garbage' };

export class PullProgress {
  private readonly layers = new Map<string, { total: number; completed: number }>();
  private reported = 0;
  private lastLine = '';

  take(line: string): PullLine {
    const message = parseObject(line);
    if (!message) return { type: 'garbage' };
    if (typeof message.error === 'string') return { type: 'error', text: message.error };
    if (message.status === 'success') return { type: 'success' };
    const moved = line !== this.lastLine;
    this.lastLine = line;
    const { digest, total, completed } = message;
    if (typeof digest !== 'string' || !isSize(total)) {
      return { type: 'progress', moved, downloading: false, fraction: null };
    }
    const layer = { total, completed: isSize(completed) ? Math.min(completed, total) : 0 };
    this.layers.set(digest, layer);
    return { type: 'progress', moved, downloading: layer.completed < layer.total, fraction: this.newFraction() };
  }

  private newFraction(): number | null {
    const layers = [...this.layers.values()];
    const total = layers.reduce((sum, layer) => sum + layer.total, 0);
    const completed = layers.reduce((sum, layer) => sum + layer.completed, 0);
    const fraction = total === 0 ? 0 : Math.floor((completed / total) * STEPS) / STEPS;
    if (fraction <= this.reported) return null;
    this.reported = fraction;
    return fraction;
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
