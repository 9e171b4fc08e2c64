/**
 * What each listener gets: the packet that their audience shares, one of their own, a lone talker's, or silence.
 * Listeners move between these in mid-sentence and do not hear it (`mix-stream.ts`).
 */
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import type { Channels, EncoderSettings } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { NOTHING_ARRIVED } from '../source/passage.ts';
import type { Ducking } from './ducking.ts';
import { follows } from './lone-talker.ts';
import { type Listening, PASSED, type Place, SILENCE } from './mix-participant.ts';
import { MixStream, RETURN_AFTER_TICKS } from './mix-stream.ts';
import { heardPersonally, isTouched, isWhispering, sumFor, type Voices } from './personal-mix.ts';
import { FLAT_ENCODERS, LINK_ENCODER, type RoomEncoders } from './room-encoders.ts';
import { addSpace, type FlatMix, hearSpace } from './space-listening.ts';

/** Packets of silence that bring a receiver's decoder to rest. */
const SILENCE_PACKETS = 3;
/** Browsers treat a second without packets as loss. */
export const SILENCE_REFRESH_TICKS = 400 / PTIME_MS;
/** Maximum number of take-overs in a tick that can wait: when many begin to hear somebody, some do so a tick later. */
const MAX_TAKE_OVERS = 40;

type MutableFlatMix = { -readonly [K in keyof FlatMix]: FlatMix[K] };

export class Delivery {
  readonly #pool: CodecPool;
  readonly #spareStreams: Readonly<Record<Channels, MixStream[]>> = { 1: [], 2: [] };
  readonly #spareLinkStreams: MixStream[] = [];
  #encoders: RoomEncoders = FLAT_ENCODERS;
  /** Whether listeners whose client plays stereo get it. */
  #mayBeStereo = false;
  /** Temporary within one tick. */
  readonly #minus: Frame;
  /** Listeners that are not in steady silence; while there are none, a silent room's tick is nearly free. */
  #restless = 0;
  #tick = 0;
  #takeOvers = 0;
  #timestamp = 0;
  readonly #minusRight: Frame;
  /** What the listener whose mix is made hears in channels. Always the same object, so that a mix allocates nothing. */
  readonly #flat: MutableFlatMix;
  #isRefresh = false;
  /** Ticks in units of `SILENCE_REFRESH_TICKS`: a refresh whose tick was skipped comes with the next. */
  #refreshes: number | undefined;
  /** Somebody was sent the lone talker's packet in this tick. */
  #hasPassed = false;
  /**
   * No voice of this tick whispers, is passed on or sounds different for single listeners, so listeners in the steady
   * state hear what their audience hears.
   */
  #isPlain = false;

  constructor(pool: CodecPool) {
    this.#pool = pool;
    this.#minus = pool.kernels.scratch('mix-minus');
    this.#minusRight = pool.kernels.scratch('mix-minus, right');
    this.#flat = { left: this.#minus, right: this.#minus, voices: 0 };
  }

