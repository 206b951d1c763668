/**
 * A process that commits to the SQLite store for ever and prints the version of each commit once it is acknowledged.
 * Started by test/e2e/state-store-crash.spec.ts, which kills it. Runs the built code: `npm run build` comes first.
 */
import { writeSync } from 'node:fs';
import { SystemClock } from '../../dist/common/time/clock.js';
import { SqliteStateStore } from '../../dist/modules/state-store/sqlite-state-store.js';

const [, , dir] = process.argv;
const store = new SqliteStateStore({ dir, pool: 'default', clock: new SystemClock() });
await store.open();
const { epoch } = await store.acquireLease(`writer-${process.pid}`, 60_000);
let version = (await store.read())?.version ?? 0;
for (;;) {
  const reason = `commit ${version + 1}`;
  const event = { atMs: Date.now(), from: 'absent', to: 'creating', reason, cause: 'request', actor: null };
  const result = await store.commit(version, epoch, { reason }, [event]);
  if (!result.ok) throw new Error(result.reason);
  version = result.version;
  writeSync(1, `${version}\n`);
}
