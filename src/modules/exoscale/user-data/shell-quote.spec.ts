/** Quoting is proven against the shell that reads it, not against a copy of its rules. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shellQuote } from './shell-quote.js';

/** Each word goes through a variable, as in a settings file; one bash for all of them. */
function asBashReadsThem(words: string[]): string[] {
  const script = words.map((word) => `word=${word}; printf '%s\\0' "$word"`).join('\n');
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: {} }).split('\0').slice(0, -1);
}

describe('shellQuote', () => {
  it('gives back any text when bash reads it', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 50 }), (values) => {
        expect(asBashReadsThem(values.map(shellQuote))).toEqual(values);
      }),
      { numRuns: 20 },
    );
  });

  it.each(["it's", '$(reboot) `id` "$HOME"', '\n', '\r\u0085\u2028', '\\x41', "$'", '', ' ', 'ü', '😀1'])(
    'gives back %j',
    (value) => {
      expect(asBashReadsThem([shellQuote(value)])).toEqual([value]);
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
