import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { PoolConfig, StateConfig } from '../../common/config/classes.js';
import { Clock, SystemClock } from '../../common/time/clock.js';
import { StateStorePort, StateUnavailableError } from '../provisioning/ports/state-store.port.js';
import { StateStoreModule } from './state-store.module.js';

@Global()
@Module({ providers: [{ provide: Clock, useClass: SystemClock }], exports: [Clock] })
class TimeModule {}

describe('StateStoreModule', () => {
  it('provides the store in the configured folder, touches nothing before it is opened, and leaves the closing to its user', async () => {
    const dir = join(mkdtempSync(join(tmpdir(), 'store-module-')), 'state');
    const config = {
      state: Object.assign(new StateConfig(), { dir }),
      pool: Object.assign(new PoolConfig(), { pool: 'default', owner: 'owner-of-the-test' }),
    };
    const app = await Test.createTestingModule({ imports: [TimeModule, StateStoreModule.register(config)] }).compile();
    const store = app.get(StateStorePort);
    expect(existsSync(dir)).toBe(false);
    await store.open();
    expect(await store.ownerId()).toBe('owner-of-the-test');
    await app.close();
    expect(await store.read()).toBeNull();
    await store.close();
    await expect(store.read()).rejects.toBeInstanceOf(StateUnavailableError);
    rmSync(join(dir, '..'), { recursive: true });
  });
});
