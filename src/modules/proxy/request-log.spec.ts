import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { ClientAddresses } from '../access/client-address.js';
import { RequestLog } from './request-log.js';

interface Line {
  level: string;
  [field: string]: unknown;
}

/** The line of one request that takes 1500 ms. */
async function lineOf(fields: object, key?: string): Promise<Line | undefined> {
  const lines: Line[] = [];
  const write = (level: string) => (line: object, msg: string) => void lines.push({ level, msg, ...line });
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const clock = new ManualClock();
  const requestLog = new RequestLog(log, clock, new ClientAddresses([]));
  const socket = { remoteAddress: '203.0.113.7' as string | undefined };
  const request = { method: 'POST', url: '/api/chat', headers: { 'x-request-id': 'id-1' }, socket, ...fields };
  const response = Object.assign(new EventEmitter(), { headersSent: true, statusCode: 200, writableFinished: true });
  const caller = requestLog.follow(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  caller.key = key;
  socket.remoteAddress = undefined;
  await clock.advance(1500);
  response.emit('close');
  return lines[0];
}

describe('the line of a request', () => {
  it('says whose it was, what it was and how it ended', async () => {
    expect(await lineOf({}, 'alice')).toEqual({
      level: 'info',
      msg: 'request',
      requestId: 'id-1',
      client: '203.0.113.7',
      key: 'alice',
      method: 'POST',
      path: '/api/chat',
      status: 200,
      aborted: false,
      durationMs: 1500,
    });
  });

  it('has neither query nor credentials', async () => {
    const headers = { 'x-request-id': 'id-1', authorization: 'Bearer sk-secret', 'x-api-key': 'sk-secret' };
    expect(JSON.stringify(await lineOf({ url: '/api/chat?key=sk-secret', headers }))).not.toContain('sk-secret');
  });

  it('is for debugging only when it is a probe', async () => {
    expect((await lineOf({ url: '/health/live' }))?.level).toBe('debug');
  });
});
