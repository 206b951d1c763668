/** Who may use the public listener, and for what. The front door asks; nobody else does. */
import { Inject, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AccessConfig } from '../../common/config/access-config.js';
import { Logger } from '../../common/logging/logger.js';
import { Clock } from '../../common/time/clock.js';
import { AccessRules } from './access-rules.js';
import { ClientAddresses } from './client-address.js';
import { KeyFile } from './key-file.js';

@Module({
  providers: [
    {
      provide: KeyFile,
      useFactory: ({ apiKeysFile }: AccessConfig, clock: Clock, log: Logger) =>
        apiKeysFile === null ? null : new KeyFile(apiKeysFile, clock, log),
      inject: [AccessConfig, Clock, Logger],
    },
    {
      provide: AccessRules,
      useFactory: (keys: KeyFile | null, { modelManagement }: AccessConfig) => new AccessRules(keys, modelManagement),
      inject: [KeyFile, AccessConfig],
    },
    {
      provide: ClientAddresses,
      useFactory: ({ trustedProxies }: AccessConfig) => new ClientAddresses(trustedProxies),
      inject: [AccessConfig],
    },
  ],
  exports: [AccessRules, ClientAddresses],
})
export class AccessModule implements OnModuleInit, OnApplicationShutdown {
  constructor(@Inject(KeyFile) private readonly keyFile: KeyFile | null) {}

  onModuleInit(): void {
    this.keyFile?.start();
  }

  /** Only now: while the gateway drains, keys can still be taken away. */
  onApplicationShutdown(): void {
    this.keyFile?.stop();
  }
}
