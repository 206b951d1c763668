import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedAccount, startSimulatedAccount } from '../../../test/support/simulated-account.js';
import { resolveTemplate } from './template-resolver.js';

describe('the template', () => {
  let account: SimulatedAccount;
  beforeEach(async () => {
    account = await startSimulatedAccount();
  });
  afterEach(() => account.close());

  it('is the newest of exactly this name', async () => {
    const { createdAt } = await resolveTemplate(account.client, 'Linux Ubuntu 24.04 LTS 64-bit');
    expect(createdAt).toBe('2026-10-21T09:30:00Z');
  });

  it('may be one of the organization', async () => {
    expect(await resolveTemplate(account.client, 'ollama-baked')).toMatchObject({ createdAt: '2026-11-10T09:30:00Z' });
  });

  it('that does not exist is answered with those that do', async () => {
    await expect(resolveTemplate(account.client, 'Linux Ubuntu 24.04')).rejects.toMatchObject({
      kind: 'invalid',
      details: { code: 'invalid_template' },
      message: expect.stringMatching(
        /"Linux Ubuntu 24.04" does not exist .* Linux Ubuntu 22.04 LTS 64-bit.*ollama-baked/,
      ),
    });
  });
});
