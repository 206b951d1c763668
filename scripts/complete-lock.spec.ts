/** The lock file's completion, on made-up lock files in a folder of their own. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

type Packages = Record<string, Record<string, unknown>>;

describe('complete-lock', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lock-'));
    path = join(folder, 'package-lock.json');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function complete(packages: Packages, ...options: string[]) {
    writeFileSync(path, JSON.stringify({ lockfileVersion: 3, packages }));
    const script = join(import.meta.dirname, 'complete-lock.mjs');
    const { status, stdout } = spawnSync(process.execPath, [script, ...options, path], { encoding: 'utf8' });
    const { packages: after } = JSON.parse(readFileSync(path, 'utf8')) as { packages: Packages };
    return { status, lines: stdout.split('\n').filter(Boolean), after };
  }

  const tool = (binaries: Record<string, string>) => ({ version: '1.2.3', dev: true, optionalDependencies: binaries });

  it('adds a stub for a binary of another platform, on which alone npm installs it', () => {
    const { status, lines, after } = complete({ 'node_modules/tool': tool({ '@tool/win32-arm64-msvc': '1.2.3' }) });
    expect(status).toBe(0);
    expect(lines).toEqual(['added: @tool/win32-arm64-msvc@1.2.3 (of node_modules/tool)']);
    const stub = { version: '1.2.3', cpu: ['arm64'], dev: true, optional: true, os: ['win32'] };
    expect(after['node_modules/@tool/win32-arm64-msvc']).toEqual(stub);
  });

  it('knows fsevents, whose name does not say that it is for macOS', () => {
    const { after } = complete({
      'node_modules/watcher': { version: '1.0.0', optionalDependencies: { fsevents: '~2.3.2' } },
    });
    expect(after['node_modules/fsevents']).toEqual({ version: '2.3.2', optional: true, os: ['darwin'] });
  });

  it('finds what lies beside the dependant or further out, and changes nothing then', () => {
    const packages = {
      'node_modules/a': {},
      'node_modules/a/node_modules/tool': tool({ '@tool/linux-x64': '1.2.3', '@tool/darwin-x64': '1.2.3' }),
      'node_modules/a/node_modules/@tool/linux-x64': { version: '1.2.3' },
      'node_modules/@tool/darwin-x64': { version: '1.2.3' },
    };
    expect(complete(packages)).toEqual({ status: 0, lines: [], after: packages });
  });

  it('with --check names what is missing, ends with 1 and leaves the file alone', () => {
    const packages = { 'node_modules/tool': tool({ '@tool/linux-arm64': '1.2.3' }) };
    const { status, lines, after } = complete(packages, '--check');
    expect({ status, lines }).toEqual({
      status: 1,
      lines: ['missing: @tool/linux-arm64@1.2.3 (of node_modules/tool)'],
    });
    expect(after).toEqual(packages);
  });
});
