import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { loadConfig } from '../../common/config/load-config.js';
import { Clock } from '../../common/time/clock.js';
import { CloudPort } from '../provisioning/ports/cloud.port.js';
import { ExoscaleModule } from './exoscale.module.js';

@Global()
@Module({ providers: [{ provide: Clock, useClass: ManualClock }], exports: [Clock] })
class ClockModule {}

describe('the Exoscale module', () => {
  it('provides the cloud of the configuration', async () => {
    const { config } = loadConfig({ EXOSCALE_API_KEY: 'EXO1', EXOSCALE_API_SECRET: 'secret' });
    const app = await Test.createTestingModule({ imports: [ClockModule, ExoscaleModule.register(config)] }).compile();
    expect(app.get(CloudPort, { strict: false }).fingerprint).toMatch(/^f[0-9a-f]{15}$/);
    await app.close();
  });
});
