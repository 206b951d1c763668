/**
 * Adds to package-lock.json the optional dependencies that it lacks. The registry used for development does not carry every
 * binary for other platforms, npm then leaves them out of the lock file, and `npm ci` refuses such a lock ("Missing: X
 * from lock file"). Each gets a stub entry (version, os, cpu) that npm accepts and installs only on its own platform.
 *
 *   node scripts/complete-lock.mjs [--check] [path of the lock file]     prints what it added; --check: exit 1, adds nothing
 */
import { readFileSync, writeFileSync } from 'node:fs';

const args = process.argv.slice(2);
const check = args.includes('--check');
const path = args.find((arg) => !arg.startsWith('--')) ?? 'package-lock.json';

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
/** Platform packages whose name does not say the platform. */
const SYSTEM_OF = { fsevents: 'darwin' };

/** Every optional dependency that no entry of the lock satisfies, as npm looks it up: from its dependant outwards. */
function missingFrom(packages) {
  return Object.entries(packages).flatMap(([location, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !lookupPaths(location, name).some((candidate) => candidate in packages))
      .map(([name, range]) => ({ name, range, location, dev: entry.dev })),
  );
}

function lookupPaths(location, name) {
  const folders = location.split('/node_modules/').map((_, i, parts) => parts.slice(0, i + 1).join('/node_modules/'));
  return ['', ...folders.filter(Boolean)].map((folder) => `${folder && `${folder}/`}node_modules/${name}`);
}

/** `undefined` fields do not reach the file. */
function stubFor({ name, range, dev }) {
  const words = name.split(/[^a-z0-9]+/);
  const named = (known) => known.filter((word) => words.includes(word));
  const os = SYSTEM_OF[name] ? [SYSTEM_OF[name]] : named(SYSTEMS);
  const cpu = named(PROCESSORS);
  return {
    version: range.replace(/^[~^]/, ''),
    cpu: cpu.length > 0 ? cpu : undefined,
    dev,
    optional: true,
    os: os.length > 0 ? os : undefined,
  };
}

const lock = JSON.parse(readFileSync(path, 'utf8'));
const missing = missingFrom(lock.packages);
for (const one of missing) {
  const place = `node_modules/${one.name}` in lock.packages ? `${one.location}/` : '';
  lock.packages[`${place}node_modules/${one.name}`] ??= stubFor(one);
  console.log(`${check ? 'missing' : 'added'}: ${one.name}@${one.range} (of ${one.location || 'the project'})`);
}
if (check) {
  if (missing.length > 0) process.exitCode = 1;
} else if (missing.length > 0) {
  const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
}
