import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessConfig } from '../../common/config/access-config.js';
import type { ListenerConfig } from '../../common/config/classes.js';
import { accessFindings } from './access-findings.js';

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'access-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function findings(host: string, apiKeysFile: string | null) {
  const access: AccessConfig = { apiKeysFile, modelManagement: 'allow', trustedProxies: [] };
  const listener: ListenerConfig = { host, port: 11434 };
  return accessFindings({ access, listener });
}

function fileWith(text: string): string {
  const file = join(folder, 'keys');
  writeFileSync(file, text);
  return file;
}

describe('a start', () => {
  it('warns in one sentence when everybody who reaches the listener may use it', () => {
    expect(findings('0.0.0.0', null)).toEqual({
      faults: [],
      warnings: [expect.stringMatching(/^Everybody who can reach 0\.0\.0\.0 port 11434 .* GATEWAY_API_KEYS_FILE/)],
    });
  });

  it.each(['127.0.0.1', '::1', 'localhost'])('has nothing to say when it listens on %s', (host) => {
    expect(findings(host, null)).toEqual({ faults: [], warnings: [] });
  });

  it('has nothing to say when there are keys', () => {
    expect(findings('0.0.0.0', fileWith(`alice:${'0'.repeat(64)}`))).toEqual({ faults: [], warnings: [] });
  });

  it('warns of a file that lets nobody in', () => {
    expect(findings('0.0.0.0', fileWith('# nobody yet\n')).warnings).toEqual([
      'GATEWAY_API_KEYS_FILE has no key: nobody gets in',
    ]);
  });

  it('names every faulty line of the file', () => {
    expect(findings('127.0.0.1', fileWith('alice:sk-1\n\nbob\n')).faults).toEqual([
      expect.stringMatching(/^GATEWAY_API_KEYS_FILE line 1 must be/),
      expect.stringMatching(/^GATEWAY_API_KEYS_FILE line 3 must be/),
    ]);
  });

  it('says when the file cannot be read', () => {
    expect(findings('127.0.0.1', join(folder, 'nowhere')).faults).toEqual([
      'GATEWAY_API_KEYS_FILE cannot be read (ENOENT)',
    ]);
    expect(findings('127.0.0.1', folder).faults).toEqual(['GATEWAY_API_KEYS_FILE cannot be read (EISDIR)']);
  });
});
