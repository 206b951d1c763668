import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../../test/support/eventually.js';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { KeyFile } from './key-file.js';

const line = (name: string, key = name): string => `${name}:${createHash('sha256').update(key).digest('hex')}\n`;

let folder: string;
let file: string;
let clock: ManualClock;
let logged: { level: string; fields: object; message: string }[];
let opened: KeyFile[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'key-file-'));
  file = join(folder, 'keys');
  clock = new ManualClock();
  logged = [];
  opened = [];
});
afterEach(() => {
  for (const one of opened) one.stop();
  rmSync(folder, { recursive: true, force: true });
});

function open(): KeyFile {
  const write = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const keyFile = new KeyFile(file, clock, log);
  opened.push(keyFile);
  return keyFile;
}

/** A change counts once it has been the same for two looks. */
async function lookTwice(keyFile: KeyFile): Promise<void> {
  await keyFile.look();
  await keyFile.look();
}

const levels = (): string[] => logged.map(({ level }) => level);

describe('a file of keys that changes while the gateway runs', () => {
  it('lets in whom it names now, and nobody else', async () => {
    writeFileSync(file, line('alice'));
    const keys = open();
    writeFileSync(file, line('bob'));
    expect(keys.current.nameOf('alice')).toBe('alice');
    await lookTwice(keys);
    expect([keys.current.nameOf('alice'), keys.current.nameOf('bob')]).toEqual([null, 'bob']);
    expect(logged).toEqual([{ level: 'info', fields: { keys: 1 }, message: 'the API keys have been read' }]);
  });

  it('is looked at every two seconds', async () => {
    writeFileSync(file, line('alice'));
    const keys = open();
    keys.start();
    writeFileSync(file, line('bob'));
    await eventually('the new key is known', () => {
      void clock.advance(2000);
      return keys.current.nameOf('bob') === 'bob';
    });
  });

  it('is read again when Kubernetes swaps the folder behind its symbolic link', async () => {
    for (const [version, name] of [
      ['..1', 'alice'],
      ['..2', 'bob'],
    ] as const) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'keys'), line(name));
    }
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync(join('..data', 'keys'), file);
    const keys = open();
    expect(keys.current.nameOf('alice')).toBe('alice');
    symlinkSync('..2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    rmSync(join(folder, '..1'), { recursive: true });
    await lookTwice(keys);
    expect([keys.current.nameOf('alice'), keys.current.nameOf('bob')]).toEqual([null, 'bob']);
  });

  it('is left alone while it is being written', async () => {
    writeFileSync(file, line('alice') + line('bob'));
    const keys = open();
    writeFileSync(file, line('alice'));
    await keys.look();
    writeFileSync(file, line('alice') + line('carol'));
    await keys.look();
    expect(keys.current.nameOf('bob')).toBe('bob');
    await keys.look();
    expect([keys.current.nameOf('bob'), keys.current.nameOf('carol')]).toEqual([null, 'carol']);
    expect(levels()).toEqual(['info']);
  });

  it('that has a fault changes nothing, and is complained of once, by line', async () => {
    writeFileSync(file, line('alice'));
    const keys = open();
    writeFileSync(file, `${line('bob')}carol:sk-not-hashed\n`);
    for (let look = 0; look < 5; look += 1) await keys.look();
    expect([keys.current.nameOf('alice'), keys.current.nameOf('bob')]).toEqual(['alice', null]);
    expect(levels()).toEqual(['error']);
    expect(logged[0]?.fields).toEqual({ file, faults: [expect.stringMatching(/^line 2 must be/)] });
    expect(JSON.stringify(logged)).not.toContain('not-hashed');
  });

  it('that goes away changes nothing, is complained of once, and is read when it is back', async () => {
    writeFileSync(file, line('alice'));
    const keys = open();
    rmSync(file);
    for (let look = 0; look < 5; look += 1) await keys.look();
    expect(keys.current.nameOf('alice')).toBe('alice');
    expect(logged).toEqual([
      expect.objectContaining({ level: 'error', fields: { file, faults: ['cannot be read (ENOENT)'] } }),
    ]);
    writeFileSync(file, line('bob'));
    await lookTwice(keys);
    expect(keys.current.nameOf('bob')).toBe('bob');
    expect(levels()).toEqual(['error', 'info']);
  });

  it('that is emptied lets nobody in, and says so', async () => {
    writeFileSync(file, line('alice'));
    const keys = open();
    writeFileSync(file, '# nobody\n');
    await lookTwice(keys);
    expect(keys.current.nameOf('alice')).toBeNull();
    expect(logged).toEqual([
      expect.objectContaining({ level: 'warn', message: expect.stringMatching(/nobody gets in/) }),
    ]);
  });

  it('lets nobody in when it could not be read from the beginning', () => {
    expect(open().current.size).toBe(0);
    expect(levels()).toEqual(['error']);
  });
});

describe('a file of keys that does not change', () => {
  it('is not read again', async () => {
    writeFileSync(file, line('alice'));
    const keys = open();
    const { current } = keys;
    await lookTwice(keys);
    expect(keys.current).toBe(current);
    expect(logged).toEqual([]);
  });
});
