/** Runs the machine contract over the fake of the tests, and over the adapter with a fake Ollama behind it. */
import { SystemClock } from '../../src/common/time/clock.js';
import { PlainLink } from '../../src/modules/link/machine-link.js';
import { OllamaMachineAdapter } from '../../src/modules/machine/ollama-machine.adapter.js';
import { defaultBehaviour, type Refusal } from '../../src/sandbox/fake-ollama/behaviour.js';
import { FakeOllama } from '../../src/sandbox/fake-ollama/fake-ollama.js';
import { ModelDisk } from '../../src/sandbox/fake-ollama/model-disk.js';
import { FakeMachines } from '../fakes/fake-machine.js';
import { type MakeMachine, machineContract } from './machine.contract.js';

const PULL_MS = 1000;
const LOAD_MS = 500;
const ADDRESS = '127.0.0.1';

const fake: MakeMachine = (clock) => {
  const machine = new FakeMachines(clock);
  machine.pullTakes(PULL_MS);
  machine.loadTakes(LOAD_MS);
  machine.reachable(ADDRESS, true);
  const reach = (answers: boolean) => Promise.resolve(machine.reachable(ADDRESS, answers));
  return Promise.resolve({
    machine,
    target: machine.targetOf(ADDRESS, 'launch-1', 0),
    putOnDisk: (model) => machine.store(ADDRESS, model),
    refuse: (model, kind) => machine.refuse(model, kind),
    loaded: () => Promise.resolve(machine.loadedOn(ADDRESS)),
    goAway: () => reach(false),
    comeBack: () => reach(true),
    dispose: () => Promise.resolve(),
  });
};

const REFUSALS: Readonly<Record<string, Refusal>> = {
  model_missing: 'missing',
  disk_full: 'disk',
  model_failed: 'load-error',
};

/** Only the machine lives in the test's time: the adapter's own time limits are real, and long enough never to matter. */
const ollama: MakeMachine = async (clock) => {
  const behaviour = { ...defaultBehaviour(), pullMs: PULL_MS, loadMs: LOAD_MS };
  const disk = new ModelDisk(50);
  const start = (port: number) => FakeOllama.start({ host: ADDRESS, port, behaviour, disk, clock });
  let server = await start(0);
  const { url } = server;
  const port = Number(new URL(url).port);
  const machine = new OllamaMachineAdapter(new PlainLink(), port, new SystemClock());
  return {
    machine,
    target: machine.targetOf(ADDRESS, 'launch-1', 0),
    putOnDisk: (model) => void disk.add(model, clock.nowMs()),
    refuse: (model, kind) => void behaviour.refusals.set(model, REFUSALS[kind] as Refusal),
    loaded: async () => {
      const response = await fetch(`${url}/api/ps`);
      const { models } = (await response.json()) as { models: { name: string }[] };
      return models.map(({ name }) => name);
    },
    goAway: () => server.close(),
    comeBack: async () => void (server = await start(port)),
    dispose: async () => {
      await machine.close();
      await server.close();
    },
  };
};

machineContract('the fake of the tests', fake);
machineContract('Ollama over HTTP', ollama);
