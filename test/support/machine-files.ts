/**
 * The files that user-data puts on a machine, under a temporary folder in place of `/`: same paths, same modes. Whoever
 * starts a program from them tells it the folder.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'yaml';
import { atEnd } from './endings.js';

interface CloudConfig {
  write_files: { path: string; permissions: string; content: string }[];
}

/**
 * Writes every file of `userData` (base64 of gzip, as the API takes it, or the cloud-config text itself) and returns the
 * folder, which `endEverything()` removes. Workers of an nginx started by root may enter it.
 */
export function layOutMachine(userData: string): string {
  const root = mkdtempSync(join(tmpdir(), 'machine-'));
  atEnd(() => rmSync(root, { recursive: true, force: true }));
  chmodSync(root, 0o755);
  for (const { path, permissions, content } of (parse(cloudConfigOf(userData), { version: '1.1' }) as CloudConfig)
    .write_files) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
    chmodSync(target, parseInt(permissions, 8));
  }
  return root;
}

function cloudConfigOf(userData: string): string {
  if (userData.startsWith('#cloud-config\n')) return userData;
  return gunzipSync(Buffer.from(userData, 'base64')).toString();
}
