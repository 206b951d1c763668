import { describe, expect, it } from '@jest/globals';
import { clockFinding, leftovers, quotaFinding } from './findings.js';

describe('the finding about the clock', () => {
  it.each([
    { offsetMs: null, level: 'warning', code: null, text: 'the API has not told its time' },
    { offsetMs: 400, level: 'ok', code: null, text: '0 s behind the API' },
    { offsetMs: -59_000, level: 'ok', code: null, text: '59 s ahead of the API' },
    { offsetMs: 90_000, level: 'warning', code: null, text: '90 s behind the API: set its clock' },
    { offsetMs: -90_000, level: 'warning', code: null, text: '90 s ahead of the API: set its clock' },
    { offsetMs: 600_000, level: 'error', code: 'auth', text: '600 s behind the API: set its clock, or every call' },
  ])('is $level at an offset of $offsetMs ms', ({ offsetMs, level, code, text }) => {
    expect(clockFinding(offsetMs)).toMatchObject({ level, code, message: expect.stringContaining(text) });
  });
});

describe('the finding about the quota', () => {
  it.each([
    { quota: null, level: 'ok', message: 'gpua5000 has no quota of its own' },
    { quota: { limit: -1 }, level: 'ok', message: 'gpua5000 is unlimited' },
    { quota: { usage: 0, limit: 2 }, level: 'ok', message: 'gpua5000: 0 of 2 in use' },
    {
      quota: { usage: 2, limit: 2 },
      level: 'warning',
      message: 'gpua5000: 2 of 2 in use; another machine may be refused',
    },
  ])('is $level for $quota', ({ quota, level, message }) => {
    expect(quotaFinding('gpua5000', quota)).toEqual({ check: 'quota', level, code: null, message });
  });
});

describe('the finding about leftovers', () => {
  const identity = { pool: 'default', owner: 'us', adoptName: 'old-ollama' };
  const labels = (owner: string, pool = 'default') => ({ 'managed-by': 'ollama-exoscale', pool, owner });

  it('is content with an account without machines of this pool', () => {
    const others = [
      { id: 'a', labels: labels('us', 'other') },
      { id: 'b', name: 'old-ollama' },
    ];
    expect(leftovers(others, identity)).toEqual([
      { check: 'leftovers', level: 'ok', code: null, message: 'no machine of pool default' },
    ]);
  });

  it('names our machine and that of another gateway', () => {
    const instances = [
      { id: 'a', name: 'olgw-default-1', state: 'stopped', labels: labels('us') },
      { id: 'b', state: 'running', labels: labels('them') },
    ];
    expect(leftovers(instances, identity)).toMatchObject([
      { level: 'ok', message: 'instance a (olgw-default-1, stopped) is ours: the gateway goes on with it' },
      {
        level: 'error',
        code: 'pool_in_use',
        message: 'instance b (unnamed, running) of pool default belongs to owner them',
      },
    ]);
  });

  it('warns of several machines with the name to adopt', () => {
    const twins = [
      { id: 'a', name: 'old-ollama' },
      { id: 'b', name: 'old-ollama' },
    ];
    expect(leftovers(twins, identity)).toMatchObject([{ level: 'error', code: 'adopt_ambiguous' }]);
  });
});