  /**
   * From the next frame on, own mixes are encoded like this.
   * @param mayBeStereo whether listeners whose client plays stereo get it
   * @param listeners all that there are
   */
  retune(encoders: RoomEncoders, mayBeStereo: boolean, listeners: Iterable<Place>): void {
    this.#encoders = encoders;
    this.#mayBeStereo = mayBeStereo;
    this.#spareStreams[1].length = 0;
    this.#spareStreams[2].length = 0;
    for (const { listening, isLink } of listeners) {
      if (isLink) continue;
      if (listening.to === 'own') listening.stream.retune(this.#encoderOf(listening.stream.channels));
      else if (listening.to === 'group')
        listening.group.stream.retune(this.#encoderOf(listening.group.stream.channels));
    }
  }

  #encoderOf(channels: Channels): EncoderSettings {
    return channels === 2 ? this.#encoders.stereo : this.#encoders.own;
  }

  enter(): void {
    this.#restless++;
  }

  leave(place: Place): void {
    if (isRestless(place)) this.#restless--;
    this.#leaveStream(place);
  }

  /** Everybody hears silence, and their decoders have come to rest: nobody needs a packet before the next refresh. */
  get isQuiet(): boolean {
    return this.#restless === 0;
  }

  /** Begins a tick. Returns false if nobody needs a packet. */
  begin(tick: number, isHeard: boolean, voices: Voices): boolean {
    this.#tick = tick;
    this.#takeOvers = 0;
    this.#timestamp = (tick * FRAME_SAMPLES) >>> 0;
    const refreshes = Math.floor(tick / SILENCE_REFRESH_TICKS);
    this.#isRefresh = refreshes !== (this.#refreshes ?? refreshes);
    this.#refreshes = refreshes;
    this.#hasPassed = false;
    this.#isPlain = voices.lone === undefined && !isWhispering(voices) && !voices.copies.sounds.hasOwnStrengths;
    return isHeard || this.#restless > 0 || this.#isRefresh;
  }

  /** Writes this listener's packet of this tick, if they need one. */
  write(place: Place, voices: Voices): void {
    const { steady } = place;
    if (steady !== undefined && this.#isPlain && steady.voices > 0) {
      place.sink.write(steady.stream.payload(), this.#timestamp, false);
      return;
    }
    this.#writeAnew(place, voices);
    place.steady = isSteady(place) ? place.audience : undefined;
  }

  #writeAnew(place: Place, voices: Voices): void {
    listen(place, voices);
    if (place.ears !== undefined) this.#listenInSpace(place, voices.copies.sounds.ducking);
    const { lone } = voices;
    if (place.heard === 'nothing') this.#writeSilence(place);
    else if (lone !== undefined && follows(place, lone)) this.#writePassed(place, lone);
    else if (place.deafened || place.endsEars) this.#writeEnd(place, voices);
    else this.#writeMix(place, voices);
  }

  #writePassed(place: Place, lone: Place): void {
    const afterSilence = place.listening.to === 'silence';
    if (afterSilence) this.#wake(place);
    place.listening = PASSED;
    const payload = lone.source.passed ?? NOTHING_ARRIVED;
    if (payload === NOTHING_ARRIVED) return;
    place.sink.write(payload, this.#timestamp, afterSilence);
    if (!this.#hasPassed) this.#pool.counters.framesPassed++;
    this.#hasPassed = true;
  }

  #writeMix(place: Place, voices: Voices): void {
    const afterSilence = place.listening.to === 'silence';
    const stream = this.#chooseStream(place, voices);
    if (place.listening.to === 'own') this.#setOwnMix(stream, place, voices);
    place.heardSpace = place.listening.to !== 'shared';
    place.sink.write(stream.payload(), this.#timestamp, afterSilence);
  }

  #setOwnMix(stream: MixStream, place: Place, voices: Voices): void {
    this.#setFlatMix(place, voices, stream.channels);
    const flat = this.#flat;
    if (place.ears !== undefined) addSpace(place, place.ears, flat, stream, voices.copies);
    else if (stream.channels === 1) stream.setMix(flat.left, flat.voices);
    else stream.setStereoMix(flat.left, flat.right, flat.voices);
  }

  /** Finds what this listener hears in channels. */
  #setFlatMix(place: Place, voices: Voices, channels: Channels): void {
    const { audience } = place;
    const flat = this.#flat;
    const { kernels } = this.#pool;
    const isStereo = channels === 2 && (audience.isStereo || place.stereoBefore);
    const sidesDiffer = audience.voices > 0 && audience.right !== audience.sum;
    flat.left = this.#minus;
    flat.right = this.#minus;
    // A mono stream cannot use the sums of an audience in stereo.
    if (place.isPersonal || (sidesDiffer && !isStereo)) {
      if (isStereo) {
        flat.right = this.#minusRight;
        sumFor(place, voices, flat.right, 'right');
      }
      flat.voices = sumFor(place, voices, flat.left, isStereo ? 'left' : 'both');
    } else if (place.isInSum) {
      kernels.subtract(flat.left, audience.sum, audience.frameOf(place, voices.copies)!);
      if (sidesDiffer) {
        flat.right = this.#minusRight;
        kernels.subtract(flat.right, audience.right, audience.frameOf(place, voices.copies, 'right')!);
      }
      flat.voices = audience.voices - 1;
    } else {
      flat.voices = audience.voices;
      if (flat.voices === 0) flat.left.samples.fill(0);
      else {
        flat.left = audience.sum;
        flat.right = audience.right;
      }
    }
  }

