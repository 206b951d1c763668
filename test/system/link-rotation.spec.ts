/**
 * New keys for the link without a flag day (ADR 0012), and processes that share nothing but the secret. Gateways and nginx
 * are real; the streams that must not notice belong to a peer with keys of its own making.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { MachineEnd } from '../../src/modules/link/machine-link.js';
import { atEnd, endEverything } from '../support/endings.js';
import { ENDLESS, EndlessStream, QUESTION } from '../support/endless-stream.js';
import { eventually } from '../support/eventually.js';
import { LinkBed, linkSecret } from '../support/link-bed.js';
import { LinkPeer } from '../support/link-peer.js';
import { LINK_DIR } from '../support/machine-nginx.js';

afterEach(endEverything);

async function streamOf(peer: LinkPeer, target: LinkBed['target']): Promise<EndlessStream> {
  const { statusCode, body } = await peer.send(target, QUESTION);
  expect(statusCode).toBe(200);
  const stream = new EndlessStream(body);
  await stream.goesOn();
  return stream;
}

describe('a rotation', () => {
  it('leaves a machine with the old keys at work, streams and all, and replaces it once it is idle', async () => {
    const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '3' });
    Object.assign(link.machines.behaviour, ENDLESS);
    const { bed, target: oldTarget } = link;
    const oldId = bed.instanceId;
    const stream = await streamOf(link.peer, oldTarget);

    await bed.restartGateway('SIGTERM', { GATEWAY_LINK_SECRET: linkSecret(2, 1) });
    await bed.gateway.untilPhase('ready');
    expect((await bed.ollama.generate({ options: { num_predict: 3 } })).status).toBe(200);
    expect([bed.instanceId, link.instance.labels['link-epoch']]).toEqual([oldId, '1']);
    expect((await bed.gateway.status()).outdated).toBe(true);
    await stream.goesOn();

    stream.leave();
    await bed.gateway.untilPhase('absent');
    expect(bed.cloud.instances()).toEqual([]);
    await bed.ready();
    expect(link.instance.labels['link-epoch']).toBe('2');
    expect(await bed.gateway.status()).not.toHaveProperty('outdated');
    const rotated = await LinkPeer.create(linkSecret(2));
    const target = rotated.targetOf(link.instance, link.machines.linkPort);
    expect((await rotated.ask(target, { path: '/api/version' })).status).toBe(200);
  });

  it('on the machine itself cuts no stream: nginx takes new keys at a reload, and old ones no more', async () => {
    const link = await LinkBed.ready();
    Object.assign(link.machines.behaviour, ENDLESS);
    const old = link.target;
    const stream = await streamOf(link.peer, old);

    const next = await LinkPeer.create(linkSecret(2));
    const target = { ...old, linkEpoch: 2 };
    const keys = (await next.link.machineEnd(old.launchId)) as Extract<MachineEnd, { kind: 'mtls' }>;
    const files = { 'ca.pem': keys.caPem, 'server.pem': keys.certificatePem, 'server.key': keys.keyPem };
    for (const [name, pem] of Object.entries(files)) {
      writeFileSync(join(link.machine.root, 'etc/ollama-gateway/link', name), pem);
    }
    await link.machine.nginx.reload();

    expect((await next.ask(target, { path: '/api/version' })).status).toBe(200);
    const newcomer = await LinkPeer.create(linkSecret(1));
    await expect(newcomer.ask(old, { path: '/api/version' })).rejects.toMatchObject({
      code: expect.stringMatching(/VERIFY|CERT/),
    });
    await stream.goesOn();
    stream.leave();
  });
});

describe('an emergency rotation, with the old secret gone at once', () => {
  it('replaces the machine without a word to it', async () => {
    const link = await LinkBed.ready();
    const { bed } = link;
    const oldId = bed.instanceId;
    await bed.restartGateway('SIGKILL', { GATEWAY_LINK_SECRET: linkSecret(2) });
    const before = link.machines.requests().length;
    expect((await bed.answered()).status).toBe(200);
    expect(bed.instanceId).not.toBe(oldId);
    expect(link.instance.labels['link-epoch']).toBe('2');
    expect(bed.cloud.maxConcurrentBilled()).toBe(1);
    const arrived = link.machines.requests().slice(before);
    expect(arrived.find(({ url }) => url !== '/')).toMatchObject({ url: '/api/tags' });
  });
});

describe('two gateways that share nothing but the secret and the name of the owner', () => {
  it('reach the same machine, each under its own name', async () => {
    const link = await LinkBed.ready({ GATEWAY_OWNER: 'one-owner' });
    const { bed } = link;
    const first = bed.gateway;
    const folder = mkdtempSync(join(tmpdir(), 'second-gateway-'));
    atEnd(() => rmSync(folder, { recursive: true, force: true }));
    const second = await bed.startGateway({ GATEWAY_STATE_DIR: folder });
    expect(readdirSync(folder)).not.toContain('link-secret');
    await second.untilPhase('ready');
    for (const { ollama } of [first, second, first, second]) expect((await ollama.generate()).status).toBe(200);
    expect(bed.cloud.countCalls('create-instance')).toBe(1);

    const log = (): string[] =>
      readFileSync(join(link.machine.root, LINK_DIR, 'use.log'), 'utf8')
        .trim()
        .split('\n');
    await eventually('all of it is in the log of use', () => log().length === 4);
    const names = log().map((line) => line.split(' ').at(-1));
    expect(new Set(names).size).toBe(2);
    expect(names).not.toContain('-');
  });
});
