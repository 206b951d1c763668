import { describe, expect, it } from '@jest/globals';
import { Mailbox } from './mailbox.js';

describe('a mailbox', () => {
  it('handles one message at a time, in the order of arrival', async () => {
    const log: string[] = [];
    const mailbox = new Mailbox<string>(
      async (message) => {
        log.push(`begin ${message}`);
        await Promise.resolve();
        log.push(`end ${message}`);
      },
      () => undefined,
    );
    mailbox.post('a');
    mailbox.post('b');
    expect(log).toEqual([]);
    await mailbox.idle();
    expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b']);
  });

  it('also handles what a message posts, before it is idle', async () => {
    const seen: number[] = [];
    const mailbox: Mailbox<number> = new Mailbox<number>(
      (message) => {
        seen.push(message);
        if (message < 3) mailbox.post(message + 1);
        return Promise.resolve();
      },
      () => undefined,
    );
    mailbox.post(1);
    await mailbox.idle();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('goes on after a message that cannot be handled, and tells', async () => {
    const faults: unknown[] = [];
    const seen: string[] = [];
    const mailbox = new Mailbox<string>(
      (message) => {
        if (message === 'bad') return Promise.reject(new Error('no'));
        seen.push(message);
        return Promise.resolve();
      },
      (_error, message) => faults.push(message),
    );
    mailbox.post('bad');
    mailbox.post('good');
    await mailbox.idle();
    expect(seen).toEqual(['good']);
    expect(faults).toEqual(['bad']);
  });

  it('takes nothing more once it is closed, but finishes what it has begun', async () => {
    const seen: string[] = [];
    let finish: () => void = () => undefined;
    const mailbox = new Mailbox<string>(
      async (message) => {
        await new Promise<void>((resolve) => (finish = resolve));
        seen.push(message);
      },
      () => undefined,
    );
    mailbox.post('begun');
    mailbox.post('waiting');
    await new Promise((resolve) => setImmediate(resolve));
    const closed = mailbox.close();
    mailbox.post('late');
    finish();
    await closed;
    expect(seen).toEqual(['begun']);
  });
});
