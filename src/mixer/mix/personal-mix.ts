/** The mix of a listener who hears single voices differently from the others in the same audience. */
import type { Frame } from '../kernels/frame.ts';
import { ROOM_CHANNEL } from './channel-set.ts';
import { UNITY } from './hearing.ts';
import type { MixLink } from './mix-link.ts';
import type { Heard, Place } from './mix-participant.ts';
import type { VoiceCopies } from './voice-copies.ts';
import { type Address, NO_PATH, pathOf } from './voice-path.ts';

/** What sounds in a tick. */
export interface Voices {
  readonly contributors: readonly Place[];
  readonly copies: VoiceCopies;
  readonly link: MixLink | undefined;
  /** The only contributor, while its packets are passed on. */
  readonly lone?: Place | undefined;
}

/** One voice on its way to one listener, in this tick and in the previous one. */
interface Path {
  before: number;
  now: number;
  /** Gains. */
  from: number;
  to: number;
}

/** Temporary between two calls. */
const path: Path = { before: NO_PATH, now: NO_PATH, from: 1, to: 1 };

/** False if nothing of this voice reaches the listener. The path is valid until the next call. */
function findPath(voice: Place, listener: Place): boolean {
  if (voice === listener) return false;
  const { from, to } = listener.hearing.gainOf(voice.voice) ?? UNITY;
  path.now = pathOf(voice.address, listener.audience.channels, listener.voice);
  path.before = path.now;
  path.to = path.now === NO_PATH ? 0 : to;
  path.from = path.to;
  // A voice that starts in this tick has its gain at once.
  if (voice.soundedBefore) {
    path.before = pathOf(voice.addressBefore, listener.channelsBefore, listener.voice);
    path.from = path.before === NO_PATH ? 0 : from;
  }
  leaveToSpace(voice, listener);
  return path.from > 0 || path.to > 0;
}

/** The nearer a voice is in space, the less of it is heard in channels, so that it is never heard twice. */
function leaveToSpace({ voice, soundedBefore }: Place, { ears, heardSpace }: Place): void {
  const nearness = ears?.nearnessOf(voice);
  if (nearness === undefined) return;
  path.to *= 1 - nearness.to;
  if (heardSpace || !soundedBefore) path.from *= 1 - nearness.from;
}

/** Whether a listener with ears hears this voice in a channel as well. */
function isHeardTwice({ address, addressBefore, voice }: Place, { ears, audience, channelsBefore }: Place): boolean {
  const isInChannel =
    address.channels.firstIn(audience.channels) !== NO_PATH ||
    addressBefore.channels.firstIn(channelsBefore) !== NO_PATH;
  return isInChannel && ears?.nearnessOf(voice) !== undefined;
}

/** Whether this listener hears a voice in this tick that others in the audience do not hear, or hear differently. */
export function isTouched(listener: Place, { contributors, link }: Voices): boolean {
  const hasGains = !listener.hearing.isPlain;
  for (const voice of contributors) {
    if (voice === listener) continue;
    if (hasGains && listener.hearing.gainOf(voice.voice) !== undefined) return true;
    if (whispers(voice.address, listener) || (voice.soundedBefore && whispers(voice.addressBefore, listener)))
      return true;
    if (listener.ears !== undefined && isHeardTwice(voice, listener)) return true;
  }
  return hasGains && link?.touches(listener.hearing) === true;
}

/** Whether any voice reaches single listeners in this tick, or did in the previous one. */
export function isWhispering({ contributors }: Voices): boolean {
  for (let i = 0; i < contributors.length; i++) {
    const { address, addressBefore } = contributors[i]!;
    if (address.whispersTo.size > 0 || addressBefore.whispersTo.size > 0) return true;
  }
  return false;
}

function whispers({ whispersTo }: Address, listener: Place): boolean {
  return whispersTo.has(listener.voice);
}

/** What this listener hears in this tick, in view of their gains. */
export function heardPersonally(listener: Place, { contributors, link }: Voices): Heard {
  let heard: Heard = (hearsRoom(listener) ? link?.heardBy(listener.hearing) : undefined) ?? 'nothing';
  if (heard === 'more') return heard;
  for (const voice of contributors) {
    if (!findPath(voice, listener)) continue;
    if (path.from > 0 && voice.soundedBefore) return 'more';
    heard = 'beginnings';
  }
  return heard;
}

/**
 * Writes what this listener hears of the others into `mix`, each voice with its gain, and returns the number of voices
 * in it. Every voice is added; subtracting one from the total would leave rounding errors behind.
 */
export function sumFor(listener: Place, { contributors, copies, link }: Voices, mix: Frame): number {
  mix.samples.fill(0);
  let voices = 0;
  for (const voice of contributors) {
    if (!findPath(voice, listener)) continue;
    const { before, now, from, to } = path;
    copies.addTo(mix, voice, before, now, from, to);
    // A quieter voice counts in full: otherwise the headroom would turn it up again.
    if (to > 0) voices++;
  }
  if (link === undefined || !hearsRoom(listener)) return voices;
  return voices + link.addFor(listener.hearing, mix);
}

function hearsRoom({ audience }: Place): boolean {
  return audience.channels.has(ROOM_CHANNEL);
}
