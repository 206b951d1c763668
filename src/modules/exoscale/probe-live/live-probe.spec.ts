import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { type SimulatedAccount, startSimulatedAccount } from '../../../../test/support/simulated-account.js';
import { type LiveProbeOptions, runLiveProbe } from './live-probe.js';

describe('the probe of a live account', () => {
  let account: SimulatedAccount;
  let interruption: AbortController;
  let lines: string[];
  const probe = (options: Partial<LiveProbeOptions> = {}) =>
    runLiveProbe({
      http: new HttpService(),
      clock: account.clock,
      settings: account.settings,
      runId: 'abcd1234',
      signal: interruption.signal,
      say: (line) => lines.push(line),
      typeName: 'standard.tiny',
      confirm: () => Promise.resolve(true),
      ...options,
    });
  const leftovers = async () => ({
    instances: account.control.instances().length,
    groups: (await account.client.listSecurityGroups()).map((one) => one.name),
  });
  const NOTHING = { instances: 0, groups: ['default'] };
  /** The answer in the table, which is the last thing that is said. */
  const answerTo = (question: string) =>
    lines
      .at(-1)
      ?.split('\n')
      .find((row) => row.includes(`  ${question}  `))
      ?.split(/ {2,}/)
      .at(-1);

  beforeEach(async () => {
    account = await startSimulatedAccount();
    interruption = new AbortController();
    lines = [];
  });
  afterEach(() => account.close());

  it('answers its questions in a table and leaves nothing behind', async () => {
    expect(await probe()).toBe(0);
    expect(answerTo('Signature that expires in -30 s')).toContain('answered 403');
    expect(answerTo('Signature that expires in 3600 s')).toBe('accepted');
    expect(answerTo('State after the create')).toMatch(/^stopped after \d/);
    expect(answerTo('Stop of a stopped machine')).toContain('Only running instances can be stopped.');
    expect(answerTo('Start while starting')).toContain('answered 409');
    expect(answerTo('State after the guest powered itself off')).toBe('still running after six minutes');
    expect(answerTo('Delete of a running machine')).toContain('and is gone');
    expect(answerTo('User-data in the event log')).toContain('answered 404');
    expect(answerTo('What a stopped machine costs')).toContain('not probed');
    expect(await leftovers()).toEqual(NOTHING);
  });

  it('asks before it spends', async () => {
    const questions: string[] = [];
    const confirm = (question: string) => Promise.resolve(questions.push(question) === 0);
    expect(await probe({ confirm })).toBe(2);
    expect(questions[0]).toContain('one standard.tiny with 10 GiB in at-vie-2');
    expect(account.control.calls().every((call) => call.method === 'GET')).toBe(true);
  });

  it('refuses to spend on a GPU', async () => {
    expect(await probe({ typeName: 'a5000.small' })).toBe(2);
    expect(lines[0]).toContain('CPU types only');
    expect(await leftovers()).toEqual(NOTHING);
  });

  it.each(['create-security-group', 'create-instance', 'start-instance', 'delete-instance'])(
    'deletes what it made when the answer to %s is lost',
    async (operation) => {
      account.control.fault({ operation, times: 1, kind: 'reset-after' });
      expect(await probe()).toBe(1);
      expect(lines.at(-1)).toContain(`The probe ended early: Exoscale did not answer ${operation}`);
      expect(await leftovers()).toEqual(NOTHING);
    },
  );

  it('deletes what it made when the person leaves', async () => {
    const say = (line: string) => {
      lines.push(line);
      if (line.startsWith('Starting')) interruption.abort(new Error('interrupted'));
    };
    expect(await probe({ say })).toBe(1);
    expect(lines.at(-1)).toContain('The probe ended early: interrupted');
    expect(await leftovers()).toEqual(NOTHING);
  });

  it('never touches the machines of others', async () => {
    const labels = { 'managed-by': 'ollama-exoscale', pool: 'default', owner: 'us' };
    const ours = await account.control.addInstance({ labels });
    const other = await account.control.addInstance({ labels: { probe: 'abcd1234' } });
    await probe();
    expect(account.control.instances().map((one) => [one.id, one.state])).toEqual([
      [ours, 'stopped'],
      [other, 'stopped'],
    ]);
  });

  it('says aloud what it could not delete', async () => {
    account.control.fault({
      operation: 'delete-instance',
      times: 99,
      kind: 'status',
      status: 403,
      body: { message: 'no' },
    });
    expect(await probe()).toBe(3);
    expect(lines.at(-1)).toMatch(/COULD NOT DELETE[^]*instance .* answered 403 to delete-instance: no/);
  });
});
