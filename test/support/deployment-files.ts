/** What deploy/ and compose.yaml say, read for tests: files, the settings in them, and programs that know their rules. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig, type LoadedConfig } from '../../src/common/config/load-config.js';
import { atEnd } from './endings.js';

const ROOT = join(import.meta.dirname, '../..');
export const MANIFESTS = join(ROOT, 'deploy/kubernetes');

/** Names of all files in deploy/kubernetes. */
export function manifestFiles(): string[] {
  return readdirSync(MANIFESTS).sort();
}

/** @param path from the root of the checkout */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** @param path of a YAML file, from the root of the checkout */
export function yamlOf<T>(path: string): T {
  return parse(textOf(path)) as T;
}

/** `fine`, or what the Python program said: that it does not know a kind is a warning to it, and no more. */
export function checkWithPython(...args: string[]): string {
  const { error, status, stdout, stderr } = spawnSync('python3', args, { encoding: 'utf8' });
  if (error) throw error;
  if (/No module named/.test(stderr)) {
    throw new Error('missing: python3 -m pip install -r test/system/requirements.txt');
  }
  return status === 0 && stdout === '' && stderr === '' ? 'fine' : `exit ${status}: ${stdout}${stderr}`;
}

/**
 * Reads an environment as the gateway does at its start.
 * @param env values that begin with `/run/` name files that the deployment mounts; these are their contents by name
 */
export function startWith(env: Record<string, string>, files: Record<string, string>): LoadedConfig {
  const dir = mkdtempSync(join(tmpdir(), 'mounted-'));
  atEnd(() => rmSync(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const mounted = Object.entries(env).map(([name, value]) => [name, value.replace(/^\/run\/.*\//, `${dir}/`)]);
  return loadConfig(Object.fromEntries(mounted) as Record<string, string>);
}

/** The secrets that docs/deployment.md tells an operator to make. */
export const SECRET_FILES = {
  EXOSCALE_API_KEY: 'EXO0123456789abcdef',
  EXOSCALE_API_SECRET: 'not-a-real-secret',
  GATEWAY_LINK_SECRET: Buffer.alloc(32, 7).toString('base64'),
  GATEWAY_ADMIN_TOKEN: 'not-a-real-admin-token',
};
