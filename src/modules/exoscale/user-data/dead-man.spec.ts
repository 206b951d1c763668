/** The dead-man timer's decision: the real script, on machines made of a log, a list of sockets and an uptime. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ScriptedMachine } from '../../../../test/support/scripted-machine.js';

jest.setTimeout(60_000); // every run is dozens of processes, on a machine that may be busy

const IDLE_TIMEOUT_SEC = 1800;
const LIMIT_SEC = IDLE_TIMEOUT_SEC + 3600;

/** Lines as `ss -HtinO` of iproute2 6.1 prints them, shortened; times in ms since the last byte. */
const SOCKETS = {
  unused: '0 0 ::ffff:172.17.0.2:11434 ::ffff:203.0.113.7:40000 cubic rto:200 lastsnd:5004 lastrcv:5004 lastack:5004',
  probed:
    '0 0 ::ffff:172.17.0.2:11434 ::ffff:203.0.113.7:40001 cubic bytes_sent:999 bytes_acked:999 bytes_received:500 lastsnd:504 lastrcv:506 lastack:500',
  firstWaits:
    '0 0 ::ffff:172.17.0.2:11434 ::ffff:203.0.113.7:40002 cubic bytes_received:69 lastsnd:7200000 lastrcv:7200000 lastack:1',
  laterWaits:
    '0 0 ::ffff:172.17.0.2:11434 ::ffff:203.0.113.7:40003 cubic bytes_sent:999 bytes_received:500 lastsnd:30000 lastrcv:12000 lastack:1',
  streaming:
    '0 0 ::ffff:172.17.0.2:11434 ::ffff:203.0.113.7:40004 cubic bytes_sent:999 bytes_received:69 lastsnd:180 lastrcv:7200000 lastack:180',
  justSent:
    '0 0 ::ffff:172.17.0.2:11434 ::ffff:203.0.113.7:40005 cubic bytes_sent:999 bytes_received:69 lastrcv:7200000 lastack:1',
  leftOpen:
    '0 0 ::ffff:172.17.0.2:11434 ::ffff:203.0.113.7:40006 cubic bytes_sent:999 bytes_received:69 lastsnd:7100000 lastrcv:7200000 lastack:1',
};

describe('the dead-man timer', () => {
  let machine: ScriptedMachine;

  beforeEach(() => {
    machine = new ScriptedMachine();
    machine.write('etc/ollama-gateway/bootstrap.env', `BOOTSTRAP_IDLE_TIMEOUT_SEC='${IDLE_TIMEOUT_SEC}'\n`);
    machine.program('systemctl', '');
    machine.program('nsenter', 'shift 3; "$@"');
    ollamaLog([]);
    sockets([]);
  });
  afterEach(() => machine.dispose());

  function ollamaLog(requests: [agoSec: number, request: string][]): void {
    const lines = requests.map(([agoSec, request]) => {
      const at = new Date(Date.now() - agoSec * 1000).toISOString();
      return `${at.replace('Z', '123456Z')} [GIN] 2026/11/24 - 12:00:00 | 200 |   32.779561288s |    203.0.113.7 | ${request}`;
    });
    machine.write('ollama.log', lines.join('\n') + '\n');
    machine.program('docker', 'if [[ $1 == inspect ]]; then echo 4711; else cat "$ROOT/ollama.log" >&2; fi');
  }

  function sockets(lines: string[]): void {
    machine.write('sockets', lines.map((line) => `${line}\n`).join(''));
    machine.program('ss', 'cat "$ROOT/sockets"');
  }

  async function looks(uptimeSec: number): Promise<'stays on' | 'powers off'> {
    machine.write('proc/uptime', `${uptimeSec}.25 100.00\n`);
    const { exitCode } = await machine.run('dead-man.sh');
    expect(exitCode).toBe(0);
    return machine.takeCalls().includes('systemctl poweroff') ? 'powers off' : 'stays on';
  }

  it.each([
    ['just booted', 300, [], [], 'stays on'],
    ['up for a second less than the limit, never used', LIMIT_SEC - 1, [], [], 'stays on'],
    ['up for the limit, never used', LIMIT_SEC, [], [], 'powers off'],
    ['up for days, a chat ended within the limit', 300_000, [[5300, 'POST     "/api/chat"']], [], 'stays on'],
    [
      'up for days, an OpenAI request ended a minute ago',
      300_000,
      [[60, 'POST     "/v1/chat/completions"']],
      [],
      'stays on',
    ],
    ['up for days, the last chat ended before the limit', 300_000, [[5410, 'POST     "/api/chat"']], [], 'powers off'],
    [
      'only looked at',
      300_000,
      [
        [5, 'GET      "/api/tags"'],
        [2, 'HEAD     "/"'],
      ],
      [],
      'powers off',
    ],
    ['only asked what a model is', 300_000, [[5, 'POST     "/api/show"']], [], 'powers off'],
    [
      'used, then looked at',
      300_000,
      [
        [60, 'POST     "/api/chat"'],
        [5, 'POST     "/api/show"'],
      ],
      [],
      'stays on',
    ],
    ['used in an earlier boot, then asleep', 300, [[900, 'POST     "/api/chat"']], [], 'stays on'],
    ['a first request waits for its model for two hours', 300_000, [], [SOCKETS.firstWaits], 'stays on'],
    ['a later request waits on a pooled connection', 300_000, [], [SOCKETS.laterWaits], 'stays on'],
    ['an answer has been streaming for two hours', 300_000, [], [SOCKETS.streaming], 'stays on'],
    ['a byte went out this very millisecond', 300_000, [], [SOCKETS.justSent], 'stays on'],
    ['a stream among idle connections', 300_000, [], [SOCKETS.probed, SOCKETS.streaming, SOCKETS.unused], 'stays on'],
    ['a gateway that is merely alive and probes', 300_000, [], [SOCKETS.probed, SOCKETS.unused], 'powers off'],
    ['a connection left open after an answer', 300_000, [], [SOCKETS.leftOpen], 'powers off'],
  ] as [string, number, [number, string][], string[], string][])(
    '%s: %s s up',
    async (_case, uptimeSec, log, open, decision) => {
      ollamaLog(log);
      sockets(open);
      expect(await looks(uptimeSec)).toBe(decision);
    },
  );

  it('powers off when Docker never came: a bootstrap that hangs must not cost money for ever', async () => {
    machine.program('docker', 'echo "docker: not found" >&2; exit 127');
    expect(await looks(LIMIT_SEC - 1)).toBe('stays on');
    expect(await looks(LIMIT_SEC)).toBe('powers off');
  });

  it('keeps what it has seen when a later look fails', async () => {
    ollamaLog([[60, 'POST     "/api/chat"']]);
    expect(await looks(300_000)).toBe('stays on');
    machine.program('docker', 'exit 1');
    expect(await looks(300_060)).toBe('stays on');
    expect(await looks(300_000 - 60 + LIMIT_SEC)).toBe('powers off');
  });

  it('is not fooled by a request in progress that leaves no POST behind', async () => {
    sockets([SOCKETS.streaming]);
    expect(await looks(300_000)).toBe('stays on');
    sockets([SOCKETS.probed]);
    expect(await looks(300_060)).toBe('powers off');
  });

  it('says why in the log of the machine', async () => {
    machine.write('proc/uptime', '300000.25 100.00\n');
    const { log } = await machine.run('dead-man.sh');
    expect(log).toEqual([`dead-man: no use for 300000 s (limit ${LIMIT_SEC} s), powering off`]);
  });
});
