/** What the kernel says a process has used (proc(5)): CPU time of all its threads, and resident memory. Linux only. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Fixed at 100 for user space on every Linux port that Node runs on. */
const TICKS_PER_SEC = 100;
/** proc_pid_clear_refs(5): 5 resets the peak of resident memory. */
const RESET_PEAK = '5';

/**
 * User and system time, in µs.
 * @param {number} pid
 */
export function cpuUs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may contain anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC) * 1e6;
}

/**
 * Resident memory now and its peak since `resetPeak`, in MB (10^6 bytes).
 * @param {number} pid
 */
export function residentMb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  /** @param {string} name */
  const read = (name) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/** @param {number} pid */
export function resetPeak(pid) {
  writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK);
}
