/**
 * The mix of one room: everyone hears everyone else, never themselves (mix-minus, "N-1").
 *
 * A tick reads one frame from each awake source, sums them once, and gives every listener a packet. All listeners who
 * do not talk hear the same sum, so they share one encoder and one packet. A talker's own voice is subtracted again,
 * which requires an encoder of its own. Mutes, joins and leaves happen between ticks, so that the state is constant
 * during a tick.
 */

import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import type { EncoderSettings } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { Source } from '../source/source.ts';
import type { SourcePacket } from '../source/source-packet.ts';
import { TalkerLimit } from '../source/talker-limit.ts';
import { createStanding, shareOfPlaces } from '../source/talker-places.ts';
import type { MixLink } from './mix-link.ts';
import {
  type MixParticipant,
  type ParticipantOptions,
  Place,
  placeOf,
  SHARED,
  SILENCE,
  type Speaker,
} from './mix-participant.ts';
import { MixStream } from './mix-stream.ts';
import { heardPersonally, isTouched, sumFor } from './personal-mix.ts';

const SHARED_ENCODER: EncoderSettings = { bitrate: 48_000, complexity: 10 };
const OWN_ENCODER: EncoderSettings = { bitrate: 40_000, complexity: 5 };

/**
 * After the same input for this long, a listener's own encoder and the shared one are close enough that switching is
 * inaudible.
 */
const RETURN_AFTER_TICKS = 10;
/** Packets of silence that bring a receiver's decoder to rest. */
const SILENCE_PACKETS = 3;
/** Browsers treat a second without packets as loss. */
const SILENCE_REFRESH_TICKS = 400 / PTIME_MS;

/** The operator's settings for a room. */
export interface MixSettings {
  /** Maximum number of talkers heard at a time, the loudest; 0 for no limit. */
  readonly maxTalkers: number;
  /** Whether quiet and loud talkers are brought to about the same level. */
  readonly levelling: boolean;
}

export class Mixer {
  readonly #pool: CodecPool;
  readonly #places = new Set<Place>();
  readonly #awake: Place[] = [];
  readonly #contributors: Place[] = [];
  /** Listeners with changing gains. */
  readonly #adjusting: Place[] = [];
  /** Both are temporary within one tick. */
  readonly #total: Frame;
  readonly #minus: Frame;
  readonly #talkerLimit: TalkerLimit;
  readonly #standing = createStanding();
  #levelling: boolean;
  readonly #shared: MixStream;
  readonly #spareStreams: MixStream[] = [];
  #link: MixLink | undefined;
  /** Listeners that are not in steady silence; while there are none, a silent room's tick is nearly free. */
  #restless = 0;

  constructor(pool: CodecPool, settings: MixSettings) {
    this.#pool = pool;
    this.#total = pool.kernels.scratch('mix');
    this.#minus = pool.kernels.scratch('mix-minus');
    this.#talkerLimit = new TalkerLimit(settings.maxTalkers);
    this.#levelling = settings.levelling;
    this.#shared = new MixStream(pool, SHARED_ENCODER);
  }

  /** Nobody is here, and no voice is still fading. */
  get deserted(): boolean {
    return this.#places.size === 0 && this.#awake.length === 0;
  }

