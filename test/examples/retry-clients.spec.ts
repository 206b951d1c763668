/** The retry clients of examples/, run as their readers run them, against a gateway whose machine sleeps. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { atEnd, endEverything } from '../support/endings.js';
import { MODEL } from '../support/ollama-client.js';
import { TestBed } from '../support/test-bed.js';

const EXAMPLES = join(import.meta.dirname, '../../examples');
const PROMPT = 'why is the sky blue?';
const BODY = JSON.stringify({ model: MODEL, prompt: PROMPT });

interface Client {
  name: string;
  /** Programs that not every host has; where one is missing the client's tests are reported as skipped. */
  needs: string[];
  command: () => string[];
  /** The answer in what it prints. */
  textOf: (stdout: string) => string;
}

const CLIENTS: Client[] = [
  {
    name: 'retry-client.ts',
    needs: [],
    command: () => [process.execPath, compiled('retry-client.ts'), PROMPT],
    textOf: (stdout) => stdout,
  },
  {
    name: 'retry-client.py',
    needs: ['python3'],
    command: () => ['python3', join(EXAMPLES, 'retry-client.py'), PROMPT],
    textOf: (stdout) => stdout,
  },
  {
    name: 'retry-client.sh',
    needs: ['bash', 'curl', 'awk'],
    command: () => [join(EXAMPLES, 'retry-client.sh'), BODY],
    textOf: (stdout) => [...stdout.matchAll(/"response":"([^"]*)"/g)].map(([, piece]) => piece).join(''),
  },
];

const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).error === undefined;
const RUNNABLE = CLIENTS.filter(({ needs }) => needs.every(isInstalled));

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
  /** How often something came to stdout: a stream comes in pieces. */
  pieces: number;
}

/** Node 20 runs no TypeScript: the types are taken away, as newer ones do by themselves. */
function compiled(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'examples-'));
  atEnd(() => rmSync(folder, { recursive: true }));
  const source = readFileSync(join(EXAMPLES, name), 'utf8');
  const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, erasableSyntaxOnly: true };
  const path = join(folder, 'client.mjs');
  writeFileSync(path, ts.transpileModule(source, { compilerOptions: options }).outputText);
  return path;
}

function run([program = '', ...args]: string[], url: string): Promise<Run> {
  const child = spawn(program, args, { env: { PATH: process.env.PATH, OLLAMA_URL: url, OLLAMA_MODEL: MODEL } });
  atEnd(() => child.kill('SIGKILL'));
  const result: Run = { code: null, stdout: '', stderr: '', pieces: 0 };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    result.stdout += text;
    result.pieces += 1;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => resolve({ ...result, code }));
  });
}

/** All clients at once, so that they wait for the same cold start; the runs by the client's name. */
async function runAll(bed: TestBed): Promise<Map<string, Run>> {
  const runs = RUNNABLE.map(async ({ name, command }) => [name, await run(command(), bed.gateway.url)] as const);
  return new Map(await Promise.all(runs));
}

/** One test per client. */
function each(title: string, test: (client: Client) => void): void {
  for (const client of CLIENTS) {
    (RUNNABLE.includes(client) ? it : it.skip)(`${client.name} ${title}`, () => test(client));
  }
}

describe('with a machine that sleeps', () => {
  let bed: TestBed;
  let runs: Map<string, Run>;
  beforeAll(async () => {
    // The boot is long enough for every client to start before it is over, on a busy machine too. A retry comes after a second or two in place of minutes. Tokens come slowly enough to be seen one by one.
    const env = { GATEWAY_TIME_SCALE: '200', GATEWAY_HOLD_CREATE_SECONDS: '0' };
    bed = await TestBed.start({ env, machines: { bootMs: 2500, tokens: 4, tokenMs: 100 } });
    runs = await runAll(bed);
  }, 30_000);
  afterAll(endEverything);

  each('waits as told, then prints the answer as it comes', ({ name, textOf }) => {
    const { code, stdout, stderr, pieces } = runs.get(name) as Run;
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('is being provisioned') });
    expect(textOf(stdout)).toMatch(/^The sky is blue/);
    expect(pieces).toBeGreaterThan(1);
  });

  it('one machine was made for all of them', () => {
    expect(bed.cloud.countCalls('create-instance')).toBe(1);
  });
});

describe('where a person must act first', () => {
  let runs: Map<string, Run>;
  beforeAll(async () => {
    const bed = await TestBed.prepare();
    const labels = { 'managed-by': 'ollama-exoscale', pool: 'default', owner: 'another-gateway' };
    await bed.cloud.addInstance({ labels });
    const gateway = await bed.startGateway();
    await gateway.until('the foreign machine is seen', ({ code }) => code === 'pool_in_use');
    runs = await runAll(bed);
  }, 30_000);
  afterAll(endEverything);

  each('gives up at once with the text of the gateway', ({ name }) => {
    const { code, stdout, stderr } = runs.get(name) as Run;
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('set GATEWAY_ADOPT_OWNER=another-gateway to take it over');
    expect(stderr).not.toContain('Asking again');
  });
});
