import { describe, expect, it } from '@jest/globals';
import { ApiError } from './api-error.js';
import { readCreateRequest } from './create-request.js';

const id = '0b12cb6b-7e3e-4c0e-9e10-1e5d8a7c4b2a';
const good = { 'instance-type': { id }, template: { id }, 'disk-size': 50 };

describe('the body of create-instance', () => {
  it('needs only type, template and disk size, and starts the instance by default', () => {
    expect(readCreateRequest(good)).toMatchObject({ typeId: id, templateId: id, diskSizeGib: 50, autoStart: true });
  });

  it('names the required keys that are missing', () => {
    expect(() => readCreateRequest({ template: { id } })).toThrow(
      expect.objectContaining({ status: 400, body: { message: "missing keys 'disk-size', 'instance-type'" } }),
    );
  });

  it.each<[field: string, value: unknown]>([
    ['name', ''],
    ['name', 'x'.repeat(256)],
    ['template', 'a-name'],
    ['instance-type', { id: 'gpua5000.small' }],
    ['disk-size', 9],
    ['disk-size', 51_201],
    ['disk-size', '50'],
    ['user-data', ''],
    ['user-data', '#cloud-config'],
    ['user-data', 'A'.repeat(32_772)],
    ['labels', ['pool']],
    ['labels', { pool: 1 }],
    ['labels', { pool: 'a b' }],
    ['labels', { pool: 'x'.repeat(129) }],
    ['security-groups', [id]],
    ['ssh-keys', ['mine']],
    ['ssh-key', 'mine'],
    ['auto-start', 'false'],
  ])('refuses %s = %j and says where', (field, value) => {
    let answer: unknown;
    try {
      readCreateRequest({ ...good, [field]: value });
    } catch (error) {
      answer = error;
    }
    expect(answer).toBeInstanceOf(ApiError);
    const { status, body } = answer as ApiError;
    expect(status).toBe(400);
    expect(body).toMatchObject({ title: 'Bad Request', errors: [{ location: expect.stringContaining(field) }] });
  });

  it('takes SSH keys as a list and in the older field, each once', () => {
    const keys = { 'ssh-key': { name: 'a' }, 'ssh-keys': [{ name: 'a' }, { name: 'b' }] };
    expect(readCreateRequest({ ...good, ...keys }).sshKeyNames).toEqual(['a', 'b']);
    expect(readCreateRequest(good).sshKeyNames).toEqual([]);
  });

  it('accepts user-data of exactly the limit', () => {
    expect(readCreateRequest({ ...good, 'user-data': 'A'.repeat(32_768) }).userData).toHaveLength(32_768);
  });
});
