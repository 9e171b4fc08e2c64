import { readdir, readFile } from 'node:fs/promises';
import type { Usage } from './server-under-test.ts';

/** Ticks per second of the times in /proc: USER_HZ, 100 on every Linux. */
const USER_HZ = 100;

/** User and system time in seconds of a process with all its threads, from the text of `/proc/PID/stat`. */
export function parseCpuSeconds(stat: string): number {
  const [user, system] = parseUserAndSystem(stat);
  return (user + system) / USER_HZ;
}

function parseUserAndSystem(stat: string): [number, number] {
  // The name (field 2) may contain spaces and parentheses. Fields 14 and 15 are utime and stime (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [Number(fields[11]), Number(fields[12])];
}

/**
 * The share (0 to 1) of its processor time that a process spent in the system's code between two texts of
 * `/proc/PID/stat`. The system samples it, so it is exact only over many samples.
 */
export function parseSystemShare(before: string, after: string): number {
  const [userBefore, systemBefore] = parseUserAndSystem(before);
  const [user, system] = parseUserAndSystem(after);
  const all = user - userBefore + system - systemBefore;
  return all === 0 ? 0 : (system - systemBefore) / all;
}

/** Resident memory from the text of `/proc/PID/status`. */
export function parseResidentBytes(status: string): number {
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}

/** What another process has used. Linux only. Rejects if there is no such process. */
export async function readProcessUsage(pid: number): Promise<Usage> {
  const [stat, status, threadSeconds] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
    readThreadSeconds(pid),
  ]);
  return {
    atMs: performance.now(),
    cpuSeconds: parseCpuSeconds(stat),
    residentBytes: parseResidentBytes(status),
    threadSeconds,
  };
}

/** CPU time of each thread of a process, by thread id. Linux only; empty elsewhere. */
export async function readThreadSeconds(pid: number): Promise<ReadonlyMap<number, number>> {
  const folder = `/proc/${pid}/task`;
  const ids = await readdir(folder).catch(() => []);
  const times = ids.map(async (id) => {
    // Fields: nanoseconds on a processor, nanoseconds waiting for one, time slices. A thread may have ended in the
    // meantime.
    const [running = '0'] = (await readFile(`${folder}/${id}/schedstat`, 'utf8').catch(() => '')).split(' ');
    return [Number(id), Number(running) / 1e9] as const;
  });
  return new Map(await Promise.all(times));
}

/**
 * Load of the thread that worked most between two readings, in percent of a core; undefined if there are no figures per
 * thread.
 */
export function busiestThreadPercent(before: Usage, after: Usage): number | undefined {
  const seconds = Array.from(after.threadSeconds, ([id, total]) => total - (before.threadSeconds.get(id) ?? 0));
  return seconds.length === 0 ? undefined : (100_000 * Math.max(...seconds)) / (after.atMs - before.atMs);
}
