/**
 * Strangers who make noise at the link port: service goes on, and what a machine costs is not theirs to decide. Attack list
 * of coordination-and-link.md §2.7: many half-open connections, slow ones, and those who want to keep the machine awake.
 */
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { ended, halfHead, halfHello, longBody, silent, type Address } from '../support/half-open.js';
import { LinkBed } from '../support/link-bed.js';
import { ScriptedMachine } from '../support/scripted-machine.js';

afterEach(endEverything);

const NAME = 'gpu.default.link.internal';
const EACH = 100;

const addressOf = (link: LinkBed): Address => ({ host: link.machine.address, port: link.machines.linkPort });

/** Hundreds of connections that do not go on. */
async function crowd(link: LinkBed): Promise<Socket[]> {
  const address = addressOf(link);
  const ways = [silent, halfHello, (at: Address) => halfHead(at, NAME)];
  return Promise.all(ways.flatMap((way) => Array.from({ length: EACH }, () => way(address))));
}

describe('hundreds of connections that begin and do not go on', () => {
  it('keep nobody from being served, move no clock of the gateway’s, and are gone after 20 seconds', async () => {
    const link = await LinkBed.ready();
    await link.bed.ollama.generate();
    const { last_activity: activity, idle_stop_at: stopAt } = await link.bed.gateway.status();
    const sockets = await crowd(link);
    expect((await link.bed.ollama.get('/api/tags')).status).toBe(200);
    await Promise.all(sockets.map(ended));
    expect(await link.bed.gateway.status()).toMatchObject({ last_activity: activity, idle_stop_at: stopAt });
    expect((await link.bed.ollama.generate()).status).toBe(200);
    expect(link.machines.arrivedAt('/api/stranger')).toEqual([]);
  });

  it('do not delay the stop of an idle machine', async () => {
    const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '1' });
    await crowd(link);
    await link.bed.gateway.untilPhase('stopped');
    await link.bed.gateway.wentThrough('ready', 'draining', 'stopping', 'stopped');
  });

  it('do not hold the dead-man timer of the machine', async () => {
    const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '300' });
    const scripts = new ScriptedMachine(link.machine.root);
    scripts.program('systemctl', '');
    /** Idle timeout and grace after the boot. */
    scripts.write('proc/uptime', '3900.00 1.00\n');
    const powersOff = async (): Promise<boolean> => {
      await scripts.run('dead-man.sh');
      return scripts.takeCalls().includes('systemctl poweroff');
    };
    await crowd(link);
    expect(await powersOff()).toBe(true);
    await link.bed.ollama.generate();
    await eventually('the use is in the log', () => scripts.read('run/ollama-gateway/link/use.log') !== '');
    expect(await powersOff()).toBe(false);
  });
});

describe('requests without a certificate that take as long as they can', () => {
  /** From now until the machine is off somebody is always being refused. */
  function keepUp(link: LinkBed, strangers: number): void {
    const address = addressOf(link);
    const again = async (): Promise<void> => {
      const socket = await longBody(address, NAME).catch(() => null);
      if (!socket) return;
      // A byte now and then, and nginx goes on listening.
      const drip = setInterval(() => socket.write('x'), 500);
      await ended(socket);
      clearInterval(drip);
      await again();
    };
    for (let stranger = 0; stranger < strangers; stranger += 1) void again();
  }

  /** nginx takes them for connections whose request it has not read; what counts is `Writing`. */
  it('are no requests in progress, and do not keep the machine awake', async () => {
    const link = await LinkBed.ready({ EXOSCALE_IDLE_TIMEOUT: '3' });
    const { gateway } = link.bed;
    await link.bed.ollama.generate();
    const { last_activity: activity } = await gateway.status();
    keepUp(link, 50);
    const counts = async (): Promise<string> => (await link.client().ask({ path: '/__link/status' })).text;
    await eventually('all of them are there', async () => /Reading: 50 Writing: 1 /.test(await counts()));
    expect((await gateway.status()).last_activity).toBe(activity);
    await gateway.untilPhase('stopped');
    await gateway.wentThrough('ready', 'draining', 'stopping', 'stopped');
    expect((await gateway.status()).last_activity).toBe(activity);
    expect(link.machines.arrivedAt('/api/stranger')).toEqual([]);
  });
});
