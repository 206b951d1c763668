/** What passes on the wire of the link is of no use to whoever records it: attack list of coordination-and-link.md §2.7. */
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { atEnd, endEverything } from '../support/endings.js';
import { LinkBed } from '../support/link-bed.js';
import { LinkClient } from '../support/link-client.js';
import { LINK_DIR } from '../support/machine-nginx.js';
import { Wiretap } from '../support/wiretap.js';

let link: LinkBed;
beforeAll(async () => {
  link = await LinkBed.ready();
});
afterAll(endEverything);

/** Sends these bytes to the link port, and resolves with what came back before it was closed. */
async function replay(bytes: Buffer): Promise<Buffer> {
  const socket = connect({ host: link.machine.address, port: link.machines.linkPort });
  atEnd(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined); // cut or closed, the connection is over
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

const APPLICATION_DATA = 23;
/** Encrypted: level, description, the type, and the tag of AES-GCM (RFC 8446 §5.2, §6). */
const ALERT = { type: APPLICATION_DATA, length: 2 + 1 + 16 };

/** The TLS records in `bytes`. */
function recordsIn(bytes: Buffer): { type: number; length: number }[] {
  const records: { type: number; length: number }[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
    records.push({ type: bytes.readUInt8(at), length: bytes.readUInt16BE(at + 3) });
  }
  return records;
}

it('a recorded request that is sent again is nobody’s: the machine does nothing, and says nothing', async () => {
  const awake = join(link.machine.root, LINK_DIR, 'control/keep-awake');
  const tap = await Wiretap.before(link.machine.address, link.machines.linkPort);
  const gateway = new LinkClient({ host: '127.0.0.1', port: tap.port }, link.peer.callOf(link.target));
  const call = { method: 'PUT', path: '/__link/keep-awake', body: '9', headers: { host: link.peer.link.host } };
  expect(await gateway.outcome(call)).toBe(201);
  expect(existsSync(awake)).toBe(true);
  expect(await gateway.outcome({ method: 'DELETE', path: '/__link/keep-awake' })).toBe(204);

  const answer = await replay(tap.captured);
  expect(existsSync(awake)).toBe(false);
  // Hello, its own certificate, the wish to see ours; then it cannot read what comes.
  expect(recordsIn(answer).at(-1)).toEqual(ALERT);
});

it('a session is not taken up again, and no ticket for one is ever given: nothing can be sent before the handshake', async () => {
  const client = link.client();
  const first = await client.send({ path: '/api/version' });
  const socket = first.socket as TLSSocket;
  let tickets = 0;
  socket.on('session', () => (tickets += 1));
  const session = socket.getSession();
  for await (const chunk of first as AsyncIterable<Buffer>) void chunk;
  expect(tickets).toBe(0);
  expect(await client.ask({ path: '/api/version', session })).toMatchObject({ status: 200, resumed: false });
});

it('what is asked and answered is not in it', async () => {
  const tap = await Wiretap.before(link.machine.address, link.machines.linkPort);
  const gateway = new LinkClient({ host: '127.0.0.1', port: tap.port }, link.peer.callOf(link.target));
  expect(await gateway.outcome({ method: 'POST', path: '/api/generate', body: '{"prompt":"a secret of ours"}' })).toBe(
    400,
  );
  expect(recordsIn(tap.captured).at(-1)).toMatchObject({ type: APPLICATION_DATA });
  expect(tap.captured.toString('latin1')).not.toMatch(/secret|generate|prompt|peer/);
});
