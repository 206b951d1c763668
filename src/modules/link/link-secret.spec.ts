/** The secret in the state folder: made once, for its owner only, and never silently made anew. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keptLinkSecret, parseLinkSecret } from './link-secret.js';

describe('the link secret of the state folder', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'link-secret-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made at the first start, readable by its owner only, and the same ever after', () => {
    const dir = join(folder, 'deep', 'down');
    const [made, ...more] = keptLinkSecret(dir);
    expect(more).toEqual([]);
    expect(made).toMatchObject({ epoch: 1, secret: expect.objectContaining({ length: 32 }) });
    expect(statSync(join(dir, 'link-secret')).mode & 0o777).toBe(0o600);
    expect(keptLinkSecret(dir)).toEqual([made]);
    expect(readdirSync(dir)).toEqual(['link-secret']);
  });

  it('is another one in every folder', () => {
    const [a] = keptLinkSecret(join(folder, 'a'));
    const [b] = keptLinkSecret(join(folder, 'b'));
    expect(a?.secret.equals(b?.secret as Buffer)).toBe(false);
  });

  it.each(['', 'half of it', `1:${Buffer.alloc(16).toString('base64')}`])(
    'that was damaged (%j) is an error, not a reason to make new keys: machines could not be reached any more',
    (content) => {
      writeFileSync(join(folder, 'link-secret'), content);
      expect(() => keptLinkSecret(folder)).toThrow(/link-secret does not hold a link secret; restore it/);
      expect(readFileSync(join(folder, 'link-secret'), 'utf8')).toBe(content);
    },
  );

  it('that cannot be made names the folder and the reason', () => {
    writeFileSync(join(folder, 'file'), '');
    chmodSync(join(folder, 'file'), 0o400);
    expect(() => keptLinkSecret(join(folder, 'file', 'data'))).toThrow(/GATEWAY_STATE_DIR: .*\(ENOTDIR\)/);
  });
});

describe('a configured link secret', () => {
  const text = (byte: number) => Buffer.alloc(32, byte).toString('base64');

  it('alone is epoch 1', () => {
    expect(parseLinkSecret(text(7))).toEqual([{ epoch: 1, secret: Buffer.alloc(32, 7) }]);
  });

  it('as a list has the newest epoch first, in whatever order it is written', () => {
    const epochs = parseLinkSecret(`1:${text(1)}, 10:${text(10)},2:${text(2)}`).map(({ epoch }) => epoch);
    expect(epochs).toEqual([10, 2, 1]);
  });
});
