import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { CLOUD_OPERATIONS, CloudCallTally } from './cloud-call-tally.js';
import { DurationTally } from './duration-tally.js';
import { KindTally } from './kind-tally.js';
import { RequestTally } from './request-tally.js';

describe('KindTally', () => {
  it('knows each kind from the start', () => {
    const tally = new KindTally(['one', 'two']);
    tally.add('two');
    tally.add('two');
    expect([tally.count('one'), tally.count('two')]).toEqual([0, 2]);
  });
});

describe('DurationTally', () => {
  it('counts a duration in every bucket that is at least as wide, the bound included', () => {
    const tally = new DurationTally(['boot'], [1, 5, 10]);
    for (const sec of [0.5, 1, 7, 60]) tally.observe('boot', sec);
    expect(tally.summary('boot')).toEqual({ cumulative: [2, 2, 3], count: 4, sumSec: 68.5 });
  });

  it('keeps kinds apart', () => {
    const tally = new DurationTally(['boot', 'load'], [1]);
    tally.observe('boot', 3);
    expect(tally.summary('load')).toEqual({ cumulative: [0], count: 0, sumSec: 0 });
  });
});

describe('RequestTally', () => {
  it('counts by class and status, and has a word for no answer and for what is no status', () => {
    const tally = new RequestTally();
    for (const status of [200, 200, 503, null, 0, 99, 600, 999, Number.NaN]) tally.ended('chat', status);
    tally.ended('other', 404);
    expect([...tally.entries()]).toEqual([
      { routeClass: 'chat', code: 'none', count: 1 },
      { routeClass: 'chat', code: 'other', count: 5 },
      { routeClass: 'chat', code: '200', count: 2 },
      { routeClass: 'chat', code: '503', count: 1 },
      { routeClass: 'other', code: '404', count: 1 },
    ]);
  });
});

describe('CloudCallTally', () => {
  it('counts by operation and end', () => {
    const tally = new CloudCallTally();
    tally.ended('get-instance', 200);
    tally.ended('get-instance', 200);
    tally.ended('create-instance', 'timeout');
    expect([...tally.entries()]).toEqual([
      { operation: 'get-instance', code: '200', count: 2 },
      { operation: 'create-instance', code: 'timeout', count: 1 },
    ]);
  });

  it('makes no series of what it does not know', () => {
    const tally = new CloudCallTally();
    for (let i = 0; i < 100; i += 1) tally.ended(`operation-${i}`, 600 + i);
    expect([...tally.entries()]).toEqual([{ operation: 'other', code: 'other', count: 100 }]);
  });

  it('knows every operation that the client of the API has', () => {
    const client = new URL('../../modules/exoscale/api/exoscale-client.ts', import.meta.url);
    const named = readFileSync(client, 'utf8').matchAll(
      /'((?:list|get|create|start|stop|delete|update|add)-[a-z-]+)'/g,
    );
    const operations = new Set(Array.from(named, ([, name]) => name));
    expect([...operations].sort()).toEqual([...CLOUD_OPERATIONS].sort());
  });
});
