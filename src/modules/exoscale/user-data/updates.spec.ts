/** When a machine installs security updates: the real script, with apt and nginx replaced. */
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ScriptedMachine } from '../../../../test/support/scripted-machine.js';

jest.setTimeout(60_000); // every run is dozens of processes, on a machine that may be busy

const DONE = 'var/lib/ollama-gateway/updated';

describe('security updates', () => {
  let machine: ScriptedMachine;

  beforeEach(() => {
    machine = new ScriptedMachine();
    machine.write('var/lib/ollama-gateway/bootstrapped', '');
    for (const name of ['dpkg', 'apt-get', 'systemctl']) machine.program(name, '');
    machine.program('unattended-upgrade', 'echo "$NEEDRESTART_SUSPEND" >"$ROOT/needrestart-suspended"');
    inProgress(0);
  });
  afterEach(() => machine.dispose());

  function inProgress(requests: number): void {
    machine.program('curl', `echo "Reading: 0 Writing: ${requests + 1} Waiting: 1"`);
  }

  async function installs(): Promise<boolean> {
    await machine.run('updates.sh');
    return machine.takeCalls().some((call) => call.startsWith('unattended-upgrade'));
  }

  it('are installed from fresh lists at a quiet moment, and nothing is restarted', async () => {
    const { exitCode } = await machine.run('updates.sh');
    expect(exitCode).toBe(0);
    expect(machine.takeCalls().filter((call) => !call.startsWith('curl'))).toEqual([
      'dpkg --configure -a',
      'apt-get update --quiet=2',
      'unattended-upgrade ',
    ]);
    expect(machine.read('needrestart-suspended')).toBe('1\n');
  });

  it('wait while a request is in progress', async () => {
    inProgress(1);
    expect(await installs()).toBe(false);
    inProgress(0);
    expect(await installs()).toBe(true);
  });

  it('come once a day', async () => {
    expect(await installs()).toBe(true);
    expect(await installs()).toBe(false);
    const yesterdaySec = Date.now() / 1000 - 25 * 3600;
    utimesSync(join(machine.root, DONE), yesterdaySec, yesterdaySec);
    expect(await installs()).toBe(true);
  });

  it('are tried again when they failed', async () => {
    machine.program('apt-get', 'exit 100');
    const { exitCode } = await machine.run('updates.sh');
    expect(exitCode).not.toBe(0);
    machine.program('apt-get', '');
    expect(await installs()).toBe(true);
  });
});
