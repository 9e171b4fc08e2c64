/** Memory that V8 holds without need. */
import { Session } from 'node:inspector';
import type { Clock } from './clock.ts';

/**
 * Collects garbage in this thread, and gives the memory back to the system. Loading the code makes V8 reserve 30 MB and more
 * for new objects, which it keeps while nothing happens. The thread stands still for 70 to 250 ms. Resolves with whether it
 * was done. V8 does this for its inspector only, which is asked inside the process: no port is opened.
 */
export async function giveBackMemory(clock: Clock): Promise<boolean> {
  const session = new Session();
  session.connect();
  return new Promise((resolve) => {
    session.post('HeapProfiler.collectGarbage', (error) => {
      // Node 20 stands still for ever if the session ends within its own answer.
      clock.setTimer(clock.now(), () => {
        session.disconnect();
        resolve(error === null);
      });
    });
  });
}
