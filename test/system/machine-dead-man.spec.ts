/** The dead-man timer beside the shipped nginx, both real: what holds the power-off, and what only looks like use. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { endEverything } from '../support/endings.js';
import { eventually } from '../support/eventually.js';
import { MachineUnderTest } from '../support/machine-under-test.js';
import type { Responder } from '../support/scripted-http.js';
import { ScriptedMachine } from '../support/scripted-machine.js';

const ollama: Responder = (response, { target }) => {
  if (target === '/silent') return;
  if (target === '/streams') return void response.write('first');
  response.end('Ollama is running');
};

describe('the dead-man timer', () => {
  let machine: MachineUnderTest;
  let scripts: ScriptedMachine;

  beforeEach(async () => {
    machine = await MachineUnderTest.start({ kind: 'plain' }, ollama);
    scripts = new ScriptedMachine(machine.root);
    scripts.program('systemctl', '');
    up(7200);
  });
  afterEach(endEverything);

  function up(sec: number): void {
    scripts.write('proc/uptime', `${sec}.00 1.00\n`);
  }

  async function powersOff(): Promise<boolean> {
    await scripts.run('dead-man.sh');
    return scripts.takeCalls().includes('systemctl poweroff');
  }

  it('powers off a machine without connections, and one whose gateway only looks at it', async () => {
    expect(await powersOff()).toBe(true);
    await machine.ask('GET', '/');
    await machine.ask('POST', '/api/show', { body: '{}' });
    await machine.ask('POST', '/api/generate', { body: '{}', headers: { 'x-gw-own': '1' } });
    expect(await powersOff()).toBe(true);
  });

  it('stays on after a request, for the idle timeout and an hour, and again after the next', async () => {
    for (const sec of [7200, 50_000]) {
      up(sec);
      await machine.ask('POST', '/api/chat', { body: '{}' });
      await eventually('the request is in the log', () => scripts.read('run/ollama-gateway/link/use.log') !== '');
      expect(await powersOff()).toBe(false);
      up(sec + 5399);
      expect(await powersOff()).toBe(false);
      up(sec + 5400);
      expect(await powersOff()).toBe(true);
    }
  });

  it('stays on while a request waits silently', async () => {
    const answer = machine.send('POST', '/silent', { body: '{}' }).catch(() => undefined); // cut at the end of the test
    await machine.ollama.arrived(1);
    expect(await powersOff()).toBe(false);
    await machine.ollama.close();
    await answer;
  });

  it('stays on while an answer streams', async () => {
    const { body } = await machine.send('POST', '/streams', { body: '{}' });
    body.on('error', () => undefined); // cut at the end of the test
    expect(await powersOff()).toBe(false);
  });

  it('goes by what the gateway told it over the link', async () => {
    await machine.ask('PUT', '/__link/keep-awake', { body: `${Math.ceil(Date.now() / 1000) + 3600}\n` });
    expect(await powersOff()).toBe(false);
    await machine.ask('DELETE', '/__link/keep-awake');
    expect(await powersOff()).toBe(true);
    await machine.ask('PUT', '/__link/idle-timeout', { body: '3601\n' });
    expect(await powersOff()).toBe(false);
  });
});
