/** The catalogue against the code that uses it and the clients that read it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CATALOGUE, type ErrorCode, type ErrorEntry } from './catalogue.js';

const SRC = join(import.meta.dirname, '../..');
const entries = Object.entries(ERROR_CATALOGUE) as [ErrorCode, ErrorEntry][];

/** The production code, without the catalogue itself: a code that is named nowhere else can never be answered. */
const source = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts'))
  .filter((path) => !path.startsWith('sandbox') && !path.endsWith(join('errors', 'catalogue.ts')))
  .map((path) => readFileSync(join(SRC, path), 'utf8'))
  .join('\n');

describe.each(entries)('%s', (code, { status, provisioning, message, remedy }) => {
  it('can be answered: some code names it', () => {
    expect(source).toContain(`'${code}'`);
  });

  // The CLI tries to start a local app on " refused" and "could not connect" and hides the rest on "upstream error",
  // Continue retries on "overloaded" and then shows a useless text, "not found" reads like a missing model
  // (ollama-api.md §3.3).
  it('has words that mislead no client', () => {
    expect(message).not.toMatch(/ refused|could not connect|upstream error|overloaded|not found/i);
  });

  it('is one line of whole sentences, and says what to do', () => {
    for (const text of [message, remedy]) expect(text).toMatch(/^[A-Z].*\.$/);
  });

  it('keeps its promise with its status: what heals by itself is worth a retry', () => {
    if (provisioning) expect([429, 502, 503]).toContain(status);
  });
});
