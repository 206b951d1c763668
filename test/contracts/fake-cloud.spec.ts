import { CloudError } from '../../src/modules/provisioning/ports/cloud.port.js';
import { FakeCloud } from '../fakes/fake-cloud.js';
import { ManualClock } from '../support/manual-clock.js';
import { type CloudHarness, describeCloudContract } from './cloud.contract.js';

function harness(): Promise<CloudHarness> {
  const clock = new ManualClock();
  const cloud = new FakeCloud(clock, { adoptName: 'old-ollama' });
  return Promise.resolve({
    cloud,
    settle: () => clock.advance(10_000),
    add: (machine) => Promise.resolve(cloud.add(machine)),
    stopByHand: (id) => Promise.resolve(cloud.stopByHand(id)),
    deleteByHand: (id) => Promise.resolve(cloud.deleteByHand(id)),
    refuseNext: (call, kind) => cloud.failNext(call, new CloudError(kind, `no: ${kind}`)),
    loseAnswer: (call) => cloud.loseAnswer(call),
    failJob: (call) => cloud.failOperation(call, new CloudError('capacity', 'no free host')),
    close: () => Promise.resolve(),
  });
}

describeCloudContract('FakeCloud', harness);
