/** The dead-man timer's decision: the real script, on machines made of nginx's log of use, its counts and an uptime. */
import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ScriptedMachine } from '../../../../test/support/scripted-machine.js';

jest.setTimeout(60_000); // every run is dozens of processes, on a machine that may be busy

const IDLE_TIMEOUT_SEC = 1800;
const GRACE_SEC = 3600;
const LIMIT_SEC = IDLE_TIMEOUT_SEC + GRACE_SEC;
const DAY_SEC = 86_400;
const LINK = 'run/ollama-gateway/link';

describe('the dead-man timer', () => {
  let machine: ScriptedMachine;

  beforeEach(() => {
    machine = new ScriptedMachine();
    machine.write('etc/ollama-gateway/bootstrap.env', `BOOTSTRAP_IDLE_TIMEOUT_SEC='${IDLE_TIMEOUT_SEC}'\n`);
    machine.program('systemctl', '');
    machine.write(`${LINK}/use.log`, '');
    inProgress(0);
  });
  afterEach(() => machine.dispose());

  /** What stub_status says; it counts the request that asks. */
  function inProgress(requests: number): void {
    machine.write('status', `Active connections: 9 \nReading: 3 Writing: ${requests + 1} Waiting: 5 \n`);
    machine.program('curl', `[[ $* == *"--unix-socket $ROOT/${LINK}/status.sock"* ]] && cat "$ROOT/status"`);
  }

  function used(lines = '1795563746.268 POST 200 boot-1\n'): void {
    machine.write(`${LINK}/use.log`, lines);
  }

  function told(word: string, content: string): void {
    machine.write(`${LINK}/control/${word}`, content);
  }

  async function look(uptimeSec: number): Promise<{ decision: 'stays on' | 'powers off'; log: string[] }> {
    machine.write('proc/uptime', `${uptimeSec}.25 100.00\n`);
    const { exitCode, log } = await machine.run('dead-man.sh');
    expect(exitCode).toBe(0);
    return { decision: machine.takeCalls().includes('systemctl poweroff') ? 'powers off' : 'stays on', log };
  }

  const looks = async (uptimeSec: number) => (await look(uptimeSec)).decision;
  const inSec = (sec: number) => String(Math.floor(Date.now() / 1000) + sec);

  it.each([
    ['just booted', 300, 'stays on'],
    ['up for a second less than the limit, never used', LIMIT_SEC - 1, 'stays on'],
    ['up for the limit, never used', LIMIT_SEC, 'powers off'],
  ])('%s: %s s up', async (_case, uptimeSec, decision) => {
    expect(await looks(uptimeSec)).toBe(decision);
  });

  it('counts from the last look that found use', async () => {
    used();
    expect(await looks(300_000)).toBe('stays on');
    expect(await looks(300_000 + LIMIT_SEC - 1)).toBe('stays on');
    expect(await looks(300_000 + LIMIT_SEC)).toBe('powers off');
  });

  it('does not care for the time of day: a line from a clock that was wrong is use as well', async () => {
    used('12.000 POST 200 boot-1\n');
    expect(await looks(300_000)).toBe('stays on');
    expect(await looks(300_000 + LIMIT_SEC)).toBe('powers off');
  });

  it('empties the log it has read, so that it never grows', async () => {
    used();
    await look(300);
    expect(machine.read(`${LINK}/use.log`)).toBe('');
  });

  it('keeps what it has seen when a later look fails', async () => {
    used();
    await look(300_000);
    machine.program('curl', 'exit 7');
    expect(await looks(300_060)).toBe('stays on');
    expect(await looks(300_000 + LIMIT_SEC)).toBe('powers off');
  });

  it('powers off when nginx never came: a bootstrap that hangs must not cost money for ever', async () => {
    machine.remove('run');
    machine.program('curl', 'exit 7');
    expect(await looks(LIMIT_SEC - 1)).toBe('stays on');
    expect(await looks(LIMIT_SEC)).toBe('powers off');
  });

  describe('with a request in progress', () => {
    beforeEach(() => inProgress(1));

    it('waits for its end, and the wait is no use', async () => {
      expect(await looks(LIMIT_SEC)).toBe('stays on');
      inProgress(0);
      expect(await looks(LIMIT_SEC + 60)).toBe('powers off');
    });

    it('waits for a day at most: requests that are refused can look like one that never ends', async () => {
      expect(await looks(LIMIT_SEC + DAY_SEC - 1)).toBe('stays on');
      expect(await looks(LIMIT_SEC + DAY_SEC)).toBe('powers off');
    });
  });

  describe('told another idle timeout over the link', () => {
    it.each(['60', '60\n', '31536000'])('%j: goes by it', async (content) => {
      told('idle-timeout', content);
      const limitSec = Number(content) + GRACE_SEC;
      expect(await looks(limitSec - 1)).toBe('stays on');
      expect(await looks(limitSec)).toBe('powers off');
    });

    it.each(['', '0', '-5', '1e9', '0x10', '007', '31536001', '99999999999999999999', '60 60', '$(reboot)', 'a[0]'])(
      '%j: goes by the one it was made with',
      async (content) => {
        told('idle-timeout', content);
        expect(await looks(LIMIT_SEC - 1)).toBe('stays on');
        expect(await looks(LIMIT_SEC)).toBe('powers off');
      },
    );
  });

  describe('told to keep awake', () => {
    it.each([
      ['for an hour', 3600],
      ['for nearly 31 days', 31 * DAY_SEC - 60],
    ])('%s: stays on without any use', async (_case, sec) => {
      told('keep-awake', inSec(sec));
      expect(await looks(300_000)).toBe('stays on');
    });

    it.each([
      ['until a moment that has passed', inSec(-1)],
      ['for more than 31 days, which nobody means', inSec(31 * DAY_SEC + 3600)],
      ['in words', 'for ever'],
    ])('%s: powers off', async (_case, content) => {
      told('keep-awake', content);
      expect(await looks(300_000)).toBe('powers off');
    });
  });

  describe('on a machine that is latched', () => {
    async function looksAtLatchOf(minutes: number): Promise<string[]> {
      told('drain', '');
      const madeSec = Date.now() / 1000 - minutes * 60;
      utimesSync(join(machine.root, LINK, 'control/drain'), madeSec, madeSec);
      return (await look(300)).log;
    }

    it('leaves a latch of nine minutes to the gateway', async () => {
      expect(await looksAtLatchOf(9)).toEqual([]);
      expect(existsSync(join(machine.root, LINK, 'control/drain'))).toBe(true);
    });

    it('lifts one of twelve minutes: its gateway did not come back', async () => {
      expect(await looksAtLatchOf(12)).toEqual(['dead-man: lifted a latch of more than ten minutes']);
      expect(existsSync(join(machine.root, LINK, 'control/drain'))).toBe(false);
    });
  });

  it('says why in the log of the machine', async () => {
    const { log } = await look(300_000);
    expect(log).toEqual([`dead-man: no use for 300000 s (limit ${LIMIT_SEC} s), powering off`]);
  });
});
