/** Debian's programs as system suites use them. */
import { spawnSync } from 'node:child_process';

/** Fails with a sentence when one of Debian's programs is missing, in place of a skipped test that nobody sees. */
export function requireProgram(name: string, debianPackage: string): void {
  const found = spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;
  if (!found) throw new Error(`${name} is missing: apt-get install ${debianPackage}`);
}

/** `fine`, or what the checker said: systemd warns of an unknown key and ends with 0. */
export function check(command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 && stderr === '' ? 'fine' : `exit ${status}: ${stdout}${stderr}`;
}
