/**
 * Requests that two servers could read as different ones, at both doors they would have to pass: the gateway's, and the
 * machine's for a gateway that has been taken over. Attack list of coordination-and-link.md §2.7.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { LinkBed } from '../support/link-bed.js';
import { RawConnection } from '../support/raw-connection.js';

let link: LinkBed;
beforeAll(async () => {
  link = await LinkBed.ready();
});
afterEach(() => {
  expect(link.machines.arrivedAt('/api/smuggled')).toEqual([]);
});
afterAll(endEverything);

const doors: Record<string, () => Promise<{ connection: RawConnection; host: string }>> = {
  gateway: async () => ({ connection: await RawConnection.open(link.bed.gateway.url), host: 'gateway' }),
  machine: async () => {
    const { ca, cert, key, servername } = link.peer.callOf(link.target);
    const { address: host } = link.machine;
    const port = link.machines.linkPort;
    const connection = await RawConnection.openTls({ host, port, ca, cert, key, servername });
    return { connection, host: link.peer.link.host };
  },
};

/** Header lines that make two readings of what follows them. */
const AMBIGUOUS: Record<string, string[]> = {
  'a length and chunks': ['Content-Length: 6', 'Transfer-Encoding: chunked'],
  'chunks and a length': ['Transfer-Encoding: chunked', 'Content-Length: 6'],
  'two lengths': ['Content-Length: 6', 'Content-Length: 0'],
  'a list of lengths': ['Content-Length: 6, 0'],
  'a length with a sign': ['Content-Length: +6'],
  'a folded coding': ['Transfer-Encoding:', ' chunked', 'Content-Length: 6'],
  'a folded length': ['X-Folded: a', ' Content-Length: 6', 'Content-Length: 0'],
  'a blank before the colon': ['Transfer-Encoding : chunked', 'Content-Length: 6'],
  'chunks that are not the last coding': ['Transfer-Encoding: chunked, identity'],
  'a coding that is hardly one': ['Transfer-Encoding: xchunked', 'Content-Length: 6'],
  'chunks twice': ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
};

describe.each(Object.keys(doors))('at the door of the %s', (door) => {
  it.each(Object.entries(AMBIGUOUS))('a request with %s gets 400, and none hides in it', async (_what, headers) => {
    const { connection, host } = await doors[door]!();
    connection.send('POST /api/smuggled HTTP/1.1', `Host: ${host}`, ...headers, '', '0', '');
    connection.send('DELETE /api/smuggled HTTP/1.1', `Host: ${host}`, '');
    await connection.closed;
    expect(connection.text).toMatch(/^HTTP\/1\.1 (400|501) /);
    expect(connection.text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
  });
});
