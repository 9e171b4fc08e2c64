/**
 * The mix of one room: everybody hears everybody else, never themselves (mix-minus, "N-1").
 *
 * A tick reads one frame from each source that is awake, sums them once, and gives every listener a packet. All who do
 * not talk hear the same sum, so they share one encoder and one packet; a talker's own voice is subtracted again, and
 * needs an encoder of its own. Mutes, joins and leaves come between ticks, so that a tick sees one state throughout.
 */

import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import type { EncoderSettings } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { Source } from '../source/source.ts';
import type { SourcePacket } from '../source/source-packet.ts';
import { TalkerLimit } from '../source/talker-limit.ts';
import { createStanding, shareOfPlaces, type TalkerStanding } from '../source/talker-places.ts';
import { MixStream } from './mix-stream.ts';

const SHARED_ENCODER: EncoderSettings = { bitrate: 48_000, complexity: 10 };
const OWN_ENCODER: EncoderSettings = { bitrate: 40_000, complexity: 5 };
/** For each further one while that many talkers have their own: among so many voices nobody misses the decibel. */
const CROWD_ENCODER: EncoderSettings = { bitrate: 40_000, complexity: 1 };
const CROWD = 8;

/** With the same input for this long, own and shared encoder have come so close that changing over is not heard. */
const RETURN_AFTER_TICKS = 10;
/** Packets of silence with which a receiver's decoder comes to rest. */
const SILENCE_PACKETS = 3;
/** Browsers take a second without packets for loss. */
const SILENCE_REFRESH_TICKS = 400 / PTIME_MS;

/** Where a listener's packets go. */
export interface MixSink {
  /**
   * @param timestamp RTP timestamp of the mix, the same for all listeners of a room
   * @param marker first packet after a silence (RFC 7587 section 4.2)
   */
  write(payload: Uint8Array, timestamp: number, marker: boolean): void;
}

/** The parts of this room that other mixers mix. */
export interface MixLink {
  /** Tells the others what this part sums up to in this tick, and who claims to be heard; `mix` holds sound only if `talkers` is more than 0. */
  publish(tick: number, mix: Float32Array, talkers: number, standing: TalkerStanding): void;
  /** Adds what the others have told for this tick to `mix`, and returns how many talk in it. */
  add(tick: number, mix: Float32Array): number;
  /** What all parts have told for this tick, in the order that all of them use, with `own` as this part's. */
  standings(tick: number, own: TalkerStanding): readonly TalkerStanding[];
  /** This part's place in that order. */
  readonly position: number;
}

/** What the operator decides for a room. */
export interface MixSettings {
  /** How many are heard at a time, the loudest; 0 for everybody. */
  readonly maxTalkers: number;
  /** Whether quiet and loud talkers are brought to about the same level. */
  readonly levelling: boolean;
}

export interface ParticipantOptions {
  readonly sink: MixSink;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** Moved here from another room, where they hear what `dismiss` leaves them in the next tick; here they hear from the one after it. */
  readonly arriving?: boolean;
}

/** What a listener's decoder is in step with. */
type Listening =
  | { readonly to: 'silence' }
  | { readonly to: 'shared' }
  | { readonly to: 'own'; readonly stream: MixStream };

const SILENCE: Listening = { to: 'silence' };
const SHARED: Listening = { to: 'shared' };

/** A participant as the mixer knows it: a source and a listener. */
export class MixParticipant {
  readonly source: Source;
  readonly sink: MixSink;
  deafened: boolean;
  /** On the mixer's list of sources to be read. */
  awake = false;
  leaving = false;
  /** The next tick writes nothing for this listener. */
  arriving: boolean;
  /** The next tick writes the last packet for this listener. */
  departing = false;
  contributing = false;
  listening: Listening = SILENCE;
  silencePackets = 0;
  /** Ticks for which this listener's own mix has been the same as the shared one. */
  sameTicks = 0;

  constructor(source: Source, { sink, deafened, arriving = false }: ParticipantOptions) {
    this.source = source;
    this.sink = sink;
    this.deafened = deafened;
    this.arriving = arriving;
  }
}

export class Mixer {
  readonly #pool: CodecPool;
  readonly #participants = new Set<MixParticipant>();
  readonly #awake: MixParticipant[] = [];
  readonly #contributors: MixParticipant[] = [];
  /** Both for the moment of one tick. */
  readonly #total: Frame;
  readonly #minus: Frame;
  readonly #talkerLimit: TalkerLimit;
  readonly #standing = createStanding();
  #levelling: boolean;
  readonly #shared: MixStream;
  readonly #spareStreams: MixStream[] = [];
  /** Listeners with a stream of their own. */
  #ownStreams = 0;
  #link: MixLink | undefined;
  /** Listeners who are not in steady silence; while there are none, a silent room's tick is nearly free. */
  #restless = 0;

  constructor(pool: CodecPool, settings: MixSettings) {
    this.#pool = pool;
    this.#total = pool.kernels.scratch('mix');
    this.#minus = pool.kernels.scratch('mix-minus');
    this.#talkerLimit = new TalkerLimit(settings.maxTalkers);
    this.#levelling = settings.levelling;
    this.#shared = new MixStream(pool, SHARED_ENCODER);
  }

