/**
 * The adapter against servers that behave as no well-meaning fake does: wrong, silent, broken or endless. What it does
 * with a well-behaved Ollama is in test/contracts/machine.contract.ts.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../../test/support/manual-clock.js';
import { PlainLink } from '../link/machine-link.js';
import { MachineError, type MachineTarget, type ProbeOutcome } from '../provisioning/ports/machine.port.js';
import { OllamaMachineAdapter } from './ollama-machine.adapter.js';
import { DOWNLOAD_STALL_MS, SILENT_STEP_MS } from './ollama-pull.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

describe('OllamaMachineAdapter', () => {
  const never = new AbortController().signal;
  let clock: ManualClock;
  let server: Server;
  let handler: Handler;
  let machine: OllamaMachineAdapter;
  let target: MachineTarget;

  beforeEach(async () => {
    clock = new ManualClock();
    handler = (_request, response) => response.end();
    server = createServer((request, response) => handler(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    machine = new OllamaMachineAdapter(new PlainLink(), (server.address() as AddressInfo).port, clock);
    target = machine.targetOf('127.0.0.1', 'launch-1', 0);
  });

  afterEach(async () => {
    await machine.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const answer =
    (status: number, body: string): Handler =>
    (_request, response) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(body);

  /** Answers per path; an unknown path is 404, as in Ollama. */
  const answers = (paths: Record<string, Handler>): Handler => {
    return (request, response) => (paths[request.url ?? ''] ?? answer(404, '404 page not found'))(request, response);
  };

  const kindOf = (attempt: Promise<unknown>): Promise<string> =>
    attempt.then(
      () => 'none',
      (error: unknown) => (error instanceof MachineError ? error.kind : `not a MachineError: ${String(error)}`),
    );

  /** Resolves with the first request after its handler has run. */
  const firstRequest = async (after: Handler): Promise<[IncomingMessage, ServerResponse]> => {
    const arrived = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    handler = after;
    return arrived;
  };

  it.each([
    ['203.0.113.7', 'http://203.0.113.7:11434'],
    ['2001:db8::7', 'http://[2001:db8::7]:11434'],
  ])('reaches %s at %s', (address, expected) => {
    expect(new OllamaMachineAdapter(new PlainLink(), 11434, clock).targetOf(address, 'l', 0).url).toBe(expected);
  });

  describe('probe', () => {
    it.each<[string, Handler, ProbeOutcome]>([
      ['Ollama’s own words', answer(200, 'Ollama is running'), 'answered'],
      ['the front page of somebody else', answer(200, '<html>Welcome to nginx!</html>'), 'silent'],
      ['its words in an error', answer(503, 'Ollama is running'), 'silent'],
      ['an empty page', answer(200, ''), 'silent'],
      ['a redirect', (_request, response) => void response.writeHead(302, { location: '/' }).end(), 'silent'],
      ['an endless page', (_request, response) => void response.end('Ollama is running'.repeat(1000)), 'silent'],
      ['a reset', (request) => void request.socket.resetAndDestroy(), 'silent'],
      ['no HTTP', (request) => void request.socket.end('SSH-2.0-OpenSSH\r\n'), 'silent'],
    ])('takes %s as the answer it is', async (_name, behaviour, expected) => {
      handler = behaviour;
      expect(await machine.probe(target)).toBe(expected);
    });

    it('is silent where nobody listens', async () => {
      expect(await machine.probe({ ...target, url: 'http://127.0.0.1:1' })).toBe('silent');
    });

    it('gives a machine that accepts and says nothing three seconds', async () => {
      const silent = firstRequest(() => undefined);
      const probed = machine.probe(target);
      await silent;
      await clock.advance(2_999);
      expect(await Promise.race([probed, Promise.resolve('waiting')])).toBe('waiting');
      await clock.advance(1);
      expect(await probed).toBe('silent');
    });

    it('never goes through a proxy of the environment', async () => {
      const before = process.env.HTTP_PROXY;
      process.env.HTTP_PROXY = 'http://127.0.0.1:1';
      try {
        handler = answer(200, 'Ollama is running');
        expect(await machine.probe(target)).toBe('answered');
      } finally {
        if (before === undefined) delete process.env.HTTP_PROXY;
        else process.env.HTTP_PROXY = before;
      }
    });
  });

  describe('has', () => {
    it.each<[string, Handler]>([
      ['an error', answer(500, '{"error":"disk failed"}')],
      ['a page', answer(200, '<html></html>')],
      [
        'half an answer',
        (_request, response) => {
          response.writeHead(200, { 'content-length': '100' });
          response.write('{"models":');
          response.socket?.destroy();
        },
      ],
    ])('is unreachable, not false, on %s', async (_name, behaviour) => {
      handler = behaviour;
      expect(await kindOf(machine.has(target, 'm'))).toBe('unreachable');
    });

    it.each(['{"models":null}', '{"models":[null,7,{}]}', '{}'])('is false on the list %s', async (body) => {
      handler = answer(200, body);
      expect(await machine.has(target, 'm')).toBe(false);
    });
  });

  describe('pull', () => {
    const downloading = '{"status":"pulling abc","digest":"sha256:abc","total":100,"completed":50}\n';
    const stream =
      (...parts: string[]): Handler =>
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        for (const part of parts) response.write(part);
      };
    const pull = (signal = never, onProgress: (fraction: number) => void = () => undefined) =>
      machine.pull(target, 'm', onProgress, signal);

    it('ends with the word success, also when the server keeps the connection open', async () => {
      handler = stream('{"status":"pulling manifest"}\n', '{"status":"success"}\n');
      await pull();
    });

    it.each<[string, Handler, string]>([
      ['a stream that ends too early', (_request, response) => void response.end(downloading), 'unreachable'],
      [
        'a connection that breaks',
        (request, response) => {
          response.write(downloading);
          request.socket.destroy();
        },
        'unreachable',
      ],
      ['a stream of something else', (_request, response) => void response.end('<html>\n</html>\n'), 'unreachable'],
      ['an error before the stream', answer(400, '{"error":"invalid model name"}'), 'model_missing'],
      ['an error page of something in between', answer(500, '<html>'), 'unreachable'],
      [
        'an error within the stream, without a line end',
        (_request, response) => void response.end(`${downloading}{"error":"no space left on device"}`),
        'disk_full',
      ],
    ])('fails on %s', async (_name, behaviour, kind) => {
      handler = behaviour;
      expect(await kindOf(pull())).toBe(kind);
    });

    /** The adapter has read the progress line when it reports it. */
    const pullThatStandsStill = (parts: string): { attempt: Promise<string>; reported: Promise<void> } => {
      handler = stream(parts);
      let attempt = Promise.resolve('');
      const reported = new Promise<void>((resolve) => {
        attempt = kindOf(pull(never, () => resolve()));
      });
      return { attempt, reported };
    };

    it('is given up when the download has stood still for five minutes', async () => {
      const { attempt, reported } = pullThatStandsStill(downloading);
      await reported;
      await clock.advance(DOWNLOAD_STALL_MS - 1);
      expect(await Promise.race([attempt, Promise.resolve('waiting')])).toBe('waiting');
      await clock.advance(1);
      expect(await attempt).toBe('unreachable');
    });

    it('has more patience with the silence between two layers', async () => {
      const { attempt, reported } = pullThatStandsStill(downloading.replace('50', '100'));
      await reported;
      await clock.advance(SILENT_STEP_MS - 1);
      expect(await Promise.race([attempt, Promise.resolve('waiting')])).toBe('waiting');
      await clock.advance(1);
      expect(await attempt).toBe('unreachable');
    });

    it('is cancelled on the machine as soon as its caller gives it up', async () => {
      const caller = new AbortController();
      const arrived = firstRequest(stream(downloading));
      const attempt = kindOf(pull(caller.signal));
      const [, response] = await arrived;
      const cancelled = once(response, 'close');
      caller.abort();
      expect(await attempt).toBe('unreachable');
      await cancelled;
    });

    it('is not even begun when its caller has given it up before', async () => {
      let requests = 0;
      handler = () => void (requests += 1);
      expect(await kindOf(pull(AbortSignal.abort()))).toBe('unreachable');
      expect(requests).toBe(0);
    });
  });

  describe('load', () => {
    const loaded = answer(200, '{"model":"m","done":true,"done_reason":"load"}');
    const running = answer(200, '{"models":[{"name":"m:latest"}]}');

    it('has no time limit of its own', async () => {
      const arrived = firstRequest((request, response) => request.url === '/api/ps' && running(request, response));
      const attempt = machine.load(target, 'm', never);
      const [request, response] = await arrived;
      await clock.advance(24 * 3_600_000);
      loaded(request, response);
      await attempt;
    });

    it.each<[string, Record<string, Handler>, string]>([
      [
        'a load that Ollama answers without done_reason "load"',
        { '/api/generate': answer(200, '{"done":true}'), '/api/ps': running },
        'model_failed',
      ],
      [
        'a loaded model that is not in /api/ps',
        { '/api/generate': loaded, '/api/ps': answer(200, '{"models":[]}') },
        'model_failed',
      ],
      ['an out-of-memory', { '/api/generate': answer(500, '{"error":"CUDA out of memory"}') }, 'model_failed'],
      ['a busy server', { '/api/generate': answer(503, '{"error":"server busy"}') }, 'unreachable'],
      [
        'an embedding model that cannot be loaded',
        {
          '/api/generate': answer(400, '{"error":"\\"m\\" does not support generate"}'),
          '/api/embed': answer(500, '{"error":"llama runner process has terminated"}'),
        },
        'model_failed',
      ],
    ])('fails on %s', async (_name, paths, kind) => {
      handler = answers(paths);
      expect(await kindOf(machine.load(target, 'm', never))).toBe(kind);
    });

    it('tells Ollama’s own words', async () => {
      handler = answer(500, '{"error":"model requires more system memory (9 GiB) than is available (7 GiB)"}');
      await expect(machine.load(target, 'm', never)).rejects.toThrow('more system memory (9 GiB)');
    });
  });

  describe('catalogue', () => {
    it('leaves out what fails or is too large, and keeps the rest as it came', async () => {
      const tags = '{"models":[{"name":"small:1"},{"name":"gone:1"},{"name":"huge:1"}]}';
      handler = answers({
        '/api/version': answer(500, ''),
        '/api/tags': answer(200, tags),
        '/api/show': (request, response) => {
          let body = '';
          request.on('data', (chunk: Buffer) => (body += chunk.toString()));
          request.on('end', () => {
            const { model } = JSON.parse(body) as { model: string };
            if (model === 'gone:1') return answer(404, '{"error":"model not found"}')(request, response);
            answer(200, JSON.stringify({ license: 'x'.repeat(model === 'huge:1' ? 300_000 : 1) }))(request, response);
          });
        },
      });
      expect(await machine.catalogue(target)).toEqual({
        version: null,
        tags,
        show: { 'small:1': '{"license":"x"}' },
        atMs: clock.nowMs(),
      });
    });

    it('asks about 50 models at most', async () => {
      const models = Array.from({ length: 80 }, (_, index) => ({ name: `m${index}:1` }));
      handler = answers({ '/api/tags': answer(200, JSON.stringify({ models })), '/api/show': answer(200, '{}') });
      expect(Object.keys((await machine.catalogue(target)).show)).toHaveLength(50);
    });
  });
});
