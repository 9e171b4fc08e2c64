import { setTimeout as sleep } from 'node:timers/promises';
import { toneLevelDbfs } from './signal.ts';
import type { WeriftParticipant } from './werift-participant.ts';

const AUDIBLE_DBFS = -26;
const INAUDIBLE_DBFS = -50;
const SETTLE_MS = 800;
const LISTEN_MS = 800;
const WINDOW = 9600;

/**
 * Which of these people, identified by their tones, somebody hears from now on. Throws on a level that is neither loud
 * nor silent.
 */
export async function whoIsHeard<Who extends string>(
  listener: WeriftParticipant,
  tonesHz: Readonly<Record<Who, number>>,
): Promise<Who[]> {
  await sleep(SETTLE_MS);
  const mark = listener.hearing.mark();
  await sleep(LISTEN_MS);
  const sound = listener.hearing.sound(mark);
  return (Object.keys(tonesHz) as Who[]).filter((who) => {
    // The median of short windows, because a change of the jitter buffer spoils one of them.
    const levels = Array.from({ length: Math.floor(sound.length / WINDOW) }, (_, index) =>
      toneLevelDbfs(sound.subarray(index * WINDOW, (index + 1) * WINDOW), tonesHz[who]),
    ).sort((a, b) => a - b);
    const level = levels[Math.floor(levels.length / 2)] ?? Number.NEGATIVE_INFINITY;
    if (level > INAUDIBLE_DBFS && level < AUDIBLE_DBFS) throw new Error(`${who} is half heard: ${level} dBFS`);
    return level >= AUDIBLE_DBFS;
  });
}
