/** The real Exoscale adapter against the simulator, both on one clock: the harness of the adapter's own suites. */
import { HttpService } from '@nestjs/axios';
import { ApiTransport } from '../../src/modules/exoscale/api/api-transport.js';
import { ExoscaleClient } from '../../src/modules/exoscale/api/exoscale-client.js';
import { PlainLink } from '../../src/modules/link/machine-link.js';
import { buildExoscaleCloud } from '../../src/modules/exoscale/build-exoscale-cloud.js';
import type { ExoscaleCloud } from '../../src/modules/exoscale/exoscale-cloud.adapter.js';
import type { ExoscaleSettings } from '../../src/modules/exoscale/exoscale-settings.js';
import { ExoscaleSimulator } from '../../src/sandbox/exoscale-simulator/exoscale-simulator.js';
import type { SimulatorOptions } from '../../src/sandbox/exoscale-simulator/options.js';
import { PassingClock } from './passing-clock.js';

export interface SimulatedAccount {
  simulator: ExoscaleSimulator;
  control: ExoscaleSimulator['control'];
  clock: PassingClock;
  settings: ExoscaleSettings;
  cloud: ExoscaleCloud;
  /** The calls themselves, for tests of one part and to look at what a part has done. */
  client: ExoscaleClient;
  /** Another adapter on the same account. */
  cloudWith(settings: Partial<ExoscaleSettings>): ExoscaleCloud;
  close(): Promise<void>;
}

const ACCOUNT_CREDENTIALS = { key: 'EXOsimulated', secret: 'simulated-secret' };

/**
 * A CPU type, unless `settings` say otherwise: GPU quotas are 0 at first, as in a new organization.
 * @param account what the organization has and the key may do
 */
export async function startSimulatedAccount(
  settings: Partial<ExoscaleSettings> = {},
  account: Pick<SimulatorOptions, 'policy' | 'sshKeys'> = {},
): Promise<SimulatedAccount> {
  // Begins now: the simulator's `Date` header is Node's, and the pre-flight compares it with this clock.
  const clock = new PassingClock(Date.now());
  const { key, secret } = ACCOUNT_CREDENTIALS;
  const simulator = await ExoscaleSimulator.start({ apiKey: key, apiSecret: secret, clock, ...account });
  const base: ExoscaleSettings = {
    credentials: ACCOUNT_CREDENTIALS,
    zone: 'at-vie-2',
    baseUrl: simulator.url,
    referenceUrl: simulator.url,
    instanceType: 'standard.small',
    template: 'Linux Ubuntu 24.04 LTS 64-bit',
    diskSizeGib: 50,
    pool: 'default',
    adoptName: 'old-ollama',
    sshKey: null,
    link: { port: 11434, cidrs: ['203.0.113.7/32'] },
    image: 'ollama/ollama:0.32.15',
    ollamaEnv: {},
    idleTimeoutSec: 1800,
    timeScale: 1,
    ...settings,
  };
  const retries = { clock, random: () => 0.5, timeScale: 1 };
  const cloudWith = (more: Partial<ExoscaleSettings>) =>
    buildExoscaleCloud({ ...base, ...more }, new HttpService(), clock, new PlainLink(), { random: () => 0.5 });
  return {
    simulator,
    control: simulator.control,
    clock,
    settings: base,
    cloud: cloudWith({}),
    client: new ExoscaleClient(new ApiTransport(new HttpService(), clock, base), retries, simulator.url),
    cloudWith,
    close: () => simulator.close(),
  };
}
