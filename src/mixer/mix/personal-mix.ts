/** The mix of a listener who hears single voices differently from everyone else. */
import type { Frame } from '../kernels/frame.ts';
import type { Kernels } from '../kernels/kernels.ts';
import type { VoiceGain } from './hearing.ts';
import type { MixLink } from './mix-link.ts';
import type { Heard, Place } from './mix-participant.ts';

const UNITY: VoiceGain = { from: 1, to: 1 };

/** Whether this listener has a gain for a voice that sounds in this tick. */
export function isTouched(listener: Place, contributors: readonly Place[], link: MixLink | undefined): boolean {
  for (const voice of contributors) {
    if (voice !== listener && listener.hearing.gainOf(voice.voice) !== undefined) return true;
  }
  return link?.touches(listener.hearing) === true;
}

/** What this listener hears in this tick, in view of their gains. */
export function heardPersonally(listener: Place, contributors: readonly Place[], link: MixLink | undefined): Heard {
  let heard: Heard = link?.heardBy(listener.hearing) ?? 'nothing';
  if (heard === 'more') return heard;
  for (const voice of contributors) {
    if (voice === listener) continue;
    const { from, to } = listener.hearing.gainOf(voice.voice) ?? UNITY;
    if (from > 0 && voice.soundedBefore) return 'more';
    if (to > 0) heard = 'beginnings';
  }
  return heard;
}

/**
 * Writes what this listener hears of the others into `mix`, each voice with its gain, and returns the number of voices in it. Every
 * voice is added; subtracting one from the total would leave rounding errors behind.
 */
export function sumFor(
  listener: Place,
  contributors: readonly Place[],
  link: MixLink | undefined,
  mix: Frame,
  kernels: Kernels,
): number {
  mix.samples.fill(0);
  let voices = 0;
  for (const voice of contributors) {
    if (voice === listener) continue;
    const gain = listener.hearing.gainOf(voice.voice);
    if (gain === undefined) {
      kernels.add(mix, voice.frame);
      voices++;
      continue;
    }
    const { to } = gain;
    // A voice that starts in this tick has its gain at once.
    const from = voice.soundedBefore ? gain.from : to;
    if (from > 0 || to > 0) kernels.addRamped(mix, voice.frame, from, to);
    // A quieter voice counts in full: otherwise the headroom would turn it up again.
    if (to > 0) voices++;
  }
  return voices + (link?.addFor(listener.hearing, mix) ?? 0);
}
