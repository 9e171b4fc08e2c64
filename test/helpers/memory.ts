import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

export const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Memory in use now. Native objects release their memory only when the event loop turns after a collection, some of
 * them after the next one.
 */
export async function memoryBytes(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    await sleep(20);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
