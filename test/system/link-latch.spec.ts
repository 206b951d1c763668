/**
 * The latch and the count of requests in progress on a real nginx, while somebody else than the gateway uses the machine:
 * a process of before, or another replica. Their streams are the peer's here, with keys of its own making.
 */
import { afterEach, describe, expect, it } from '@jest/globals';
import { EndlessStream, ENDLESS, QUESTION } from '../support/endless-stream.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { LinkBed } from '../support/link-bed.js';

afterEach(endEverything);

const STREAMS = 50;

async function peersStream(link: LinkBed): Promise<EndlessStream> {
  const { statusCode, body } = await link.peer.send(link.target, QUESTION);
  expect(statusCode).toBe(200);
  return new EndlessStream(body);
}

/** Meanwhile a client of the gateway keeps the machine from being idle, however slow this computer is. */
async function openStreams(link: LinkBed, count: number): Promise<EndlessStream[]> {
  const client = link.bed.ollama.open(QUESTION);
  client.request.end(QUESTION.body);
  (await client.response).on('error', () => undefined).resume();
  const streams = await Promise.all(Array.from({ length: count }, () => peersStream(link)));
  client.leave();
  await eventually('only the streams of the peer are left', () => link.machines.openStreams() === count);
  return streams;
}

async function writing(link: LinkBed): Promise<number> {
  const { text } = await link.peer.ask(link.target, { path: '/__link/status' });
  return Number(/Writing: (\d+)/.exec(text)?.[1]);
}

/** How often the gateway has gone back to serving because so many requests of somebody else were in progress. */
function stopsCalledOff({ bed: { gateway } }: LinkBed, requests: number): number {
  const words = `phase ready: ${requests} requests of somebody else are in progress on it`;
  return gateway.log.filter(({ msg }) => msg === words).length;
}

describe('an idle machine that somebody else uses', () => {
  it('is not stopped under fifty streams, each of which the gateway counts and none of which is harmed', async () => {
    const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '3' });
    Object.assign(link.machines.behaviour, ENDLESS);
    const streams = await openStreams(link, STREAMS);
    await eventually('two stops have been called off', () => stopsCalledOff(link, STREAMS) >= 2, {
      explain: () => link.bed.gateway.describe(),
    });
    await Promise.all(streams.map((one) => one.goesOn()));
    expect(link.machines.openStreams()).toBe(STREAMS);
    expect(link.bed.cloud.countCalls('stop-instance')).toBe(0);

    for (const one of streams) one.leave();
    await link.bed.gateway.untilPhase('stopped');
    expect(link.bed.cloud.countCalls('stop-instance')).toBe(1);
  });

  it('serves the clients of the gateway in between, and takes requests again after each latch', async () => {
    const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '3' });
    Object.assign(link.machines.behaviour, ENDLESS);
    const [stream] = await openStreams(link, 1);
    await eventually('a stop has been called off', () => stopsCalledOff(link, 1) >= 1);
    expect((await link.bed.ollama.generate({ options: { num_predict: 3 } })).status).toBe(200);
    expect((await link.peer.ask(link.target, { path: '/api/version' })).status).toBe(200);
    expect(stream?.end).toBeNull();
  });

  it('is stopped after an hour of it (here: 18 seconds): nobody holds a machine for ever', async () => {
    const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '3', GATEWAY_TIME_SCALE: '200' });
    Object.assign(link.machines.behaviour, ENDLESS);
    const [stream] = await openStreams(link, 1);
    await eventually('the stop has been called off often', () => stopsCalledOff(link, 1) > 10);
    await link.bed.gateway.untilPhase('stopped', 60_000);
    expect(stream?.end).toBe('broke: UND_ERR_SOCKET');
  });
});

describe('a latch', () => {
  it('that is put while fifty streams run leaves them alone and counts them; whoever comes is told to go', async () => {
    const link = await LinkBed.ready();
    Object.assign(link.machines.behaviour, ENDLESS);
    const streams = await openStreams(link, STREAMS);
    const latch = { method: 'PUT', path: '/__link/drain', body: '' } as const;
    expect((await link.peer.ask(link.target, latch)).status).toBe(201);
    // The question itself is one of them; a probe of the gateway may be another for a moment.
    await eventually('all of them are counted', async () => (await writing(link)) === STREAMS + 1);
    const refused = await link.peer.send(link.target, QUESTION);
    expect([refused.statusCode, refused.headers['x-gw-draining']]).toEqual([503, '1']);
    await refused.body.dump();

    await Promise.all(streams.map((one) => one.goesOn()));
    for (const one of streams) one.leave();
    await eventually('nobody is counted but who asks', async () => (await writing(link)) === 1);
  });
});
