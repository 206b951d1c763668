/** The simulated cloud and its machines, joined and listening: what `npm run simulator` and the sandbox both start. */
import { ExoscaleSimulator } from './exoscale-simulator/exoscale-simulator.js';
import { MachineSimulator } from './machine-simulator/machine-simulator.js';

export interface SimulatorsOptions {
  apiKey: string;
  apiSecret: string;
  /** Port of the API; 0 takes a free one. */
  port: number;
  /** The link port of every machine; 0 takes a free one. */
  linkPort: number;
  zone?: string;
  /** A real Ollama behind the machines. */
  upstreamUrl?: string;
}

export interface Simulators {
  cloud: ExoscaleSimulator;
  machines: MachineSimulator;
  linkPort: number;
  close(): Promise<void>;
}

/** A cold start of a few seconds: long enough to see each phase, short enough to wait for. */
const PACE = { operationMs: 500, bootMs: 1500, pullMs: 2000, loadMs: 800, tokenMs: 60, tokens: 40 };

/** Rejects with Node's error (`code` EADDRINUSE, …) when the API's port is taken; nothing is left open then. */
export async function startSimulators(options: SimulatorsOptions): Promise<Simulators> {
  const { operationMs, ...pace } = PACE;
  const machines = new MachineSimulator({ ...pace, port: options.linkPort, upstreamUrl: options.upstreamUrl });
  const linkPort = await machines.reservePort();
  const { apiKey, apiSecret, port, zone } = options;
  const cloud = await ExoscaleSimulator.start({ apiKey, apiSecret, port, zone, operationMs, machines });
  const close = async (): Promise<void> => {
    await cloud.close();
    await machines.close();
  };
  return { cloud, machines, linkPort, close };
}
