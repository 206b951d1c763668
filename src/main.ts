#!/usr/bin/env node
/** The gateway's process: configuration, start, signals, exit codes. Everything else is in gateway.ts and the modules. */
import 'reflect-metadata';
import { loadConfig } from './common/config/load-config.js';
import { createLogger } from './common/logging/logger.js';
import { Gateway, ListenError } from './gateway.js';
import { LinkSecretError } from './modules/link/link-secret.js';
import { accessFindings } from './modules/access/access-findings.js';

const { config, ...settings } = loadConfig();
const access = accessFindings(config);
const faults = [...settings.faults, ...access.faults];
if (faults.length > 0) fail(faults);

const log = createLogger(config.log.level);
for (const warning of [...settings.warnings, ...access.warnings]) log.warn({}, warning);
const gateway = await Gateway.create(config, log).catch(explained);

let leaving = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (leaving) process.exit(1);
    leaving = true;
    log.info({ signal }, 'leaving; a second signal ends at once');
    gateway.close().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error({ err: error }, 'the gateway could not leave in an orderly way');
        process.exit(1);
      },
    );
  });
}

await gateway.listen().catch(explained);

/** What an operator can mend is said in one line; the rest is a mistake of ours and keeps its trace. */
function explained(error: unknown): never {
  if (error instanceof ListenError || error instanceof LinkSecretError) fail([error.message]);
  throw error;
}

function fail(lines: readonly string[]): never {
  process.stderr.write(lines.map((line) => `${line}\n`).join(''));
  process.exit(1);
}
