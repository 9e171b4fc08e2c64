import { readFile } from 'node:fs/promises';
import type { Usage } from '../lib/server-under-test.ts';

/** Ticks per second of the times in /proc: USER_HZ, 100 on every Linux. */
const USER_HZ = 100;

/** User and system time in seconds of a process with all its threads, from the text of `/proc/PID/stat`. */
export function parseCpuSeconds(stat: string): number {
  // The name, field 2, may hold spaces and parentheses; fields 14 and 15 are utime and stime (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
}

/** Resident memory from the text of `/proc/PID/status`. */
export function parseResidentBytes(status: string): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

/** What another process has used, on Linux. Rejects when there is no such process. */
export async function readProcessUsage(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  return { atMs: performance.now(), cpuSeconds: parseCpuSeconds(stat), residentBytes: parseResidentBytes(status) };
}
