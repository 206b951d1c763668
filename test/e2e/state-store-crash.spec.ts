/** The promise of an acknowledged commit, tested on a real process that is killed in the middle of its writes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SystemClock } from '../../src/common/time/clock.js';
import { SqliteStateStore } from '../../src/modules/state-store/sqlite-state-store.js';

const WRITER = fileURLToPath(new URL('../support/state-writer.mjs', import.meta.url));

describe('a gateway killed with SIGKILL while it writes its state', () => {
  let dir: string;
  beforeAll(() => void (dir = mkdtempSync(join(tmpdir(), 'state-crash-'))));
  afterAll(() => rmSync(dir, { recursive: true }));

  /** Resolves with the last version that the writer called committed before it was killed at the `count`-th one. */
  async function killAfter(count: number): Promise<number> {
    const writer = spawn(process.execPath, [WRITER, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(writer, 'close');
    let seen = 0;
    let acknowledged = Number.NaN;
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line);
      seen += 1;
      if (seen === count) writer.kill('SIGKILL');
    }
    expect(await gone).toEqual([null, 'SIGKILL']);
    return acknowledged;
  }

  it.each([1, 10, 60])(
    'loses no commit that was acknowledged (killed after %i), and the next process goes on',
    async (count) => {
      const acknowledged = await killAfter(count);
      const store = new SqliteStateStore({ dir, pool: 'default', clock: new SystemClock() });
      await store.open();
      try {
        const version = (await store.read())?.version ?? 0;
        // The commit under way at the kill may have reached the disk without its acknowledgement; no other one may.
        expect([acknowledged, acknowledged + 1]).toContain(version);
        const events = await store.events(0, 1_000_000);
        expect(events.map((event) => event.version)).toEqual(Array.from({ length: version }, (_, index) => index + 1));
        expect((await store.read())?.record.reason).toBe(`commit ${version}`);
        const lease = await store.acquireLease('next', 15_000);
        expect(
          await store.commit(version, lease?.epoch ?? 0, { reason: `commit ${version + 1}` }, [
            { atMs: 1, from: 'absent', to: 'creating', reason: `commit ${version + 1}`, cause: 'restart', actor: null },
          ]),
        ).toEqual({ ok: true, version: version + 1 });
      } finally {
        await store.close();
      }
    },
  );
});
