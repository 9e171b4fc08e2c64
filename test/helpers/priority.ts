import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { threadsOf, withDescendants } from './cpu-time.ts';

/** Errors of those who may not do it, whose kernel cannot do it, or whose process has ended. */
const EXPECTED = ['EACCES', 'EPERM', 'ENOENT', 'ESRCH', 'EAGAIN'];

/**
 * Lets a process that has just started run before whatever else the machine does, if this user may do that. A server
 * in use does not share its cores with the browsers of everybody who talks on it, or with other tests. On Linux this
 * sets one thread, and those that it starts later inherit its priority. Where Linux groups processes by session
 * (sched(7), "The autogroup feature"), it also sets the priority of the process's session: browsers have their own.
 */
export function runFirst(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGH);
    writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_HIGH));
  } catch (error) {
    if (!EXPECTED.includes(codeOf(error))) throw error;
  }
}

/** The same for a process that runs already, with all its threads, and all that it has started and will start. */
export function runAllFirst(pid: number): void {
  for (const one of withDescendants(pid)) for (const thread of threadsOf(one)) runFirst(Number(basename(thread)));
}

function codeOf(error: unknown): string {
  const { code, info } = error as { readonly code?: string; readonly info?: { readonly code?: string } };
  return String(info?.code ?? code);
}
