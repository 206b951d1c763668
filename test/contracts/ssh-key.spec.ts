/** EXOSCALE_SSH_KEY: a key of the organization on every new machine, or a refusal that names it as the reason. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { atEnd, endEverything } from '../support/endings.js';
import { type SimulatedAccount, startSimulatedAccount } from '../support/simulated-account.js';

const LAUNCH = { launchId: '0d7f5c1a-6d0e-4f0e-9d6b-0c2f1f9f2a11', owner: 'owner-under-test' };

afterEach(endEverything);

async function accountWith(sshKey: string | null, sshKeys: string[]): Promise<SimulatedAccount> {
  const account = await startSimulatedAccount({ sshKey }, { sshKeys });
  atEnd(() => account.close());
  return account;
}

describe('EXOSCALE_SSH_KEY', () => {
  it('is on a new machine where it is set, and none is where it is not', async () => {
    for (const [sshKey, expected] of [
      ['ops', ['ops']],
      [null, []],
    ] as const) {
      const { cloud, control } = await accountWith(sshKey, ['ops', 'another']);
      await cloud.create(LAUNCH);
      expect(control.instances().map(({ sshKeyNames }) => sshKeyNames)).toEqual([expected]);
    }
  });

  it('that the organization does not have makes no machine, and the reason is told', async () => {
    const { cloud, control } = await accountWith('mistyped', ['ops']);
    await expect(cloud.create(LAUNCH)).rejects.toMatchObject({
      kind: 'not_found',
      message: expect.stringContaining('SSH key not found'),
    });
    expect(control.instances()).toEqual([]);
  });
});
