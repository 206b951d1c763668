/**
 * Entry of `npm run probe:live -- [--yes] [--type=standard.tiny]`: a real account's key comes from the environment as for
 * the gateway, the person and the signals from the terminal. Opt-in: never part of the tests or of the gateway.
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { HttpService } from '@nestjs/axios';
import { loadConfig } from '../../../common/config/load-config.js';
import { SystemClock } from '../../../common/time/clock.js';
import { exoscaleSettings } from '../exoscale-settings.js';
import { runLiveProbe } from './live-probe.js';

const { values } = parseArgs({
  options: { yes: { type: 'boolean', default: false }, type: { type: 'string', default: 'standard.tiny' } },
});

/** Only the account matters: the probe needs no link, no model and no state. */
const { config, faults } = loadConfig();
const accountFaults = faults.filter((fault) => fault.startsWith('EXOSCALE_'));
if (accountFaults.length > 0) {
  process.stderr.write(accountFaults.map((fault) => `${fault}\n`).join(''));
  process.exit(2);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    say('Leaving: what was made is deleted first. A second signal ends at once and leaves it.');
    interruption.abort(new Error('interrupted'));
  });
}

async function confirm(question: string): Promise<boolean> {
  if (values.yes) return true;
  if (!process.stdin.isTTY) {
    say(`${question} Say so with --yes.`);
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await terminal
    .question(`${question} [y/N] `, { signal: interruption.signal })
    .finally(() => terminal.close());
  return /^y(es)?$/i.test(answer.trim());
}

// The clock's timers let a process end; this one has to stay until the probe is through.
const stay = setInterval(() => {}, 60_000);
try {
  process.exitCode = await runLiveProbe({
    http: new HttpService(),
    clock: new SystemClock(),
    settings: exoscaleSettings(config),
    runId: randomBytes(4).toString('hex'),
    signal: interruption.signal,
    say,
    typeName: values.type,
    confirm,
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  clearInterval(stay);
}
