import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import { heardTone } from './heard-tone.ts';
import type { WeriftParticipant } from './werift-participant.ts';

const AUDIBLE_DBFS = -26;
const INAUDIBLE_DBFS = -50;
/** Until a change that the server has just been told of is heard. */
const SETTLE_MS = 300;
const LISTEN_MS = 500;

/**
 * Resolves when somebody hears exactly these people, identified by their tones, most of the time. Rejects with how loud
 * each of them is if that does not happen, however busy the machine is.
 */
export async function hearsOnly<Who extends string>(
  listener: WeriftParticipant,
  tonesHz: Readonly<Record<Who, number>>,
  expected: readonly Who[],
): Promise<void> {
  await sleep(SETTLE_MS);
  await eventually(async () => {
    const mark = listener.hearing.mark();
    await sleep(LISTEN_MS);
    const sound = listener.hearing.sound(mark);
    const levels = (Object.keys(tonesHz) as Who[]).map((who) => {
      const { usuallyDbfs } = heardTone(sound, tonesHz[who]);
      return {
        who,
        usuallyDbfs,
        isRight: expected.includes(who) ? usuallyDbfs > AUDIBLE_DBFS : usuallyDbfs < INAUDIBLE_DBFS,
      };
    });
    return (
      levels.every(({ isRight }) => isRight) ||
      `expected ${expected}, heard ${levels.map(({ who, usuallyDbfs }) => `${who} at ${usuallyDbfs.toFixed(1)} dBFS`)}`
    );
  });
}
