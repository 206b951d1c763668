/** Whether a 1 GiB upload leaves memory flat: the peak during it above what was resident before. */
import { upload } from '../load/upload.mjs';
import { residentMb, resetPeak } from '../process-usage.mjs';
import { inRounds } from './rounds.mjs';

const ROUNDS = 2;
const BYTES = 1024 ** 3;
const WARM_UP_BYTES = 32 * 1024 ** 2;

/** Resident, in MB. @typedef {{ before: number, peak: number, after: number }} Memory */

/**
 * @param {import('./bench-context.mjs').BenchContext} context
 * @returns {Promise<import('./bench-context.mjs').Row[]>}
 */
export async function measureUpload({ upstream, gateway, nginx }) {
  /** @param {import('./bench-context.mjs').Proxy} proxy */
  const round = async ({ url, pid }) => {
    await upload(url, WARM_UP_BYTES);
    resetPeak(pid);
    const before = residentMb(pid).now;
    const arrivedBefore = upstream.uploadedBytes;
    await upload(url, BYTES);
    const arrived = upstream.uploadedBytes - arrivedBefore;
    if (arrived !== BYTES) throw new Error(`of an upload through ${url} ${arrived} bytes arrived`);
    const { now, peak } = residentMb(pid);
    return { before, peak, after: now };
  };
  const results = await inRounds(ROUNDS, { gateway: () => round(gateway), nginx: () => round(nginx) });
  const growth = (/** @type {Memory} */ { before, peak }) => peak - before;
  return [
    {
      what: '1 GiB upload, memory above before',
      unit: 'MB',
      gateway: results.gateway.map(growth),
      nginx: results.nginx.map(growth),
      figure: 'uploadMemory',
      note: `gateway's memory in MB, before → peak → after: ${results.gateway.map(course).join(', ')}`,
    },
  ];
}

/** @param {Memory} memory */
function course({ before, peak, after }) {
  return [before, peak, after].map((value) => value.toFixed(0)).join(' → ');
}
