/** Provides the link as it is configured. */
import { randomUUID } from 'node:crypto';
import { type DynamicModule, Module } from '@nestjs/common';
import type { GatewayConfig } from '../../common/config/gateway-config.js';
import { keptLinkSecret, parseLinkSecret } from './link-secret.js';
import { MachineLink, PlainLink } from './machine-link.js';
import { MtlsLink } from './mtls-link.js';

type LinkSettings = Pick<GatewayConfig, 'link' | 'pool' | 'state'>;

@Module({})
export class LinkModule {
  static register(config: LinkSettings): DynamicModule {
    return {
      module: LinkModule,
      global: true,
      providers: [{ provide: MachineLink, useFactory: () => createLink(config) }],
      exports: [MachineLink],
    };
  }
}

/** @throws LinkSecretError */
function createLink({ link, pool, state }: LinkSettings): Promise<MachineLink> {
  if (link.link === 'plain') return Promise.resolve(new PlainLink());
  const epochs = link.secret === null ? keptLinkSecret(state.dir) : parseLinkSecret(link.secret);
  return MtlsLink.create(pool.pool, randomUUID(), epochs);
}
