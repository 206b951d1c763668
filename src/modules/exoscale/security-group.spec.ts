import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type SimulatedAccount, startSimulatedAccount } from '../../../test/support/simulated-account.js';
import type { ApiSecurityGroup } from './api/api-types.js';
import { canonicalNetwork, SecurityGroupKeeper, securityGroupName } from './security-group.js';

const OWNER = 'a1b2c3d4-e5f6-4711-8899-aabbccddeeff';
const NAME = 'ollama-exoscale-default-a1b2c3d4';

describe('the security group of a pool', () => {
  let account: SimulatedAccount;
  const keeper = (port: number, cidrs: string[]) =>
    new SecurityGroupKeeper(account.client, account.clock, {
      pool: 'default',
      link: { port, cidrs },
      timeScale: 1,
    });
  const groups = (): Promise<ApiSecurityGroup[]> => account.client.listSecurityGroups();
  const rules = async (): Promise<string[]> =>
    ((await groups()).find((one) => one.name === NAME)?.rules ?? []).map(
      (rule) => `${rule['flow-direction']} ${rule.protocol} ${rule['start-port']}-${rule['end-port']} ${rule.network}`,
    );
  beforeEach(async () => {
    account = await startSimulatedAccount();
  });
  afterEach(() => account.close());

  it('is named after pool and owner', () => {
    expect(securityGroupName('default', OWNER)).toBe(NAME);
  });

  it('opens the link port for each network and nothing else', async () => {
    const id = await keeper(11434, ['203.0.113.7/32', '198.51.100.0/24']).ensure(OWNER);
    expect((await groups()).find((one) => one.name === NAME)?.id).toBe(id);
    expect(await rules()).toEqual([
      'ingress tcp 11434-11434 203.0.113.7/32',
      'ingress tcp 11434-11434 198.51.100.0/24',
    ]);
  });

  it('is made once and then left alone', async () => {
    const first = await keeper(11434, ['203.0.113.7/32']).ensure(OWNER);
    expect(await keeper(11434, ['203.0.113.7/32']).ensure(OWNER)).toBe(first);
    expect(account.control.countCalls('create-security-group')).toBe(1);
    expect(account.control.countCalls('add-rule-to-security-group')).toBe(1);
    expect(account.control.countCalls('delete-rule-from-security-group')).toBe(0);
  });

  it('is corrected when the configuration has changed', async () => {
    await keeper(11434, ['203.0.113.7/32', '198.51.100.0/24']).ensure(OWNER);
    await keeper(11434, ['198.51.100.0/24', '192.0.2.0/24']).ensure(OWNER);
    expect(await rules()).toEqual(['ingress tcp 11434-11434 198.51.100.0/24', 'ingress tcp 11434-11434 192.0.2.0/24']);
  });

  it('is corrected when somebody added a rule by hand', async () => {
    const id = await keeper(11434, ['203.0.113.7/32']).ensure(OWNER);
    const strays = [
      { 'flow-direction': 'ingress', protocol: 'tcp', 'start-port': 22, 'end-port': 22, network: '0.0.0.0/0' },
      {
        'flow-direction': 'egress',
        protocol: 'tcp',
        'start-port': 11434,
        'end-port': 11434,
        network: '203.0.113.7/32',
      },
      {
        'flow-direction': 'ingress',
        protocol: 'tcp',
        'start-port': 11434,
        'end-port': 11434,
        network: '203.0.113.7/32',
      },
      {
        'flow-direction': 'ingress',
        protocol: 'udp',
        'start-port': 11434,
        'end-port': 11434,
        network: '203.0.113.7/32',
      },
      {
        'flow-direction': 'ingress',
        protocol: 'tcp',
        'start-port': 11434,
        'end-port': 11999,
        network: '203.0.113.7/32',
      },
    ];
    for (const stray of strays) await account.client.addRule(id, stray);
    await account.clock.advance(5000);
    await keeper(11434, ['203.0.113.7/32']).ensure(OWNER);
    expect(await rules()).toEqual(['ingress tcp 11434-11434 203.0.113.7/32']);
  });

  it('is not one that merely looks like ours', async () => {
    await account.client.createSecurityGroup({ name: `${NAME}-backup`, description: '' });
    await account.clock.advance(5000);
    await keeper(11434, ['203.0.113.7/32']).ensure(OWNER);
    const others = (await groups()).filter((one) => one.name !== NAME);
    expect(others.map((one) => [one.name, one.rules])).toEqual([
      ['default', []],
      [`${NAME}-backup`, []],
    ]);
  });

  it('is found again after its creation was answered by silence', async () => {
    account.control.fault({ operation: 'create-security-group', times: 1, kind: 'reset-after' });
    await expect(keeper(11434, ['203.0.113.7/32']).ensure(OWNER)).rejects.toMatchObject({ kind: 'transient' });
    await account.clock.advance(5000);
    await keeper(11434, ['203.0.113.7/32']).ensure(OWNER);
    expect(account.control.countCalls('create-security-group')).toBe(1);
    expect(await rules()).toHaveLength(1);
  });

  it.each([
    ['203.0.113.7/32', '203.0.113.7/32'],
    ['203.0.113.7/24', '203.0.113.0/24'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['255.255.255.255/31', '255.255.255.254/31'],
    ['1.2.3.4/0', '0.0.0.0/0'],
    ['2001:DB8:0:0::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
  ])('knows %s as %s', (written, canonical) => {
    expect(canonicalNetwork(written)).toBe(canonical);
  });
});
