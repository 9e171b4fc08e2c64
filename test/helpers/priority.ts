import { constants, setPriority } from 'node:os';

/**
 * Lets a process that has just started run before the browsers beside it, if this user may do that. A server in use
 * does not share its cores with everybody who talks on it. On Linux this sets one thread, and those that it starts
 * later inherit its priority.
 */
export function runFirst(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGH);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ESRCH'].includes(String((error as { info?: { code?: string } }).info?.code))) throw error;
  }
}
