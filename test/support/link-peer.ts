/**
 * Another process with the secret of the pool: what it knows of a machine it reads from the labels of the instance, and all
 * keys it derives anew. Speaks as a second gateway would, or hands out its keys to a test that does something else.
 */
import { request, type Dispatcher } from 'undici';
import { parseLinkSecret } from '../../src/modules/link/link-secret.js';
import { LinkAgents } from '../../src/modules/link/link-agents.js';
import { MtlsLink } from '../../src/modules/link/mtls-link.js';
import type { MachineTarget } from '../../src/modules/provisioning/ports/machine.port.js';
import type { Instance } from '../../src/sandbox/exoscale-simulator/instance.js';
import { atEnd } from './endings.js';
import type { LinkCall } from './link-client.js';

export interface PeerRequest {
  method?: Dispatcher.HttpMethod;
  path: string;
  body?: string;
  headers?: Record<string, string>;
}

export class LinkPeer {
  /** @param secret as GATEWAY_LINK_SECRET has it */
  static async create(secret: string, { pool = 'default', name = 'peer' } = {}): Promise<LinkPeer> {
    return new LinkPeer(await MtlsLink.create(pool, name, parseLinkSecret(secret)));
  }

  private readonly agents: LinkAgents;

  private constructor(readonly link: MtlsLink) {
    this.agents = new LinkAgents(link, { pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
    atEnd(() => this.agents.destroy());
  }

  /** Where this instance answers, and who it must prove to be. */
  targetOf({ publicIp, labels }: Pick<Instance, 'publicIp' | 'labels'>, linkPort: number): MachineTarget {
    return {
      url: `https://${publicIp}:${linkPort}`,
      launchId: labels['launch-id'] ?? '',
      linkEpoch: Number(labels['link-epoch']),
    };
  }

  /** Resolves with the head of the answer. */
  send(target: MachineTarget, { path, headers, ...rest }: PeerRequest): Promise<Dispatcher.ResponseData> {
    return request(`${target.url}${path}`, {
      method: 'GET',
      ...rest,
      dispatcher: this.agents.of(target),
      headers: { host: this.link.host, ...headers },
    });
  }

  /** Sends and reads to the end. */
  async ask(target: MachineTarget, what: PeerRequest): Promise<{ status: number; text: string }> {
    const { statusCode: status, body } = await this.send(target, what);
    return { status, text: await body.text() };
  }

  /** Its keys and what it expects, for a client that goes its own ways. */
  callOf(target: MachineTarget): LinkCall {
    const { ca, cert, key } = this.link.connectOptions(target) as Pick<LinkCall, 'ca' | 'cert' | 'key'>;
    return { ca, cert, key, servername: this.link.host, headers: { host: this.link.host } };
  }
}