  add(options: ParticipantOptions): MixParticipant {
    const source = new Source(this.#pool, options.muted, {
      talkerLimit: this.#talkerLimit,
      levelling: this.#levelling,
    });
    const place = new Place(source, options);
    this.#places.add(place);
    this.#restless++;
    return place;
  }

  /** The listener is removed at once; their voice fades within one more tick. */
  remove(participant: MixParticipant): void {
    const place = placeOf(participant);
    if (!this.#places.delete(place)) return;
    if (isRestless(place)) this.#restless--;
    this.#leaveStream(place);
    this.#endVoice(place);
  }

  /** Like `remove`, but for a listener who continues elsewhere: what they hear fades within one more tick. */
  dismiss(participant: MixParticipant): void {
    const place = placeOf(participant);
    if (place.listening.to === 'silence') {
      this.remove(place);
      return;
    }
    place.departing = true;
    place.deafened = true;
    this.#endVoice(place);
  }

  setMuted(participant: MixParticipant, muted: boolean): void {
    placeOf(participant).source.setMuted(muted);
  }

  /** Takes effect with the next tick, during which their sound fades. */
  setDeafened(participant: MixParticipant, deafened: boolean): void {
    placeOf(participant).deafened = deafened;
  }

  /**
   * From the next tick on, this listener hears these voices with gains of their own.
   * @param gains linear, by the voices' numbers; see `Hearing.set`
   */
  setHearing(participant: MixParticipant, gains: ReadonlyMap<number, number>): void {
    const place = placeOf(participant);
    if (place.hearing.isPlain && gains.size === 0) return;
    place.hearing.set(gains);
    if (!this.#adjusting.includes(place)) this.#adjusting.push(place);
  }

  /** Takes effect over the next ticks; 0 for no limit. */
  setMaxTalkers(maxTalkers: number): void {
    this.#talkerLimit.setMax(maxTalkers);
  }

  /** Takes effect over some seconds, as gradually as levelling itself. */
  setLevelling(levelling: boolean): void {
    this.#levelling = levelling;
    for (const { source } of this.#places) source.setLevelling(levelling);
  }

  /** From the next tick on, participants of linked mixers hear each other; undefined ends that. */
  setLink(link: MixLink | undefined): void {
    if (link === undefined) this.#talkerLimit.undivide();
    // Talkers who are already heard keep their place.
    else if (this.#link === undefined) this.#talkerLimit.tell(this.#standing);
    this.#link = link;
  }

  push(participant: MixParticipant, packet: SourcePacket, nowMs: number): void {
    const place = placeOf(participant);
    if (place.leaving) return;
    place.source.push(packet, nowMs);
    if (place.awake) return;
    place.awake = true;
    this.#awake.push(place);
  }

  /** Packets pushed from now on belong to another stream, which starts afresh. */
  restartSource(participant: MixParticipant): void {
    placeOf(participant).source.restart();
  }

  /**
   * Mixes and distributes one frame.
   * @param tick counts frames of 20 ms from an arbitrary moment; skipped ticks leave gaps in it, and therefore in RTP
   * time
   */
  tick(tick: number, nowMs: number): void {
    if (this.#link !== undefined) this.#dividePlaces(this.#link, tick - 1);
    this.#readSources(nowMs);
    const talkers = this.#sum(tick);
    const refresh = tick % SILENCE_REFRESH_TICKS === 0;
    if (talkers === 0) this.#shared.setSilent();
    else this.#shared.setMix(this.#total, talkers);
    if (talkers > 0 || this.#restless > 0 || refresh) this.#writeAll(tick, talkers, refresh);
    for (const place of this.#adjusting) place.hearing.endFrame();
    this.#adjusting.length = 0;
  }

  #writeAll(tick: number, talkers: number, refresh: boolean): void {
    const timestamp = (tick * FRAME_SAMPLES) >>> 0;
    for (const place of this.#places) {
      if (place.arriving) {
        place.arriving = false;
        continue;
      }
      this.#listen(place, talkers);
      if (place.heard === 'nothing') this.#writeSilence(place, timestamp, refresh);
      else if (place.deafened) this.#writeEnd(place, talkers, timestamp, refresh);
      else this.#writeMix(place, talkers, timestamp);
      if (place.departing) this.remove(place);
    }
  }

  /** Finds out whether this listener needs a mix of their own in this tick, and whether there is anything in it. */
  #listen(place: Place, talkers: number): void {
    const { hearing, contributing } = place;
    place.isPersonal = !hearing.isPlain && isTouched(place, this.#contributors, this.#link);
    place.differs = contributing || place.isPersonal;
    if (place.isPersonal) place.heard = heardPersonally(place, this.#contributors, this.#link);
    else place.heard = talkers > (contributing ? 1 : 0) ? 'more' : 'nothing';
  }

  /** Visits the current speakers, for the indicators that people see, whether or not the talker limit admits them. */
  forEachSpeaker(visit: (participant: MixParticipant, speaker: Speaker) => void): void {
    for (const place of this.#awake) {
      const { source } = place;
      if (source.isProvenSpeaker && !place.leaving) visit(place, source);
    }
  }

  close(): void {
    for (const place of this.#places) this.remove(place);
    for (const place of this.#awake) place.source.close();
    this.#awake.length = 0;
    this.#shared.setSilent();
  }

  #readSources(nowMs: number): void {
    const awake = this.#awake;
    this.#contributors.length = 0;
    for (let i = awake.length - 1; i >= 0; i--) {
      const place = awake[i]!;
      place.soundedBefore = place.contributing;
      place.contributing = place.source.read(nowMs);
      if (place.contributing) this.#contributors.push(place);
      const gone = place.leaving && !place.contributing;
      if (place.source.awake && !gone) continue;
      awake[i] = awake[awake.length - 1]!;
      awake.pop();
      place.awake = false;
      if (gone) place.source.close();
    }
    this.#talkerLimit.decide(this.#link && this.#standing);
  }

  /** All parts of the room use the same figures, those of the previous tick. */
  #dividePlaces(link: MixLink, tick: number): void {
    const standings = link.standings(tick, this.#standing);
    let takenElsewhere = -standings[link.position]!.places;
    for (const { places } of standings) takenElsewhere += places;
    this.#talkerLimit.divide(shareOfPlaces(this.#talkerLimit.max, standings, link.position), takenElsewhere);
  }

  /** Leaves the sum of everyone in `#total`, and returns the number of talkers in it. */
  #sum(tick: number): number {
    const total = this.#total;
    const contributors = this.#contributors;
    if (contributors.length > 0) total.samples.set(contributors[0]!.source.frame.samples);
    for (let i = 1; i < contributors.length; i++) this.#pool.kernels.add(total, contributors[i]!.source.frame);
    const link = this.#link;
    if (link === undefined) return contributors.length;
    link.publish(tick, total.samples, contributors.length, this.#standing, contributors);
    if (contributors.length === 0) total.samples.fill(0);
    // The other parts' sums of this tick may be missing, but those of the previous tick are there.
    return contributors.length + link.add(tick - 1, total);
  }

  #writeMix(place: Place, talkers: number, timestamp: number): void {
    const afterSilence = place.listening.to === 'silence';
    const stream = this.#chooseStream(place);
    if (stream !== this.#shared) this.#setOwnMix(stream, place, talkers);
    place.sink.write(stream.payload(), timestamp, afterSilence);
  }

  #setOwnMix(stream: MixStream, place: Place, talkers: number): void {
    if (place.isPersonal) {
      const voices = sumFor(place, this.#contributors, this.#link, this.#minus, this.#pool.kernels);
      stream.setMix(this.#minus, voices);
    } else if (place.contributing) {
      this.#pool.kernels.subtract(this.#minus, this.#total, place.source.frame);
      stream.setMix(this.#minus, talkers - 1);
    } else {
      stream.setMix(this.#total, talkers);
    }
  }

  /** For a listener who must hear nothing although others are speaking: what they were hearing fades first. */
  #writeEnd(place: Place, talkers: number, timestamp: number, refresh: boolean): void {
    const { listening } = place;
    if (listening.to === 'silence') {
      this.#writeSilence(place, timestamp, refresh);
      return;
    }
    const stream = listening.to === 'own' ? listening.stream : this.#leaveShared(place);
    stream.fadeOut();
    this.#setOwnMix(stream, place, talkers);
    place.sink.write(stream.payload(), timestamp, false);
    this.#leaveStream(place);
    place.silencePackets = 0;
  }

  #chooseStream(place: Place): MixStream {
    const shared = this.#shared;
    place.sameTicks = place.differs ? 0 : place.sameTicks + 1;
    switch (place.listening.to) {
      case 'own':
        // All encoders have just crossed the complexity border, so counting restarts.
        if (!place.listening.stream.isBeside(shared)) place.sameTicks = 0;
        if (place.sameTicks <= RETURN_AFTER_TICKS) return place.listening.stream;
        this.#leaveStream(place);
        place.listening = SHARED;
        return shared;
      case 'shared':
        return place.differs ? this.#leaveShared(place) : shared;
      case 'silence': {
        if (place.silencePackets === SILENCE_PACKETS) this.#restless++;
        // A stream that starts now suits every decoder at rest; a running one suits only its followers.
        if (!place.differs && shared.frames === 1) {
          place.listening = SHARED;
          return shared;
        }
        place.sameTicks = 0;
        const own = this.#ownStream(place);
        if (shared.frames > 1 && place.heard === 'more') own.fadeInto(shared);
        return own;
      }
    }
  }

  /** A separate stream that continues where the shared one was. */
  #leaveShared(place: Place): MixStream {
    const own = this.#ownStream(place);
    own.takeOver(this.#shared);
    return own;
  }

  #ownStream(place: Place): MixStream {
    const stream = this.#spareStreams.pop() ?? new MixStream(this.#pool, OWN_ENCODER);
    place.listening = { to: 'own', stream };
    return stream;
  }

  /** A sounding voice fades within one more tick. */
  #endVoice(place: Place): void {
    place.source.setMuted(true);
    place.leaving = true;
    if (!place.awake) place.source.close();
  }

  #leaveStream(place: Place): void {
    if (place.listening.to === 'own') {
      place.listening.stream.setSilent();
      this.#spareStreams.push(place.listening.stream);
    }
    place.listening = SILENCE;
  }

  #writeSilence(place: Place, timestamp: number, refresh: boolean): void {
    if (place.listening.to !== 'silence') {
      this.#leaveStream(place);
      place.silencePackets = 0;
    }
    if (place.silencePackets < SILENCE_PACKETS) {
      place.silencePackets++;
      if (place.silencePackets === SILENCE_PACKETS) this.#restless--;
      place.sink.write(SILENCE_PACKET, timestamp, false);
    } else if (refresh) {
      place.sink.write(SILENCE_REFRESH_PACKET, timestamp, false);
    }
  }
}

function isRestless(place: Place): boolean {
  return place.listening.to !== 'silence' || place.silencePackets < SILENCE_PACKETS;
}
