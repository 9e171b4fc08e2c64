/** What one listener hears in space, beside what they hear in channels. */
import type { Frame } from '../kernels/frame.ts';
import { ChannelSet } from './channel-set.ts';
import { Ducking } from './ducking.ts';
import type { Ears, SpaceListener } from './ears.ts';
import { Hearing } from './hearing.ts';
import type { Place } from './mix-participant.ts';
import type { MixStream } from './mix-stream.ts';
import type { VoiceCopies } from './voice-copies.ts';

/** Finds out what a listener with ears hears in this tick, and whether others with the same ears hear something else. */
export function hearSpace(place: Place): void {
  const { ears, hearing, group } = place;
  if (ears === undefined) return;
  const isOwner = ears.slot === place.slot;
  const heard = ears.heardBy(hearing, isOwner, place.voice);
  place.heardInSpace = heard;
  if (heard === 'nothing') return;
  if (place.heard !== 'more') place.heard = heard;
  const isShared = group !== undefined && group.size > 1;
  const hearsOther = (isOwner && ears.ownVoice !== undefined) || ears.isTouchedBy(hearing, place.voice);
  if (!isShared || hearsOther) place.differs = true;
}

/** What a listener hears in channels; for one in mono the sides are the same. */
export interface FlatMix {
  readonly left: Frame;
  readonly right: Frame;
  readonly voices: number;
}

/** Temporary within one call. */
const listener: SpaceListener = {
  hearing: new Hearing(),
  fadesIn: false,
  heard: ChannelSet.NONE,
  ducking: new Ducking(),
};

/** Gives the stream what this listener hears of the channels, `flat`, together with what they hear in space. */
export function addSpace(
  place: Place,
  ears: Ears,
  flat: FlatMix,
  stream: MixStream,
  { sounds, kernels }: VoiceCopies,
): void {
  listener.voice = place.voice;
  listener.hearing = place.hearing;
  listener.fadesIn = !place.heardSpace;
  listener.heard = place.audience.channels;
  listener.ducking = sounds.ducking;
  const left = kernels.scratch('space, left');
  left.samples.set(flat.left.samples);
  const own = ears.slot === place.slot ? 0 : ears.addOwnVoiceTo(left, listener, kernels);
  if (stream.channels === 1) {
    const load = ears.addMonoTo(left, listener, kernels);
    stream.setMix(left, flat.voices + own + load);
    return;
  }
  const right = kernels.scratch('space, right');
  right.samples.set(flat.right.samples);
  if (ears.slot !== place.slot) ears.addOwnVoiceTo(right, listener, kernels);
  const load = ears.addTo(left, right, listener, kernels);
  stream.setStereoMix(left, right, flat.voices + own + load);
}
