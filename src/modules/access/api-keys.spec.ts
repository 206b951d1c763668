import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { parseApiKeys } from './api-keys.js';

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex');

describe('a file of API keys', () => {
  it('opens for each of its keys and tells whose it is', () => {
    const { keys, faults } = parseApiKeys(
      `# who may come in\n\n  alice:${sha256('sk-a')}  \r\nbob.laptop-2:${sha256('sk-b').toUpperCase()}\n`,
    );
    expect(faults).toEqual([]);
    expect(keys.size).toBe(2);
    expect([keys.nameOf('sk-a'), keys.nameOf('sk-b')]).toEqual(['alice', 'bob.laptop-2']);
  });

  it.each(['', 'sk-c', 'sk-a ', 'SK-A', sha256('sk-a')])('does not open for "%s"', (presented) => {
    expect(parseApiKeys(`alice:${sha256('sk-a')}`).keys.nameOf(presented)).toBeNull();
  });

  it('opens for nobody when it is empty', () => {
    const { keys, faults } = parseApiKeys('# later\n');
    expect([keys.size, faults, keys.nameOf('')]).toEqual([0, [], null]);
  });

  it('may begin with a byte order mark, as editors on Windows write it', () => {
    expect(parseApiKeys(`\uFEFFalice:${sha256('sk-a')}`).keys.nameOf('sk-a')).toBe('alice');
  });

  it.each([
    ['a key that was not hashed', 'alice:sk-secret'],
    ['a hash that is cut off', `alice:${sha256('sk-secret').slice(1)}`],
    ['the output of sha256sum', `alice:${sha256('sk-secret')}  -`],
    ['no name', `:${sha256('sk-secret')}`],
    ['a name with a space', `al ice:${sha256('sk-secret')}`],
    ['a name of 65 letters', `${'a'.repeat(65)}:${sha256('sk-secret')}`],
    ['no colon', 'sk-secret'],
  ])('names the line with %s, and nothing of what stands in it', (_what, line) => {
    const { faults } = parseApiKeys(`ok:${sha256('x')}\n\n${line}\n`);
    expect(faults).toEqual([expect.stringMatching(/^line 3 must be name:sha256-of-the-key/)]);
    for (const part of ['secret', sha256('sk-secret').slice(1, 9), 'ice', 'aaa']) expect(faults[0]).not.toContain(part);
  });

  it('names the line that repeats a name', () => {
    const line = `alice:${sha256('sk-a')}`;
    expect(parseApiKeys(`${line}\n#\n${line}`).faults).toEqual(['line 3 has the name of line 1 again']);
  });
});
