import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from './line-splitter.js';
import { type PullLine, PullProgress } from './pull-progress.js';

const layer = (digest: string, completed: number | undefined, total: number) =>
  JSON.stringify({ status: `pulling ${digest}`, digest: `sha256:${digest}`, total, completed });

function fractions(lines: readonly string[]): (number | null)[] {
  const progress = new PullProgress();
  return lines.map((line) => progress.take(line)).map((said) => (said.type === 'progress' ? said.fraction : null));
}

describe('PullProgress', () => {
  it('is the completed part of all layers seen so far', () => {
    expect(
      fractions([
        '{"status":"pulling manifest"}',
        layer('a', undefined, 900),
        layer('a', 450, 900),
        layer('a', 900, 900),
        layer('b', 0, 100),
        layer('b', 100, 100),
        '{"status":"verifying sha256 digest"}',
      ]),
    ).toEqual([null, null, 0.5, 1, null, null, null]);
  });

  it('does not go back when another layer becomes known or a layer begins again', () => {
    expect(fractions([layer('a', 10, 100), layer('b', 0, 900), layer('a', 5, 100), layer('b', 490, 900)])).toEqual([
      0.1,
      null,
      null,
      0.495,
    ]);
  });

  it('tells a line that moves the pull on from a repeated one', () => {
    const progress = new PullProgress();
    const moved = (line: string) => progress.take(line);
    expect(moved(layer('a', 1, 9))).toMatchObject({ moved: true, downloading: true });
    expect(moved(layer('a', 1, 9))).toMatchObject({ moved: false, downloading: true });
    expect(moved(layer('a', 9, 9))).toMatchObject({ moved: true, downloading: false });
    expect(moved('{"status":"verifying sha256 digest"}')).toMatchObject({ moved: true, downloading: false });
  });

  it.each<[string, PullLine]>([
    ['{"status":"success"}', { type: 'success' }],
    [
      '{"error":"pull model manifest: file does not exist"}',
      { type: 'error', text: 'pull model manifest: file does not exist' },
    ],
    ['<html>', { type: 'garbage' }],
    ['[]', { type: 'garbage' }],
    ['null', { type: 'garbage' }],
  ])('understands %s', (line, said) => {
    expect(new PullProgress().take(line)).toEqual(said);
  });

  it.each([
    ['{"status":"pulling","digest":"d","total":-1,"completed":5}'],
    ['{"status":"pulling","digest":"d","total":"9","completed":5}'],
    ['{"status":"pulling","digest":"d","total":0,"completed":0}'],
    ['{"status":"pulling","digest":7,"total":9,"completed":5}'],
  ])('reports nothing from the odd sizes of %s', (line) => {
    expect(fractions([line])).toEqual([null]);
  });

  it('stays within 0 and 1 and only grows, whatever the layers are', () => {
    const line = fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(1000), fc.nat(1000))
      .map(([digest, completed, total]) => layer(digest, completed, total));
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const reported = fractions(lines).filter((one) => one !== null);
        expect(reported).toEqual([...new Set(reported)].sort((a, b) => a - b));
        expect(reported.every((one) => one > 0 && one <= 1)).toBe(true);
      }),
    );
  });
});

describe('LineSplitter', () => {
  const lines = (chunks: readonly Uint8Array[]): string[] => {
    const splitter = new LineSplitter();
    return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
  };

  it('gives the same lines for any way to cut the stream into chunks, also inside of a character', () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '漢', '🦙', '\n', '\r\n', '{"status":"x"}\n'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(200)), (whole, cuts) => {
        const bytes = new TextEncoder().encode(whole);
        const borders = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
        expect(lines(chunks)).toEqual(whole.split(/\r?\n/).filter((line) => line !== ''));
      }),
    );
  });

  it('gives the last line also when the stream ends without a line end', () => {
    expect(lines([Buffer.from('one\ntwo')])).toEqual(['one', 'two']);
  });

  it('gives up a line that does not end', () => {
    const endless = Array.from({ length: 20 }, () => Buffer.alloc(65_536, 'x'));
    expect(() => lines(endless)).toThrow('does not end');
  });
});
