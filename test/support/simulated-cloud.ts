/** An Exoscale simulator whose operations end when the test says so, with a signed client in front of it. */
import { ExoscaleSimulator } from '../../src/sandbox/exoscale-simulator/exoscale-simulator.js';
import type { SimulatorOptions } from '../../src/sandbox/exoscale-simulator/options.js';
import { ManualClock } from './manual-clock.js';
import { SignedClient } from './signed-client.js';

const CREDENTIALS = { apiKey: 'EXOtest', apiSecret: 'secret' };
const OPERATION_MS = 1000;

export class SimulatedCloud {
  static async start(options: Partial<SimulatorOptions> = {}): Promise<SimulatedCloud> {
    const clock = new ManualClock();
    const simulator = await ExoscaleSimulator.start({
      ...CREDENTIALS,
      clock,
      operationMs: OPERATION_MS,
      ...options,
    });
    return new SimulatedCloud(simulator, clock);
  }

  readonly api: SignedClient;

  private constructor(
    readonly simulator: ExoscaleSimulator,
    readonly clock: ManualClock,
  ) {
    this.api = new SignedClient(simulator.url, CREDENTIALS, () => clock.nowMs());
  }

  /** Ends the operations that are under way. */
  async settle(): Promise<void> {
    await this.clock.advance(OPERATION_MS);
  }

  async state(instanceId: string): Promise<string> {
    return (await this.api.get(`/instance/${instanceId}`)).body.state;
  }

  /** A create body that the simulator accepts, with `changes`. */
  async createBody(changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const types = (await this.api.get('/instance-type')).body['instance-types'];
    const templates = (await this.api.get('/template')).body.templates;
    const type = types.find((one) => one.family === 'gpua5000' && one.size === 'small');
    return {
      name: 'machine',
      'instance-type': { id: type?.id },
      template: { id: templates[0]?.id },
      'disk-size': 50,
      'auto-start': false,
      ...changes,
    };
  }

  /** Creates an instance, waits for its operation and answers its id. */
  async created(changes: Record<string, unknown> = {}): Promise<string> {
    const { body } = await this.api.call('POST', '/instance', await this.createBody(changes));
    await this.settle();
    return body.reference.id;
  }

  close(): Promise<void> {
    return this.simulator.close();
  }
}
