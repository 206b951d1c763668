import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { loadConfig } from '../../common/config/load-config.js';
import { Tallies } from '../../common/metrics/tallies.js';
import { Clock } from '../../common/time/clock.js';
import { MachineLink, PlainLink } from '../link/machine-link.js';
import { CloudPort } from '../provisioning/ports/cloud.port.js';
import { ExoscaleModule } from './exoscale.module.js';

@Global()
@Module({
  providers: [{ provide: Clock, useClass: ManualClock }, { provide: MachineLink, useClass: PlainLink }, Tallies],
  exports: [Clock, MachineLink, Tallies],
})
class CommonModule {}

describe('the Exoscale module', () => {
  it('provides the cloud of the configuration', async () => {
    const { config } = loadConfig({ EXOSCALE_API_KEY: 'EXO1', EXOSCALE_API_SECRET: 'secret' });
    const app = await Test.createTestingModule({ imports: [CommonModule, ExoscaleModule.register(config)] }).compile();
    expect(app.get(CloudPort, { strict: false }).fingerprint).toMatch(/^f[0-9a-f]{15}$/);
    await app.close();
  });
});
