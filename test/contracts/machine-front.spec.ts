/** Runs the contract of a machine's front over the simulated machines. Over real nginx: test/system/machine-front.spec.ts. */
import { MachineSimulator } from '../../src/sandbox/machine-simulator/machine-simulator.js';
import { atEnd } from '../support/endings.js';
import { until } from '../support/until.js';
import { machineFrontContract } from './machine-front.contract.js';

const PACE = { port: 0, bootMs: 0, pullMs: 0, loadMs: 0, tokenMs: 0, tokens: 1 };

machineFrontContract('a simulated machine', async (userData, ollama) => {
  const machines = new MachineSimulator({ ...PACE, upstreamUrl: ollama.url });
  atEnd(() => machines.close());
  const host = await machines.start('a', userData);
  await until(() => machines.instructionsOf('a') !== null);
  return host;
});