  /** Finds out what this listener hears in space in this tick, and with whom they share it. */
  #listenInSpace(place: Place, ducking: Ducking): void {
    hearSpace(place);
    const { group } = place;
    if (place.heardInSpace !== 'nothing' && group !== undefined && group.size > 1) group.mix(this.#tick, ducking);
    if (place.listening.to === 'group') place.listening.group.mix(this.#tick, ducking);
  }

  /** The stream that this listener shares with others, unless they hear something else. */
  #sharedStream({ group, heardInSpace, audience }: Place): MixStream {
    return heardInSpace !== 'nothing' && group !== undefined && group.size > 1 ? group.stream : audience.stream;
  }

  /** For a listener who must hear nothing although others are speaking: what they were hearing fades first. */
  #writeEnd(place: Place, voices: Voices): void {
    const { listening } = place;
    // After a packet of silence, the decoder of a listener who follows a lone talker fades by itself.
    if (listening.to === 'silence' || listening.to === 'passed') {
      this.#writeSilence(place);
      return;
    }
    const stream = listening.to === 'own' ? listening.stream : this.#leaveShared(place, streamOf(listening));
    stream.fadeOut();
    this.#setOwnMix(stream, place, voices);
    place.sink.write(stream.payload(), this.#timestamp, false);
    this.#leaveStream(place);
    place.silencePackets = 0;
  }

  #chooseStream(place: Place, { lone }: Voices): MixStream {
    const { audience, listening } = place;
    const shared = this.#sharedStream(place);
    const sharing = shared === audience.stream ? audience.listening : place.group!.listening;
    place.sameTicks = place.differs ? 0 : place.sameTicks + 1;
    switch (listening.to) {
      case 'own':
        if (listening.stream.channels !== this.#channelsOf(place)) return this.#changeChannels(place, listening.stream);
        // All encoders have just crossed the complexity border, or nothing is shared: counting restarts.
        if (lone !== undefined || !listening.stream.isBeside(shared)) place.sameTicks = 0;
        if (place.sameTicks <= RETURN_AFTER_TICKS) return listening.stream;
        this.#leaveStream(place);
        place.listening = sharing;
        return shared;
      case 'shared':
        if (!place.differs && sharing.to === 'shared') {
          place.listening = sharing;
          return shared;
        }
        if (this.#takeOvers >= MAX_TAKE_OVERS && mayWait(place)) return listening.audience.stream;
        return this.#leaveShared(place, listening.audience.stream);
      case 'group':
        return place.differs || listening !== sharing ? this.#leaveShared(place, listening.group.stream) : shared;
      case 'passed':
      case 'silence': {
        if (listening.to === 'silence') this.#wake(place);
        // A stream that starts now suits every decoder at rest, and those that followed a lone talker; a running one suits
        // only its followers.
        if (!place.differs && shared.frames === 1) {
          place.listening = sharing;
          return shared;
        }
        place.sameTicks = 0;
        const own = this.#ownStream(place);
        const isLate = listening.to === 'silence' && (lone !== undefined || shared.frames > 1);
        if (isLate && place.heard === 'more') own.fadeInto(shared);
        return own;
      }
    }
  }

  /** A separate stream that continues where the shared one was. */
  #leaveShared(place: Place, shared: MixStream): MixStream {
    this.#takeOvers++;
    const own = this.#ownStream(place);
    own.takeOver(shared);
    return own;
  }

