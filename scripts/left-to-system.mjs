/**
 * A reporter for `npm test`: where nginx is not installed it says which suites that leaves to `npm run test:system`, so
 * that nobody takes a green run for more than it is. Looks at nothing of the run itself.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../test/system', import.meta.url));

/** Jest takes a reporter from the default export. */
export default class LeftToSystem {
  onRunComplete() {
    if (spawnSync('command -v nginx', { shell: '/bin/sh' }).status === 0) return;
    const names = readdirSync(FOLDER).filter((name) => name.endsWith('.spec.ts'));
    const lines = [
      'nginx is not installed: the link was tested against Node’s TLS server only.',
      'Left to `npm run test:system`, on a machine with Debian’s programs (.ci/run installs them):',
      ...names.map((name) => `  test/system/${name}`),
    ];
    process.stderr.write(`\n${lines.join('\n')}\n`);
  }
}