  /** Nobody is here, and nobody who was here still sounds. */
  get deserted(): boolean {
    return this.#participants.size === 0 && this.#awake.length === 0;
  }

  add(options: ParticipantOptions): MixParticipant {
    const source = new Source(this.#pool, options.muted, {
      talkerLimit: this.#talkerLimit,
      levelling: this.#levelling,
    });
    const participant = new MixParticipant(source, options);
    this.#participants.add(participant);
    this.#restless++;
    return participant;
  }

  /** The listener is gone at once; a voice that sounds fades within one more tick. */
  remove(participant: MixParticipant): void {
    if (!this.#participants.delete(participant)) return;
    if (isRestless(participant)) this.#restless--;
    this.#leaveStream(participant);
    this.#endVoice(participant);
  }

  /** As `remove`, but somebody who goes on listening elsewhere is not cut off: what they hear fades within one more tick. */
  dismiss(participant: MixParticipant): void {
    if (participant.listening.to === 'silence') {
      this.remove(participant);
      return;
    }
    participant.departing = true;
    participant.deafened = true;
    this.#endVoice(participant);
  }

  setMuted(participant: MixParticipant, muted: boolean): void {
    participant.source.setMuted(muted);
  }

  /** Takes effect with the next tick, over which what they hear fades. */
  setDeafened(participant: MixParticipant, deafened: boolean): void {
    participant.deafened = deafened;
  }

  /** Takes effect over the next ticks; 0 for everybody. */
  setMaxTalkers(maxTalkers: number): void {
    this.#talkerLimit.setMax(maxTalkers);
  }

  /** Takes effect over some seconds, as gently as levelling itself. */
  setLevelling(levelling: boolean): void {
    this.#levelling = levelling;
    for (const { source } of this.#participants) source.setLevelling(levelling);
  }

  /** From the next tick on this mixer's participants hear those of other mixers, and are heard there; undefined ends that. */
  setLink(link: MixLink | undefined): void {
    if (link === undefined) this.#talkerLimit.undivide();
    // Who is heard already keeps their place.
    else if (this.#link === undefined) this.#talkerLimit.tell(this.#standing);
    this.#link = link;
  }

  push(participant: MixParticipant, packet: SourcePacket, nowMs: number): void {
    if (participant.leaving) return;
    participant.source.push(packet, nowMs);
    if (participant.awake) return;
    participant.awake = true;
    this.#awake.push(participant);
  }

  /** What is pushed from now on is another stream, which begins anew. */
  restartSource(participant: MixParticipant): void {
    participant.source.restart();
  }

  /**
   * Mixes and hands out one frame.
   * @param tick counts frames of 20 ms since any moment; skipped ticks leave gaps in it, and so in RTP time
   */
  tick(tick: number, nowMs: number): void {
    if (this.#link !== undefined) this.#dividePlaces(this.#link, tick - 1);
    this.#readSources(nowMs);
    const talkers = this.#sum(tick);
    const refresh = tick % SILENCE_REFRESH_TICKS === 0;
    if (talkers === 0) {
      this.#shared.setSilent();
      if (this.#restless === 0 && !refresh) return;
    } else {
      this.#shared.setMix(this.#total, talkers);
    }
    const timestamp = (tick * FRAME_SAMPLES) >>> 0;
    for (const participant of this.#participants) {
      if (participant.arriving) {
        participant.arriving = false;
        continue;
      }
      const others = talkers - (participant.contributing ? 1 : 0);
      if (others === 0) this.#writeSilence(participant, timestamp, refresh);
      else if (participant.deafened) this.#writeEnd(participant, others, timestamp, refresh);
      else this.#writeMix(participant, others, timestamp);
      if (participant.departing) this.remove(participant);
    }
  }

  /** Those who speak now, for the indicators that people see, whether the talker limit lets them be heard or not. */
  forEachSpeaker(visit: (participant: MixParticipant, levelDbov: number) => void): void {
    for (const participant of this.#awake) {
      const { source } = participant;
      if (source.isProvenSpeaker && !participant.leaving) visit(participant, source.levelDbov);
    }
  }

  close(): void {
    for (const participant of this.#participants) this.remove(participant);
    for (const participant of this.#awake) participant.source.close();
    this.#awake.length = 0;
    this.#shared.setSilent();
  }

  #readSources(nowMs: number): void {
    const awake = this.#awake;
    this.#contributors.length = 0;
    for (let i = awake.length - 1; i >= 0; i--) {
      const participant = awake[i]!;
      participant.contributing = participant.source.read(nowMs);
      if (participant.contributing) this.#contributors.push(participant);
      const gone = participant.leaving && !participant.contributing;
      if (participant.source.awake && !gone) continue;
      awake[i] = awake[awake.length - 1]!;
      awake.pop();
      participant.awake = false;
      if (gone) participant.source.close();
    }
    this.#talkerLimit.decide(this.#link && this.#standing);
  }

  /** All parts of the room go by the same figures, those of the tick before. */
  #dividePlaces(link: MixLink, tick: number): void {
    const standings = link.standings(tick, this.#standing);
    let takenElsewhere = -standings[link.position]!.places;
    for (const { places } of standings) takenElsewhere += places;
    this.#talkerLimit.divide(shareOfPlaces(this.#talkerLimit.max, standings, link.position), takenElsewhere);
  }

  /** Leaves the sum of everybody in `#total`, and returns how many there are in it. */
  #sum(tick: number): number {
    const total = this.#total;
    const contributors = this.#contributors;
    if (contributors.length > 0) total.samples.set(contributors[0]!.source.frame.samples);
    for (let i = 1; i < contributors.length; i++) this.#pool.kernels.add(total, contributors[i]!.source.frame);
    const link = this.#link;
    if (link === undefined) return contributors.length;
    link.publish(tick, total.samples, contributors.length, this.#standing);
    if (contributors.length === 0) total.samples.fill(0);
    // The other parts' sums of this very tick may not be there yet; those of the tick before are.
    return contributors.length + link.add(tick - 1, total.samples);
  }

  #writeMix(participant: MixParticipant, others: number, timestamp: number): void {
    const afterSilence = participant.listening.to === 'silence';
    const stream = this.#chooseStream(participant);
    if (stream !== this.#shared) this.#setOwnMix(stream, participant, others);
    participant.sink.write(stream.payload(), timestamp, afterSilence);
  }

  #setOwnMix(stream: MixStream, participant: MixParticipant, others: number): void {
    if (participant.contributing) this.#pool.kernels.subtract(this.#minus, this.#total, participant.source.frame);
    stream.setMix(participant.contributing ? this.#minus : this.#total, others);
  }

  /** For somebody who is to hear no more, though others sound: what they have heard so far fades first. */
  #writeEnd(participant: MixParticipant, others: number, timestamp: number, refresh: boolean): void {
    const { listening } = participant;
    if (listening.to === 'silence') {
      this.#writeSilence(participant, timestamp, refresh);
      return;
    }
    const stream = listening.to === 'own' ? listening.stream : this.#leaveShared(participant);
    stream.fadeOut();
    this.#setOwnMix(stream, participant, others);
    participant.sink.write(stream.payload(), timestamp, false);
    this.#leaveStream(participant);
    participant.silencePackets = 0;
  }

  #chooseStream(participant: MixParticipant): MixStream {
    const shared = this.#shared;
    participant.sameTicks = participant.contributing ? 0 : participant.sameTicks + 1;
    switch (participant.listening.to) {
      case 'own':
        if (participant.sameTicks <= RETURN_AFTER_TICKS) return participant.listening.stream;
        this.#leaveStream(participant);
        participant.listening = SHARED;
        return shared;
      case 'shared':
        return participant.contributing ? this.#leaveShared(participant) : shared;
      case 'silence': {
        if (participant.silencePackets === SILENCE_PACKETS) this.#restless++;
        // A stream that starts now suits every decoder at rest; one that runs already suits only those who follow it.
        if (!participant.contributing && shared.frames === 1) {
          participant.listening = SHARED;
          return shared;
        }
        participant.sameTicks = 0;
        const own = this.#ownStream(participant);
        if (shared.frames > 1) own.fadeInto(shared);
        return own;
      }
    }
  }

  /** An own stream that goes on where the shared one was. */
  #leaveShared(participant: MixParticipant): MixStream {
    const own = this.#ownStream(participant);
    own.takeOver(this.#shared);
    return own;
  }

  #ownStream(participant: MixParticipant): MixStream {
    const settings = this.#ownStreams < CROWD ? OWN_ENCODER : CROWD_ENCODER;
    const stream = this.#spareStreams.pop() ?? new MixStream(this.#pool, settings);
    stream.settings = settings;
    this.#ownStreams++;
    participant.listening = { to: 'own', stream };
    return stream;
  }

  /** What sounds fades within one more tick. */
  #endVoice(participant: MixParticipant): void {
    participant.source.setMuted(true);
    participant.leaving = true;
    if (!participant.awake) participant.source.close();
  }

  #leaveStream(participant: MixParticipant): void {
    if (participant.listening.to === 'own') {
      participant.listening.stream.setSilent();
      this.#spareStreams.push(participant.listening.stream);
      this.#ownStreams--;
    }
    participant.listening = SILENCE;
  }

  #writeSilence(participant: MixParticipant, timestamp: number, refresh: boolean): void {
    if (participant.listening.to !== 'silence') {
      this.#leaveStream(participant);
      participant.silencePackets = 0;
    }
    if (participant.silencePackets < SILENCE_PACKETS) {
      participant.silencePackets++;
      if (participant.silencePackets === SILENCE_PACKETS) this.#restless--;
      participant.sink.write(SILENCE_PACKET, timestamp, false);
    } else if (refresh) {
      participant.sink.write(SILENCE_REFRESH_PACKET, timestamp, false);
    }
  }
}

function isRestless(participant: MixParticipant): boolean {
  return participant.listening.to !== 'silence' || participant.silencePackets < SILENCE_PACKETS;
}
