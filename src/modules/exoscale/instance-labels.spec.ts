import { describe, expect, it } from '@jest/globals';
import { adoptedLabelsOf, isOfPool, labelsOf, machineOf } from './instance-labels.js';

const OURS = labelsOf('default', { fingerprint: 'f-new', linkEpoch: 2 }, { owner: 'owner-1', launchId: 'launch-1' });

describe('the labels of a machine', () => {
  it('say whose it is and what it was made for', () => {
    expect(OURS).toEqual({
      'managed-by': 'ollama-exoscale',
      pool: 'default',
      owner: 'owner-1',
      'launch-id': 'launch-1',
      'link-epoch': '2',
      fingerprint: 'f-new',
    });
  });

  it.each([
    { title: 'our own', labels: OURS, belongs: true },
    { title: 'one of another owner', labels: { ...OURS, owner: 'owner-2' }, belongs: true },
    { title: 'one of another pool', labels: { ...OURS, pool: 'other' }, belongs: false },
    { title: 'one that only has the same pool label', labels: { pool: 'default' }, belongs: false },
    { title: 'one with no labels', labels: null, belongs: false },
  ])('count $title as of our pool: $belongs', ({ labels, belongs }) => {
    expect(isOfPool({ id: 'i', labels }, 'default')).toBe(belongs);
  });

  it('of an adopted machine keep what somebody else put there', () => {
    expect(adoptedLabelsOf({ labels: { team: 'ml', fingerprint: 'not-ours' } }, OURS)).toEqual({
      ...OURS,
      team: 'ml',
      'link-epoch': '0',
    });
  });

  it('of an adopted machine keep what it was made with', () => {
    const labels = { ...OURS, owner: 'lost', fingerprint: 'f-old', 'link-epoch': '1' };
    expect(adoptedLabelsOf({ labels }, OURS)).toEqual({ ...OURS, fingerprint: 'f-old', 'link-epoch': '1' });
  });
});

describe('an instance in the words of the lifecycle', () => {
  it('has its labels, its state and its address', () => {
    const instance = {
      id: 'i',
      name: 'olgw-default-launch1',
      state: 'running',
      'created-at': '2026-11-24T12:00:00Z',
      'public-ip': '203.0.113.9',
      labels: OURS,
    };
    expect(machineOf(instance)).toEqual({
      id: 'i',
      name: 'olgw-default-launch1',
      status: 'running',
      address: '203.0.113.9',
      createdAtMs: Date.parse('2026-11-24T12:00:00Z'),
      owner: 'owner-1',
      launchId: 'launch-1',
      fingerprint: 'f-new',
      linkEpoch: 2,
    });
  });

  it('is unknown rather than wrong where the API says little', () => {
    expect(machineOf({ id: 'i', labels: { owner: 'a colleague' } })).toEqual({
      id: 'i',
      name: null,
      status: 'unknown',
      address: null,
      createdAtMs: 0,
      owner: null,
      launchId: null,
      fingerprint: null,
      linkEpoch: null,
    });
  });
});
