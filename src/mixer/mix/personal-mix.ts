/** The mix of a listener who hears single voices differently from the others in the same audience. */

import type { Frame } from '../kernels/frame.ts';
import { ChannelSet, ROOM_CHANNEL } from './channel-set.ts';
import type { Contributor } from './contributor.ts';
import { UNITY } from './hearing.ts';
import type { MixLink } from './mix-link.ts';
import type { Heard, Place } from './mix-participant.ts';
import type { VoiceCopies } from './voice-copies.ts';
import { type Address, createPath, NO_PATH, pathOf, type Side } from './voice-path.ts';

/** What sounds in a tick. */
export interface Voices {
  readonly contributors: readonly Contributor[];
  readonly copies: VoiceCopies;
  readonly link: MixLink | undefined;
  /** The only voice, while its packets are passed on. */
  readonly lone?: Place | undefined;
}

/** Temporary between two calls. */
const path = createPath(ChannelSet.ROOM);

/** False if nothing of this voice reaches the listener. The path is valid until the next call. */
function findPath(voice: Contributor, listener: Place): boolean {
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
function leaveToSpace({ voice, soundedBefore }: Contributor, { ears, heardSpace }: Place): void {
  const nearness = ears?.nearnessOf(voice);
  if (nearness === undefined) return;
  path.to *= 1 - nearness.to;
  if (heardSpace || !soundedBefore) path.from *= 1 - nearness.from;
}

/** Whether a listener with ears hears this voice in a channel as well. */
function isHeardTwice(
  { address, addressBefore, voice }: Contributor,
  { ears, audience, channelsBefore }: Place,
): boolean {
  const isInChannel =
    address.channels.firstIn(audience.channels) !== NO_PATH ||
    addressBefore.channels.firstIn(channelsBefore) !== NO_PATH;
  return isInChannel && ears?.nearnessOf(voice) !== undefined;
}

/** Whether this listener hears a voice in this tick that others in the audience do not hear, or hear differently. */
export function isTouched(listener: Place, { contributors, copies: { sounds }, link }: Voices): boolean {
  const hasGains = !listener.hearing.isPlain;
  for (const voice of contributors) {
    if (voice === listener) continue;
    if (hasGains && listener.hearing.gainOf(voice.voice) !== undefined) return true;
    if (whispers(voice.address, listener) || (voice.soundedBefore && whispers(voice.addressBefore, listener)))
      return true;
    if (listener.ears !== undefined && isHeardTwice(voice, listener)) return true;
    if (
      sounds.hasOwnStrengths &&
      sounds.isOwn(voice, listener.voice, listener.audience.channels, listener.channelsBefore)
    )
      return true;
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
 * @param side of the listener's mix
 */
export function sumFor(
  listener: Place,
  { contributors, copies, link }: Voices,
  mix: Frame,
  side: Side = 'both',
): number {
  mix.samples.fill(0);
  path.heard = listener.audience.channels;
  path.heardBefore = listener.channelsBefore;
  path.listener = listener.voice;
  path.side = listener.audience.isStereo ? side : 'both';
  path.sideBefore = listener.stereoBefore ? side : 'both';
  let voices = 0;
  for (const voice of contributors) {
    if (!findPath(voice, listener)) continue;
    copies.addTo(mix, voice, path);
    // A quieter voice counts in full: otherwise the headroom would turn it up again.
    if (path.to > 0) voices++;
  }
  if (link === undefined || !hearsRoom(listener)) return voices;
  return voices + addElsewhere(mix, listener, link, copies);
}

/** Returns the number of voices that other parts of the room have added. */
function addElsewhere(
  mix: Frame,
  { hearing, audience }: Place,
  link: MixLink,
  { kernels, sounds }: VoiceCopies,
): number {
  if (sounds.ducking.active.isEmpty) return link.addFor(hearing, mix);
  const elsewhere = kernels.scratch('elsewhere, for one listener');
  elsewhere.samples.fill(0);
  const voices = link.addFor(hearing, elsewhere);
  sounds.ducking.addElsewhere(mix, elsewhere, audience.channels, kernels);
  return voices;
}

function hearsRoom({ audience }: Place): boolean {
  return audience.channels.has(ROOM_CHANNEL);
}
