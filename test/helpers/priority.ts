import { constants, setPriority } from 'node:os';

/**
 * Lets a process that has just started run before whatever else the machine does, if this user may do that. A server
 * in use does not share its cores with the browsers of everybody who talks on it, or with other tests. On Linux this
 * sets one thread, and those that it starts later inherit its priority.
 */
export function runFirst(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_HIGH);
  } catch (error) {
    if (!['EACCES', 'EPERM', 'ESRCH'].includes(String((error as { info?: { code?: string } }).info?.code))) throw error;
  }
}
