/** Quoting is proven against the shell that reads it, not against a copy of its rules. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shellQuote } from './shell-quote.js';

function asBashReadsIt(word: string): string {
  return execFileSync('bash', ['--norc', '-c', `word=${word}; printf %s "$word"`], { encoding: 'utf8', env: {} });
}

describe('shellQuote', () => {
  it('gives back any text when bash reads it', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(text, (value) => asBashReadsIt(shellQuote(value)) === value),
      { numRuns: 200 },
    );
  });

  it.each(["it's", '$(reboot) `id` "$HOME"', '\n', '\r\u0085\u2028', '\\x41', "$'", '', ' ', 'ü', '😀1'])(
    'gives back %j',
    (value) => {
      expect(asBashReadsIt(shellQuote(value))).toBe(value);
    },
  );

  it('is one line of printable ASCII whatever it quotes', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((v) => !v.includes('\0')),
        (value) => /^[\x20-\x7e]+$/.test(shellQuote(value)),
      ),
    );
  });

  it('refuses what no shell variable can hold', () => {
    expect(() => shellQuote('a\0b')).toThrow('NUL');
  });
});
