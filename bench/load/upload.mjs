/** A client that uploads a big blob as `ollama create` does: chunked, as fast as it is taken. */
import { request } from 'node:http';
import { UPLOAD_PATH } from '../setting/upstream.mjs';

const PIECE = Buffer.alloc(256 * 1024, 0x5a);

/**
 * Rejects when the answer is not 201.
 * @param {string} url
 * @param {number} bytes  a multiple of 256 KiB
 * @returns {Promise<void>}
 */
export function upload(url, bytes) {
  return new Promise((resolve, reject) => {
    const call = request(`${url}${UPLOAD_PATH}`, { method: 'POST', agent: false });
    call.on('error', reject);
    call.on('response', (response) => {
      response.resume();
      response.on('end', () =>
        response.statusCode === 201 ? resolve() : reject(new Error(`${url} answered ${response.statusCode}`)),
      );
    });
    let written = 0;
    const write = () => {
      while (written < bytes) {
        written += PIECE.length;
        if (!call.write(PIECE)) return;
      }
      call.off('drain', write);
      call.end();
    };
    call.on('drain', write);
    write();
  });
}
