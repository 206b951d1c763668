/** Models go up through both ends of the link as they come: nothing is collected on the way, in memory or on disk. */
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { LinkBed } from '../support/link-bed.js';
import { LINK_DIR, workersOf } from '../support/machine-nginx.js';
import { readReply, type OpenCall } from '../support/ollama-client.js';
import { residentMb, resetPeak } from '../support/resident-memory.js';

afterEach(endEverything);

const GIB = 1024 ** 3;
const BYTES = 2 * GIB;
/** `head --bytes=2G /dev/zero | sha256sum` */
const DIGEST = 'a7c744c13cc101ed66c29f672f92455547889cc586ce6d44fe76ae824958ea51';
const PIECE = Buffer.alloc(256 * 1024);

function beginUpload(link: LinkBed, path: string): OpenCall {
  return link.bed.ollama.open({ method: 'POST', path, headers: { 'Transfer-Encoding': 'chunked' } });
}

/** As fast as it is taken. */
async function send({ request }: OpenCall, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes; sent += PIECE.length) {
    if (!request.write(PIECE)) await once(request, 'drain');
  }
}

/** Files of nginx's own that it has open, but for those it always has. */
function openFiles(link: LinkBed): string[] {
  const { root, nginx } = link.machine;
  const targets = workersOf(nginx.pid).flatMap((worker) =>
    readdirSync(`/proc/${worker}/fd`).map((fd) => readlinkSync(`/proc/${worker}/fd/${fd}`)),
  );
  return targets.filter((target) => target.startsWith(root) && !target.endsWith('/use.log'));
}

describe('an upload of 2 GiB', () => {
  it('arrives whole, in the memory that an upload of some MB takes, and lies nowhere on the way', async () => {
    const link = await LinkBed.ready();
    const processes = [link.bed.gateway.pid, ...workersOf(link.machine.nginx.pid)];
    const warm = beginUpload(link, `/api/blobs/sha256:${'0'.repeat(64)}`);
    await send(warm, 64 * PIECE.length);
    warm.request.end();
    await readReply(await warm.response);
    const before = processes.map((pid) => residentMb(pid).now);
    processes.forEach(resetPeak);

    const upload = beginUpload(link, `/api/blobs/sha256:${DIGEST}`);
    await send(upload, BYTES / 2);
    expect(openFiles(link)).toEqual([]);
    expect(readdirSync(join(link.machine.root, LINK_DIR, 'temp'))).toEqual([]);
    await send(upload, BYTES / 2);
    upload.request.end();
    // Ollama has hashed what has arrived.
    expect((await readReply(await upload.response)).status).toBe(201);

    const growth = processes.map((pid, i) => residentMb(pid).peak - (before[i] as number));
    process.stderr.write(
      `2 GiB upload, memory above before in MB, gateway and nginx: ${growth.map(Math.round).join(' ')}\n`,
    );
    expect(Math.max(...growth)).toBeLessThan(100);
  });
});

describe('an upload that Ollama answers before it has ended', () => {
  it('gets the answer while it is still being sent', async () => {
    const link = await LinkBed.ready();
    link.machines.behaviour.busy = true;
    const upload = beginUpload(link, '/api/chat');
    await send(upload, PIECE.length);
    const { status, headers, text } = await readReply(await upload.response);
    expect(status).toBe(503);
    expect(headers).not.toHaveProperty('x-gateway-error');
    expect(JSON.parse(text)).toEqual({
      error: 'server busy, please try again.  maximum pending requests exceeded',
    });
    expect(upload.request.writableEnded).toBe(false);
  });
});
