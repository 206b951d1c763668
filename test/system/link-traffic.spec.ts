/** Answers through both ends of the link: each piece at once, an end on one side at once on the other, and whose word it is. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { ENDLESS, EndlessStream, QUESTION } from '../support/endless-stream.js';
import { LinkBed } from '../support/link-bed.js';
import { MODEL } from '../support/ollama-client.js';
import { until } from '../support/until.js';

let link: LinkBed;
beforeAll(async () => {
  link = await LinkBed.ready();
});
afterAll(endEverything);

const quantile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.floor(part * (values.length - 1))] as number;

/** For whoever reads the log of the suite: the figures beside their limits. */
function report(what: string, valuesMs: readonly number[]): void {
  const [median, p99] = [0.5, 0.99].map((part) => quantile(valuesMs, part).toFixed(1));
  process.stderr.write(`${what}: median ${median} ms, p99 ${p99} ms of ${valuesMs.length}\n`);
}

async function ask(): Promise<{ stream: EndlessStream; response: NodeJS.ReadableStream }> {
  const call = link.bed.ollama.open(QUESTION);
  call.request.end(QUESTION.body);
  const response = await call.response;
  return { stream: new EndlessStream(response), response };
}

describe('a stream', () => {
  it('is passed on piece by piece: a token is less than 50 ms under way', async () => {
    Object.assign(link.machines.behaviour, { tokens: 300, tokenMs: 10 });
    const { response } = await ask();
    const lagsMs: number[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const nowMs = Date.now();
      // Ollama writes into each line when it said that.
      for (const line of chunk.toString().trim().split('\n')) {
        lagsMs.push(nowMs - Date.parse((JSON.parse(line) as { created_at: string }).created_at));
      }
    }
    report('a token on its way', lagsMs);
    expect(lagsMs).toHaveLength(301);
    expect(quantile(lagsMs, 0.5)).toBeLessThan(50);
  });

  it('that its client leaves has ended at Ollama less than 100 ms later', async () => {
    Object.assign(link.machines.behaviour, ENDLESS);
    const tookMs: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const { stream } = await ask();
      await stream.goesOn();
      const leftMs = performance.now();
      stream.leave();
      await until(() => link.machines.openStreams() === 0);
      tookMs.push(performance.now() - leftMs);
    }
    report('the end of a stream on its way', tookMs);
    expect(quantile(tookMs, 0.5)).toBeLessThan(100);
  });
});

describe('a machine whose Ollama is away while its front is there', () => {
  it('is said to be unreachable in the words of the gateway, in each dialect, and never in nginx’s', async () => {
    await link.machine.ollama.close();
    const [own, openai] = await Promise.all([
      link.bed.ollama.generate(),
      link.bed.ollama.post('/v1/chat/completions', { model: MODEL, messages: [{ role: 'user', content: 'why?' }] }),
    ]);
    expect(own.json()).toMatchObject({ error: expect.any(String), provisioning: true, code: 'upstream_unreachable' });
    expect(openai.json()).toMatchObject({ error: { message: expect.any(String), code: 'upstream_unreachable' } });
    for (const { status, headers, text } of [own, openai]) {
      expect([status, headers['x-gateway-error']]).toEqual([502, 'upstream_unreachable']);
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(`${JSON.stringify(headers)}${text}`).not.toMatch(/nginx|<html>|x-gw/i);
    }
  });
});
