/**
 * The link as it ships, both ends of it: a gateway process, machines of real nginx from the user-data that it has rendered,
 * and a peer that knows the secret. What a suite attacks is here; how is in the suite.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MachineTarget } from '../../src/modules/provisioning/ports/machine.port.js';
import type { Instance } from '../../src/sandbox/exoscale-simulator/instance.js';
import { LinkClient } from './link-client.js';
import { LinkPeer } from './link-peer.js';
import { NginxMachines, type NginxMachine } from './nginx-machines.js';
import { TestBed } from './test-bed.js';

const secretOf = (epoch: number): string => `${epoch}:${Buffer.alloc(32, epoch).toString('base64')}`;
/** What GATEWAY_LINK_SECRET has during a rotation: these epochs, and no two of them alike. */
export const linkSecret = (...epochs: number[]): string => epochs.map(secretOf).join(',');

function secretOfGateway({
  GATEWAY_LINK_SECRET: given,
  GATEWAY_STATE_DIR: folder = '',
}: TestBed['environment']): string {
  return given || readFileSync(join(folder, 'link-secret'), 'utf8').trim();
}

export class LinkBed {
  /** Resolves when the machine serves. An empty GATEWAY_LINK_SECRET lets the gateway make its own. */
  static async ready(env: Record<string, string> = {}): Promise<LinkBed> {
    const machines = await NginxMachines.open();
    const secret = { GATEWAY_LINK_SECRET: linkSecret(1) };
    const bed = await TestBed.start({ host: machines, link: 'mtls', env: { ...secret, ...env } });
    await bed.ready();
    return new LinkBed(bed, machines, await LinkPeer.create(secretOfGateway(bed.environment)));
  }

  private constructor(
    readonly bed: TestBed,
    readonly machines: NginxMachines,
    readonly peer: LinkPeer,
  ) {}

  /** The one that there is. */
  get instance(): Instance {
    const id = this.bed.instanceId;
    return this.bed.cloud.instances().find((one) => one.id === id) as Instance;
  }

  get machine(): NginxMachine {
    return this.machines.of(this.bed.instanceId);
  }

  get target(): MachineTarget {
    return this.peer.targetOf(this.instance, this.machines.linkPort);
  }

  /** Calls to the link port of the machine; a test that says nothing else has the keys of the peer. */
  client(): LinkClient {
    return new LinkClient({ host: this.machine.address, port: this.machines.linkPort }, this.peer.callOf(this.target));
  }
}
