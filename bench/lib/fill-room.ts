import { setTimeout as sleep } from 'node:timers/promises';
import type { PhaseOptions } from './measured-phase.ts';
import { showProgress } from './progress.ts';
import { ROOM } from './servers.ts';

const JOINS_PER_SECOND = 15;
const SETTLE_MS = 3000;

/** Lets people join the room and some of them talk. Resolves a moment later with what further joins need to know. */
export async function fillRoom({ server, driver, settled }: PhaseOptions, talkers: number, stereo = false) {
  const target = { room: ROOM, server: server.kind, url: server.webSocketUrl };
  showProgress('filling the room');
  await driver.ask({ type: 'join', ...target, count: settled, perSecond: JOINS_PER_SECOND, stereo });
  await driver.ask({ type: 'talk', room: ROOM, count: talkers });
  await sleep(SETTLE_MS);
  return target;
}
