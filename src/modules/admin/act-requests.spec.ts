import { describe, expect, it } from '@jest/globals';
import { keepAwakeUntilMs } from './act-requests.js';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const DAY_MS = 86_400_000;

describe('keep-awake', () => {
  it.each<[object, number | null]>([
    [{ until: '2026-11-25T08:00:00Z' }, Date.parse('2026-11-25T08:00:00Z')],
    [{ until: '2026-11-25T08:00:00+01:00' }, Date.parse('2026-11-25T07:00:00Z')],
    [{ seconds: 3600 }, NOW + 3_600_000],
    [{ seconds: 31 * 86_400 }, NOW + 31 * DAY_MS],
    [{ until: null }, null],
  ])('%j is understood', (request, untilMs) => {
    expect(keepAwakeUntilMs(request, NOW)).toBe(untilMs);
  });

  it.each<[object, string]>([
    [{}, 'Send either until or seconds.'],
    [{ until: null, seconds: 5 }, 'Send either until or seconds.'],
    [{ until: '2026-11-24T12:00:00Z' }, 'until must be in the future'],
    [{ until: '2026-12-25T12:00:01Z' }, 'until must be at most 31 days ahead'],
  ])('%j is refused', (request, message) => {
    expect(() => keepAwakeUntilMs(request, NOW)).toThrow(expect.objectContaining({ code: 'bad_request', message }));
  });
});
