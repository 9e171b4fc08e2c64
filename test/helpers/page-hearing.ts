/** Who is heard in a page, when everybody's microphone picks up a tone of their own. */
import type { Test } from 'tap';
import { untilGood } from './until-good.ts';
import type { VoicePage } from './voice-page.ts';

/** Of a microphone in a page. Alone, such a tone has -17 dBFS. */
export const TONE_GAIN = 0.15;
/** The tone is mixed with others and limited slightly at most. */
export const HEARD_DBFS = -26;
const NOT_HEARD_DBFS = -50;
/** Long enough to tell a tone from its absence. */
const LISTEN_S = 0.6;

/** By the name of a person: the frequency of their tone. Choose them far apart, and far from each other's harmonics. */
export type TonesHz<Who extends string> = Readonly<Record<Who, number>>;

/** Checks that a page plays the tones of these people and no others, now or a few seconds later. */
export async function hearsOnly<Who extends string>(
  t: Test,
  page: VoicePage,
  tonesHz: TonesHz<Who>,
  talkers: readonly Who[],
): Promise<void> {
  const names = Object.keys(tonesHz) as Who[];
  const listen = async () => {
    const levels = await page.hear(Object.values(tonesHz), LISTEN_S);
    return names.map((name) => {
      const { usuallyDbfs, atMostDbfs } = levels.get(tonesHz[name])!;
      const isFine = talkers.includes(name) ? usuallyDbfs > HEARD_DBFS : atMostDbfs < NOT_HEARD_DBFS;
      return { name, isFine, range: `${usuallyDbfs.toFixed(1)} to ${atMostDbfs.toFixed(1)} dBFS` };
    });
  };
  const heard = await untilGood(listen, (tones) => tones.every(({ isFine }) => isFine));
  for (const { name, isFine, range } of heard) {
    t.ok(isFine, `${page.name} ${talkers.includes(name) ? 'hears' : 'does not hear'} ${name}: ${range}`);
  }
}
