/**
 * What every MachinePort promises (provisioning/ports/machine.port.ts), as one suite over the fake of the tests and
 * the adapter with a fake Ollama behind it. The machine's time is a ManualClock: a pull takes as long as it is let.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  MachineError,
  type MachineErrorKind,
  type MachinePort,
  type MachineTarget,
} from '../../src/modules/provisioning/ports/machine.port.js';
import { ManualClock } from '../support/manual-clock.js';

interface MachineUnderTest {
  machine: MachinePort;
  /** Where its Ollama answers from the start, with an empty disk. */
  target: MachineTarget;
  putOnDisk(model: string): void;
  refuse(model: string, kind: Exclude<MachineErrorKind, 'unreachable' | 'refused'>): void;
  loaded(): Promise<string[]>;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  dispose(): Promise<void>;
}

/** Pulls take 1 s and loads 500 ms on `clock`. */
export type MakeMachine = (clock: ManualClock) => Promise<MachineUnderTest>;

const MODEL = 'granite3.1-dense:8b';
const STEP_MS = 50;

export function machineContract(adapter: string, make: MakeMachine): void {
  describe(`machine contract: ${adapter}`, () => {
    const never = new AbortController().signal;
    let clock: ManualClock;
    let subject: MachineUnderTest;
    let machine: MachinePort;
    let target: MachineTarget;

    beforeEach(async () => {
      clock = new ManualClock();
      subject = await make(clock);
      ({ machine, target } = subject);
    });

    afterEach(() => subject.dispose());

    /** Lets the machine's time pass until `work` is done. */
    const done = async <T>(work: Promise<T>): Promise<T> => {
      let settled = false;
      const end = (): void => void (settled = true);
      work.then(end, end);
      while (!settled) await clock.advance(STEP_MS);
      return work;
    };
    const failureOf = async (work: Promise<unknown>): Promise<MachineError> => {
      const failure = await done(work).then(
        () => new Error('it did not fail'),
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(MachineError);
      return failure as MachineError;
    };
    const pull = (model: string, onProgress: (fraction: number) => void = () => undefined, signal = never) =>
      machine.pull(target, model, onProgress, signal);

    it('answers a probe exactly while the machine is there', async () => {
      expect(await machine.probe(target)).toBe('answered');
      await subject.goAway();
      expect(await machine.probe(target)).toBe('silent');
      await subject.comeBack();
      expect(await machine.probe(target)).toBe('answered');
    });

    it('fails as unreachable in everything but a probe while the machine is away', async () => {
      await subject.goAway();
      const attempts = [
        () => machine.has(target, MODEL),
        () => pull(MODEL),
        () => machine.load(target, MODEL, never),
        () => machine.catalogue(target),
      ];
      for (const attempt of attempts) expect((await failureOf(attempt())).kind).toBe('unreachable');
    });

    describe('a model', () => {
      it.each([
        ['llama3:latest', 'llama3', true],
        ['llama3', 'LLAMA3:latest', true],
        ['llama3:8b', 'llama3', false],
        ['llama3:8b', 'llama3:70b', false],
        ['llama3:8b', 'llama3.1:8b', false],
      ])('stored as %s is found under the name %s: %s', async (stored, asked, found) => {
        subject.putOnDisk(stored);
        expect(await machine.has(target, asked)).toBe(found);
      });

      it('is not there on an empty disk', async () => {
        expect(await machine.has(target, MODEL)).toBe(false);
      });
    });

    describe('a pull', () => {
      it('puts the model on the disk and reports a growing fraction that ends with 1', async () => {
        const fractions: number[] = [];
        await done(pull(MODEL, (fraction) => fractions.push(fraction)));
        expect(await machine.has(target, MODEL)).toBe(true);
        expect(fractions.length).toBeGreaterThan(2);
        expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
        expect(fractions.every((fraction) => fraction >= 0 && fraction <= 1)).toBe(true);
        expect(fractions.at(-1)).toBe(1);
      });

      it('of a model that is there already is a success', async () => {
        subject.putOnDisk(MODEL);
        await done(pull(MODEL));
        expect(await machine.has(target, MODEL)).toBe(true);
      });

      it.each(['model_missing', 'disk_full'] as const)('that fails as %s says so and stores nothing', async (kind) => {
        subject.refuse(MODEL, kind);
        expect((await failureOf(pull(MODEL))).kind).toBe(kind);
        expect(await machine.has(target, MODEL)).toBe(false);
      });

      it('that loses its machine on the way is unreachable, and succeeds when it is asked for again', async () => {
        let gone: Promise<void> | undefined;
        const failure = await failureOf(pull(MODEL, () => void (gone ??= subject.goAway())));
        expect(failure.kind).toBe('unreachable');
        await gone;
        await subject.comeBack();
        await done(pull(MODEL));
        expect(await machine.has(target, MODEL)).toBe(true);
      });

      it('that its caller gives up ends at once and stores nothing', async () => {
        const caller = new AbortController();
        await failureOf(pull(MODEL, () => caller.abort(), caller.signal));
        await clock.advance(60_000);
        expect(await machine.has(target, MODEL)).toBe(false);
      });
    });

    describe('a load', () => {
      it.each([MODEL, 'nomic-embed-text:latest'])(
        'of %s ends with the model in memory, for as long as the machine runs',
        async (model) => {
          subject.putOnDisk(model);
          await done(machine.load(target, model, never));
          expect(await subject.loaded()).toEqual([model]);
          await clock.advance(24 * 3_600_000);
          expect(await subject.loaded()).toEqual([model]);
        },
      );

      it('of a model that Ollama cannot run fails with Ollama’s words', async () => {
        subject.putOnDisk(MODEL);
        subject.refuse(MODEL, 'model_failed');
        const failure = await failureOf(machine.load(target, MODEL, never));
        expect(failure.kind).toBe('model_failed');
        expect(failure.message).toContain('memory');
        expect(await subject.loaded()).toEqual([]);
      });

      it('of a model that is not on the disk fails', async () => {
        const failure = await failureOf(machine.load(target, MODEL, never));
        expect(failure.kind).toBe('model_failed');
        expect(failure.message).toContain('not found');
      });

      it('that its caller gives up ends at once and leaves nothing in memory', async () => {
        subject.putOnDisk(MODEL);
        const caller = new AbortController();
        const attempt = machine.load(target, MODEL, caller.signal);
        caller.abort();
        await failureOf(attempt);
        await clock.advance(60_000);
        expect(await subject.loaded()).toEqual([]);
      });
    });

    it('reads version, models and details for the time when the machine sleeps', async () => {
      subject.putOnDisk(MODEL);
      subject.putOnDisk('nomic-embed-text');
      const catalogue = await machine.catalogue(target);
      expect(JSON.parse(catalogue.version ?? '')).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
      const { models } = JSON.parse(catalogue.tags ?? '') as { models: { name: string }[] };
      expect(models.map(({ name }) => name)).toEqual([MODEL, 'nomic-embed-text:latest']);
      expect(Object.keys(catalogue.show)).toEqual([MODEL, 'nomic-embed-text:latest']);
      expect(JSON.parse(catalogue.show[MODEL] ?? '')).toHaveProperty('capabilities');
    });
  });
}