  #ownStream(place: Place): MixStream {
    const channels = this.#channelsOf(place);
    const stream = place.isLink
      ? (this.#spareLinkStreams.pop() ?? new MixStream(this.#pool, LINK_ENCODER))
      : (this.#spareStreams[channels].pop() ?? new MixStream(this.#pool, this.#encoderOf(channels)));
    place.listening = { to: 'own', stream };
    return stream;
  }

  #channelsOf({ takesStereo, audience, stereoBefore }: Place): Channels {
    // A voice at the side moves to the middle before the stream becomes mono.
    return takesStereo && (this.#mayBeStereo || audience.isStereo || stereoBefore) ? 2 : 1;
  }

  /** From stereo to mono or back, a few listeners in each tick. */
  #changeChannels(place: Place, stream: MixStream): MixStream {
    if (this.#takeOvers++ >= MAX_TAKE_OVERS) return stream;
    const next = this.#ownStream(place);
    next.takeOver(stream, false);
    this.#putAside(stream);
    return next;
  }

  #leaveStream(place: Place): void {
    if (place.listening.to === 'own') this.#putAside(place.listening.stream, place.isLink);
    place.listening = SILENCE;
    place.heardSpace = false;
  }

  #putAside(stream: MixStream, isLink = false): void {
    stream.setSilent();
    (isLink ? this.#spareLinkStreams : this.#spareStreams[stream.channels]).push(stream);
  }

  /** The listener's silence ends. */
  #wake(place: Place): void {
    if (place.silencePackets === SILENCE_PACKETS) this.#restless++;
  }

  #writeSilence(place: Place): void {
    if (place.listening.to !== 'silence') {
      this.#leaveStream(place);
      place.silencePackets = 0;
    }
    if (place.silencePackets < SILENCE_PACKETS) {
      place.silencePackets++;
      if (place.silencePackets === SILENCE_PACKETS) this.#restless--;
      place.sink.write(SILENCE_PACKET, this.#timestamp, false);
    } else if (this.#isRefresh) {
      place.sink.write(SILENCE_REFRESH_PACKET, this.#timestamp, false);
    }
  }
}

/** The stream that a listener shares with others. */
function streamOf(listening: Exclude<Listening, { readonly to: 'silence' | 'own' | 'passed' }>): MixStream {
  return listening.to === 'group' ? listening.group.stream : listening.audience.stream;
}

/** Only what is heard in space differs, and until it is heard there is something else to hear. */
function mayWait({ audience, isInSum, isPersonal }: Place): boolean {
  return audience.voices > 0 && !isInSum && !isPersonal;
}

/** Whether anyone hears the lone talker in a mix. */
export function isMixNeeded(places: Iterable<Place>, lone: Place, voices: Voices): boolean {
  for (const place of places) {
    listen(place, voices);
    if (!place.arriving && place.heard !== 'nothing' && !place.deafened && !follows(place, lone)) return true;
  }
  return false;
}

/** Finds out whether this listener needs a mix of their own in this tick, and whether there is anything in it. */
function listen(place: Place, voices: Voices): void {
  const { audience, contributing } = place;
  place.isInSum = contributing && audience.hears(place);
  place.isPersonal = isMoving(place) || isTouched(place, voices);
  place.differs = place.isInSum || place.isPersonal || place.isLink;
  if (place.isPersonal) place.heard = heardPersonally(place, voices);
  else place.heard = audience.voices > (place.isInSum ? 1 : 0) ? 'more' : 'nothing';
}

/** Hears other channels than in the previous tick, and something else in them. */
function isMoving({ audience, channelsBefore, stereoBefore, listening }: Place): boolean {
  if (channelsBefore === audience.channels && stereoBefore === audience.isStereo) return false;
  return listening.to !== 'shared' || listening.audience.leader !== audience.leader;
}

/** The next tick is like this one for this listener, unless they or their audience change, or somebody whispers. */
function isSteady({ audience, listening, hearing, ears }: Place): boolean {
  return listening === audience.listening && hearing.isPlain && ears === undefined;
}

function isRestless(place: Place): boolean {
  return place.listening.to !== 'silence' || place.silencePackets < SILENCE_PACKETS;
}
