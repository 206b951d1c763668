/** `GET /admin/events`: every transition once and in order, over disconnections and over the gateway's own end. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { AdminClient, type Frame } from '../support/admin-client.js';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { TestBed } from '../support/test-bed.js';

jest.setTimeout(60_000);
afterEach(endEverything);

const BRING_UP = ['creating', 'starting', 'booting', 'loading', 'ready'];

const adminOf = (bed: TestBed): AdminClient => new AdminClient(bed.gateway.adminUrl);

/** Phases in the order of the transitions; acts of operators change none. */
const phases = (frames: readonly Frame[]): string[] =>
  frames.filter(({ data }) => data.from !== data.to).map(({ data }) => data.to);

describe('the event stream', () => {
  it('begins with the state, and goes on with every transition, its reason and its actor', async () => {
    const bed = await TestBed.start();
    const admin = adminOf(bed);
    const reader = await admin.events();
    await eventually('the state', () => reader.frames.length === 1);
    expect(reader.frames[0]).toMatchObject({ event: 'state', data: { phase: 'absent', service: 'ollama-exoscale' } });
    await admin.post('/admin/wake');
    await reader.until('ready');
    expect(phases(reader.transitions)).toEqual(BRING_UP);
    const [first] = reader.transitions;
    expect(first?.data).toMatchObject({ cause: 'operator', actor: 'admin@127.0.0.1', from: 'absent' });
    for (const { id, data } of reader.transitions) {
      expect(id.split('.')[0]).toBe(String(data.version));
      expect(data).toMatchObject({ at: expect.stringMatching(/Z$/), reason: expect.stringMatching(/./) });
    }
  });

  it('goes on after the id with which a reader comes back, with nothing lost and nothing twice', async () => {
    const bed = await TestBed.start();
    const admin = adminOf(bed);
    const first = await admin.events();
    await admin.post('/admin/wake');
    await first.until('starting');
    first.leave();
    await bed.gateway.untilPhase('ready');
    const second = await admin.events(first.lastId);
    await second.until('ready');
    const all = [...first.transitions, ...second.transitions];
    expect(phases(all)).toEqual(BRING_UP);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(second.frames.map(({ event }) => event)).not.toContain('state');
  });

  it('goes on over the death of the gateway', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const before = await adminOf(bed).events('0');
    await before.until('ready');
    await bed.restartGateway('SIGKILL');
    expect(await before.ended).toBe(false);
    const after = await adminOf(bed).events(before.lastId);
    await after.until('ready');
    expect(phases([...before.transitions, ...after.transitions])).toEqual([...BRING_UP, 'booting', 'loading', 'ready']);
    expect(after.transitions[0]?.data).toMatchObject({ from: 'ready', to: 'booting', cause: 'restart' });
  });

  it('starts anew for a reader that comes with an id of a log which is lost', async () => {
    const bed = await TestBed.start();
    const reader = await adminOf(bed).events('4711.0');
    await eventually('the state', () => reader.frames.length === 1);
    expect(reader.frames[0]?.event).toBe('state');
  });

  it('waits for the state: a process that cannot read it yet has no events, and no old ones later', async () => {
    const bed = await TestBed.start();
    await bed.ready();
    const first = bed.gateway;
    await bed.startGateway();
    const admin = adminOf(bed);
    const early = await admin.get('/admin/events');
    expect([early.status, early.json().code]).toEqual([503, 'state_unavailable']);
    await first.kill('SIGTERM');
    const { log } = bed.gateway;
    await eventually('the machine is proven again', () => log.findLast(({ to }) => to !== undefined)?.to === 'ready');
    const reader = await admin.events();
    await admin.post('/admin/sleep');
    await reader.until('stopped');
    expect(phases(reader.transitions)).toEqual(['draining', 'stopping', 'stopped']);
    const metrics = await admin.metrics();
    expect(metrics).toContain('\nollama_gateway_wakes_total{reason="request"} 0\n');
    expect(metrics).toMatch(/^ollama_gateway_phase_duration_seconds_count\{phase="ready"\} [12]$/m);
    expect(metrics).not.toContain('phase="creating",le=');
  });

  it('ends when the gateway leaves', async () => {
    const bed = await TestBed.start();
    const reader = await adminOf(bed).events();
    await bed.gateway.kill('SIGTERM');
    expect(await reader.ended).toBe(true);
    expect(await bed.gateway.exited).toEqual({ code: 0, signal: null });
  });

  it('is not begun for an id that is none', async () => {
    const bed = await TestBed.start();
    const admin = adminOf(bed);
    for (const reply of [
      await admin.get('/admin/events?after=yesterday'),
      await admin.get('/admin/events', { 'Last-Event-ID': '1;2' }),
    ]) {
      expect([reply.status, reply.json().code]).toEqual([400, 'bad_request']);
    }
  });

  it('reaches a hundred readers, and forgets those who leave', async () => {
    const bed = await TestBed.start();
    const admin = adminOf(bed);
    const readers = await Promise.all(Array.from({ length: 100 }, () => admin.events()));
    await admin.post('/admin/wake');
    await Promise.all(readers.map((reader) => reader.until('ready')));
    for (const reader of readers) expect(phases(reader.transitions)).toEqual(BRING_UP);
    for (const reader of readers) reader.leave();
    const sockets = async (): Promise<number> =>
      Number(/^process_open_fds (\d+)$/m.exec(await admin.metrics())?.[1] ?? Number.NaN);
    await eventually('their connections are gone', async () => (await sockets()) < 80);
  });
});
