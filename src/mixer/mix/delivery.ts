/**
 * What each listener gets: the packet that their audience shares, one of their own, or silence. Listeners move between
 * these in mid-sentence and do not hear it (`mix-stream.ts`).
 */
import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import type { EncoderSettings } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { type Place, SILENCE } from './mix-participant.ts';
import { MixStream, RETURN_AFTER_TICKS } from './mix-stream.ts';
import { heardPersonally, isTouched, sumFor, type Voices } from './personal-mix.ts';

const OWN_ENCODER: EncoderSettings = { bitrate: 40_000, complexity: 5 };

/** Packets of silence that bring a receiver's decoder to rest. */
const SILENCE_PACKETS = 3;
/** Browsers treat a second without packets as loss. */
const SILENCE_REFRESH_TICKS = 400 / PTIME_MS;

export class Delivery {
  readonly #pool: CodecPool;
  readonly #spareStreams: MixStream[] = [];
  /** Temporary within one tick. */
  readonly #minus: Frame;
  /** Listeners that are not in steady silence; while there are none, a silent room's tick is nearly free. */
  #restless = 0;
  #timestamp = 0;
  #isRefresh = false;

  constructor(pool: CodecPool) {
    this.#pool = pool;
    this.#minus = pool.kernels.scratch('mix-minus');
  }

  enter(): void {
    this.#restless++;
  }

  leave(place: Place): void {
    if (isRestless(place)) this.#restless--;
    this.#leaveStream(place);
  }

  /** Begins a tick. Returns false if nobody needs a packet. */
  begin(tick: number, isHeard: boolean): boolean {
    this.#timestamp = (tick * FRAME_SAMPLES) >>> 0;
    this.#isRefresh = tick % SILENCE_REFRESH_TICKS === 0;
    return isHeard || this.#restless > 0 || this.#isRefresh;
  }

  /** Writes this listener's packet of this tick, if they need one. */
  write(place: Place, voices: Voices): void {
    listen(place, voices);
    if (place.heard === 'nothing') this.#writeSilence(place);
    else if (place.deafened) this.#writeEnd(place, voices);
    else this.#writeMix(place, voices);
  }

  #writeMix(place: Place, voices: Voices): void {
    const afterSilence = place.listening.to === 'silence';
    const stream = this.#chooseStream(place);
    if (stream !== place.audience.stream) this.#setOwnMix(stream, place, voices);
    place.sink.write(stream.payload(), this.#timestamp, afterSilence);
  }

  #setOwnMix(stream: MixStream, place: Place, voices: Voices): void {
    const { audience } = place;
    if (place.isPersonal) {
      const count = sumFor(place, voices, this.#minus, this.#pool.kernels);
      stream.setMix(this.#minus, count);
    } else if (place.isInSum) {
      this.#pool.kernels.subtract(this.#minus, audience.sum, audience.frameOf(place, voices.copies)!);
      stream.setMix(this.#minus, audience.voices - 1);
    } else {
      stream.setMix(audience.sum, audience.voices);
    }
  }

  /** For a listener who must hear nothing although others are speaking: what they were hearing fades first. */
  #writeEnd(place: Place, voices: Voices): void {
    const { listening } = place;
    if (listening.to === 'silence') {
      this.#writeSilence(place);
      return;
    }
    const stream = listening.to === 'own' ? listening.stream : this.#leaveShared(place, listening.audience.stream);
    stream.fadeOut();
    this.#setOwnMix(stream, place, voices);
    place.sink.write(stream.payload(), this.#timestamp, false);
    this.#leaveStream(place);
    place.silencePackets = 0;
  }

  #chooseStream(place: Place): MixStream {
    const { audience, listening } = place;
    const shared = audience.stream;
    place.sameTicks = place.differs ? 0 : place.sameTicks + 1;
    switch (listening.to) {
      case 'own':
        // All encoders have just crossed the complexity border, so counting restarts.
        if (!listening.stream.isBeside(shared)) place.sameTicks = 0;
        if (place.sameTicks <= RETURN_AFTER_TICKS) return listening.stream;
        this.#leaveStream(place);
        place.listening = audience.listening;
        return shared;
      case 'shared':
        if (place.differs) return this.#leaveShared(place, listening.audience.stream);
        place.listening = audience.listening;
        return shared;
      case 'silence': {
        if (place.silencePackets === SILENCE_PACKETS) this.#restless++;
        // A stream that starts now suits every decoder at rest; a running one suits only its followers.
        if (!place.differs && shared.frames === 1) {
          place.listening = audience.listening;
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
  #leaveShared(place: Place, shared: MixStream): MixStream {
    const own = this.#ownStream(place);
    own.takeOver(shared);
    return own;
  }

  #ownStream(place: Place): MixStream {
    const stream = this.#spareStreams.pop() ?? new MixStream(this.#pool, OWN_ENCODER);
    place.listening = { to: 'own', stream };
    return stream;
  }

  #leaveStream(place: Place): void {
    if (place.listening.to === 'own') {
      place.listening.stream.setSilent();
      this.#spareStreams.push(place.listening.stream);
    }
    place.listening = SILENCE;
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

/** Finds out whether this listener needs a mix of their own in this tick, and whether there is anything in it. */
function listen(place: Place, voices: Voices): void {
  const { audience, contributing } = place;
  place.isInSum = contributing && audience.frameOf(place, voices.copies) !== undefined;
  place.isPersonal = isMoving(place) || isTouched(place, voices);
  place.differs = place.isInSum || place.isPersonal;
  if (place.isPersonal) place.heard = heardPersonally(place, voices);
  else place.heard = audience.voices > (place.isInSum ? 1 : 0) ? 'more' : 'nothing';
}

/** Hears other channels than in the previous tick, and something else in them. */
function isMoving({ audience, channelsBefore, listening }: Place): boolean {
  if (channelsBefore === audience.channels) return false;
  return listening.to !== 'shared' || listening.audience.leader !== audience.leader;
}

function isRestless(place: Place): boolean {
  return place.listening.to !== 'silence' || place.silencePackets < SILENCE_PACKETS;
}
