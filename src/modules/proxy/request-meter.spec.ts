import type { IncomingMessage, ServerResponse } from 'node:http';
import { EventEmitter } from 'node:events';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { Tallies } from '../../common/metrics/tallies.js';
import { RequestMeter } from './request-meter.js';

let clock: ManualClock;
let tallies: Tallies;
let meter: RequestMeter;

beforeEach(() => {
  clock = new ManualClock();
  tallies = new Tallies();
  meter = new RequestMeter(tallies, clock);
});

function arrive(url: string) {
  const request = { url } as IncomingMessage;
  const response = Object.assign(new EventEmitter(), { headersSent: false, statusCode: 200 });
  meter.follow(request, response as unknown as ServerResponse);
  return { request, response };
}

describe('the meter of requests', () => {
  it('counts a request when it has ended, under its class and its status', () => {
    const { response } = arrive('/api/chat?who=me');
    expect([...tallies.requests.entries()]).toEqual([]);
    Object.assign(response, { headersSent: true, statusCode: 503 }).emit('close');
    expect([...tallies.requests.entries()]).toEqual([{ routeClass: 'chat', code: '503', count: 1 }]);
  });

  it('knows a client that left before it had an answer', () => {
    arrive('/v1/messages').response.emit('close');
    expect([...tallies.requests.entries()]).toEqual([{ routeClass: 'anthropic', code: 'none', count: 1 }]);
  });

  it('measures the first byte from the arrival on, whatever happened in between', async () => {
    const { request } = arrive('/api/generate');
    await clock.advance(42_000);
    meter.answering(request);
    expect(tallies.requests.firstByte.summary('generate')).toMatchObject({ count: 1, sumSec: 42 });
  });

  it('counts what never became a request', () => {
    meter.refused(431);
    expect([...tallies.requests.entries()]).toEqual([{ routeClass: 'other', code: '431', count: 1 }]);
  });
});
