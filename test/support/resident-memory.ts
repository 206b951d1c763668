/** What the kernel says of a process's resident memory (proc(5)). Linux only. */
import { readFileSync, writeFileSync } from 'node:fs';

export interface ResidentMb {
  now: number;
  /** Since `resetPeak`. */
  peak: number;
}

/** In MB (10^6 bytes). */
export function residentMb(pid: number): ResidentMb {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

export function resetPeak(pid: number): void {
  // proc_pid_clear_refs(5)
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
