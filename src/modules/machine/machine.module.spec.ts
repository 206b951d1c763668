import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { LinkConfig } from '../../common/config/link-config.js';
import { Clock, SystemClock } from '../../common/time/clock.js';
import { MachineLink, PlainLink } from '../link/machine-link.js';
import { MachinePort } from '../provisioning/ports/machine.port.js';
import { MachineModule } from './machine.module.js';

@Global()
@Module({
  providers: [
    { provide: Clock, useClass: SystemClock },
    { provide: MachineLink, useClass: PlainLink },
  ],
  exports: [Clock, MachineLink],
})
class Common {}

describe('MachineModule', () => {
  it('provides machines on the configured link port, and breaks the calls under way at the end', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const linkPort = (silent.address() as AddressInfo).port;
    const link = Object.assign(new LinkConfig(), { link: 'plain', linkPort });
    const app = await Test.createTestingModule({ imports: [Common, MachineModule.register({ link })] }).compile();
    const machine = app.get(MachinePort);
    const target = machine.targetOf('127.0.0.1', 'launch-1', 0);
    expect(target.url).toBe(`http://127.0.0.1:${linkPort}`);

    const arrived = once(silent, 'request');
    const load = machine.load(target, 'm', new AbortController().signal).catch((error: unknown) => error);
    await arrived;
    await app.close();
    expect(await load).toMatchObject({ name: 'MachineError', kind: 'unreachable' });
    silent.close();
    await once(silent, 'close');
  });
});
