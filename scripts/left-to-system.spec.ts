import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const REPORTER = join(import.meta.dirname, 'left-to-system.mjs');

describe('a run of `npm test`', () => {
  let programs: string;
  beforeEach(() => {
    programs = mkdtempSync(join(tmpdir(), 'programs-'));
  });
  afterEach(() => rmSync(programs, { recursive: true, force: true }));

  /** What the reporter adds where only these programs are installed. */
  function added(): string {
    const script = `import Reporter from ${JSON.stringify(REPORTER)}; new Reporter().onRunComplete();`;
    const args = ['--input-type=module', '--eval', script];
    return spawnSync(process.execPath, args, { env: { PATH: programs }, encoding: 'utf8' }).stderr;
  }

  it('names the suites that it has left out where nginx is missing', () => {
    expect(added()).toContain('Left to `npm run test:system`');
    expect(added()).toContain('  test/system/link-strangers.spec.ts\n');
  });

  it('has nothing to add where nginx is installed', () => {
    writeFileSync(join(programs, 'nginx'), '#!/bin/sh\n');
    chmodSync(join(programs, 'nginx'), 0o755);
    expect(added()).toBe('');
  });
});
