/**
 * One distinct mix and its encoder: from the float sum to the Opus packets for everyone who hears this mix.
 *
 * Listeners move between streams in mid-sentence without hearing it (measured with real speech and held tones, CELT). A
 * stream that takes over first encodes the last frames that its listener heard, and a listener returns only after both
 * encoders had the same input for ten frames. After silence packets a stream starts with a fresh encoder instead,
 * because its first frame then depends on nothing. Mono and stereo streams take over from each other in the same way.
 *
 * Both must be on the same side of the complexity border (`codec/complexity.ts`). When a limit moves all encoders
 * across it, a stream that takes over in that very tick encodes one more frame on the side that its listener has heard,
 * and then crosses by itself. One that takes over soon afterwards is primed with each frame on the side on which it was
 * heard.
 */

import type { Channels, Encoder, EncoderSettings } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import type { Side } from '../codec/complexity.ts';
import { FRAME_SAMPLES, PTIME_MS, SAMPLES_PER_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { Limiter } from './limiter.ts';

/**
 * Frames after which a fresh encoder predicts as well as one that has been running. With the pitch pre-filter, five are
 * enough for speech, but not always for a held tone. Without it, an encoder forgets everything but the last frame.
 */
const PRIMING_FRAMES = 6;
const PLAIN_PRIMING_FRAMES = 1;
/**
 * After the same input for this long, two encoders are close enough that a listener can switch from one to the other
 * without hearing it.
 */
export const RETURN_AFTER_TICKS = 10;
/** The priming frames and the frame of this tick. */
const HISTORY_FRAMES = PRIMING_FRAMES + 1;

/**
 * With three or more talkers the sum is attenuated as the power of independent voices grows, slowly enough not to be
 * noticed.
 */
const HEADROOM_TALKERS = 2;
const HEADROOM_SMOOTHING = 1 - Math.exp(-PTIME_MS / 200);

/** The encoder's look-ahead of 2.5 ms arrives with the next packet, which belongs to another stream. */
const FADE_OUT_SAMPLES = FRAME_SAMPLES - 2.5 * SAMPLES_PER_MS;

export class MixStream {
  #settings: EncoderSettings;
  readonly #pool: CodecPool;
  readonly #limiter: Limiter;
  #headroom = 1;
  #headroomBefore = 1;
  /** The gains at both ends of this tick's frame. */
  #from = 1;
  #to = 1;
  #fadesIn = false;
  #fadesOut = false;
  #encoder: Encoder | undefined;

  /** A ring of the last frames of this mix, for priming another encoder. */
  readonly #history: readonly Int16Array[];
  /** Frames since the mix was last silent. */
  #frames = 0;
  #encodedFrames = 0;
  #payload: Uint8Array | undefined;
  /** The side on which each frame of the history was encoded, if it was. */
  readonly #sides = new Array<Side | undefined>(HISTORY_FRAMES);
  /** The required side of the first frame after a take-over. */
  #firstSide: Side | undefined;

  constructor(pool: CodecPool, settings: EncoderSettings) {
    this.#pool = pool;
    this.#limiter = new Limiter(pool.kernels);
    this.#settings = settings;
    const samples = FRAME_SAMPLES * (settings.channels ?? 1);
    this.#history = Array.from({ length: HISTORY_FRAMES }, () => new Int16Array(samples));
  }

  /**
   * From the next frame on, encodes with these settings, for as many channels as before. Others on the same side of the
   * complexity border must change in the same tick; see `CodecPool.limitComplexity`.
   */
  retune(settings: EncoderSettings): void {
    this.#settings = settings;
    if (this.#encoder !== undefined) this.#pool.retune(this.#encoder, settings);
  }

  get channels(): Channels {
    return this.#settings.channels ?? 1;
  }

  /** Frames of this mix since it was last silent, including this tick's. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * Whether a listener may switch to another stream now, in a tick for which that one already has its mix and this one
   * does not.
   */
  isBeside(other: MixStream): boolean {
    return this.#sideAt(1) === this.#pool.sideOf(other.#settings);
  }

  /**
   * Takes this tick's mix, once per tick while it holds sound. For a mono stream.
   * @param voices the number of voices in it, or the sum of their squared gains
   */
  setMix(mix: Frame, voices: number): void {
    this.#startFrame(voices);
    this.#limiter.process(this.#turnedDown(mix, 'turned down'), this.#history[this.#frames % HISTORY_FRAMES]!);
    this.#endFrame();
  }

  /** Like `setMix`, for a stereo stream. Both sides may be the same frame. */
  setStereoMix(left: Frame, right: Frame, voices: number): void {
    this.#startFrame(voices);
    const first = this.#turnedDown(left, 'turned down');
    const second = right === left ? first : this.#turnedDown(right, 'turned down, right');
    this.#limiter.processStereo(first, second, this.#history[this.#frames % HISTORY_FRAMES]!);
    this.#endFrame();
  }

  #startFrame(voices: number): void {
    // Nobody needed the last packet, so the encoder is out of sync and can be reused.
    if (this.#encodedFrames !== this.#frames) this.#stop();
    this.#headroomBefore = this.#headroom;
    this.#headroom = nextHeadroom(this.#headroom, voices);
    this.#from = this.#fadesIn ? 0 : this.#headroomBefore;
    this.#to = this.#fadesOut ? 0 : this.#headroom;
    this.#fadesIn = false;
  }

  #turnedDown(frame: Frame, purpose: string): Frame {
    if (this.#from === 1 && this.#to === 1) return frame;
    const { kernels } = this.#pool;
    const input = kernels.scratch(purpose);
    input.samples.set(frame.samples);
    kernels.ramp(input, this.#from, this.#to, this.#fadesOut ? FADE_OUT_SAMPLES : FRAME_SAMPLES);
    return input;
  }

  #endFrame(): void {
    this.#sides[this.#frames % HISTORY_FRAMES] = undefined;
    this.#frames++;
    this.#payload = undefined;
  }

  /** The mix is silent from now on; the next sound starts afresh. */
  setSilent(): void {
    if (this.#frames === 0) return;
    this.#frames = 0;
    this.#headroom = 1;
    this.#fadesOut = false;
    this.#firstSide = undefined;
    this.#limiter.reset();
    this.#stop();
  }

  /**
   * A new stream takes over from `other`, whose frames its listener has heard so far.
   * @param otherIsAhead whether `other` already has this tick's mix; this stream does not
   */
  takeOver(other: MixStream, otherIsAhead = true): void {
    this.#followGains(other, otherIsAhead);
    const before = Math.max(0, other.#frames - (otherIsAhead ? 1 : 0));
    const frames = Math.min(before, PRIMING_FRAMES);
    for (let age = frames; age > 0; age--) {
      const [to, from] = [this.#frames % HISTORY_FRAMES, (before - age) % HISTORY_FRAMES];
      copyFrame(other.#history[from]!, this.#history[to]!);
      this.#sides[to] = other.#sides[from];
      this.#frames++;
    }
    this.#firstSide = this.#sideAt(1);
  }

  /** A new stream for a listener who has heard silence so far starts in the middle of `other`'s sound. */
  fadeInto(other: MixStream): void {
    this.#followGains(other);
    this.#fadesIn = true;
  }

  /** The next frame is the last one. */
  fadeOut(): void {
    this.#fadesOut = true;
  }

  /** This tick's packet, encoded on the first call. */
  payload(): Uint8Array {
    if (this.#payload !== undefined) return this.#payload;
    const { counters } = this.#pool;
    const startedAt = this.#pool.now();
    const encoder = this.#start();
    this.#payload = encoder.encode(this.#history[(this.#frames - 1) % HISTORY_FRAMES]!);
    this.#encodedFrames = this.#frames;
    this.#cross(encoder);
    counters.framesEncoded++;
    counters.encodeMs += this.#pool.now() - startedAt;
    return this.#payload;
  }

  /** An encoder in sync with the previous frames: the running one, or one primed with them. */
  #start(): Encoder {
    if (this.#encoder !== undefined) return this.#encoder;
    const pool = this.#pool;
    const sideNow = this.#firstSide ?? pool.sideOf(this.#settings);
    const encoder = pool.takeEncoder(this.#settings, sideNow);
    for (let age = Math.min(this.#frames - 1, this.#primingFrames(sideNow)); age > 0; age--) {
      pool.setSide(encoder, this.#settings, this.#sideAt(age + 1) ?? sideNow);
      encoder.encode(this.#history[(this.#frames - 1 - age) % HISTORY_FRAMES]!);
      pool.counters.framesPrimed++;
    }
    pool.setSide(encoder, this.#settings, sideNow);
    this.#encoder = encoder;
    return encoder;
  }

  /** Soon after the border was crossed, the decoder still remembers frames from the other side. */
  #primingFrames(sideNow: Side): number {
    if (sideNow === 'filtered') return PRIMING_FRAMES;
    for (let age = 1; age <= HISTORY_FRAMES; age++) if (this.#sideAt(age) === 'filtered') return PRIMING_FRAMES;
    return PLAIN_PRIMING_FRAMES;
  }

  /** This tick's frame is encoded; the next one is on the limit's side. */
  #cross(encoder: Encoder): void {
    const sideNow = this.#pool.sideOf(this.#settings);
    this.#sides[(this.#frames - 1) % HISTORY_FRAMES] = this.#firstSide ?? sideNow;
    if (this.#firstSide !== undefined) this.#pool.setSide(encoder, this.#settings, sideNow);
    this.#firstSide = undefined;
  }

  /** The side of an earlier frame; 1 is the latest. */
  #sideAt(age: number): Side | undefined {
    return age > this.#frames ? undefined : this.#sides[(this.#frames - age) % HISTORY_FRAMES];
  }

  /** Uses the gains from before this tick, so that this tick's frame joins the previous one. */
  #followGains(other: MixStream, otherIsAhead = true): void {
    this.#limiter.follow(other.#limiter, otherIsAhead);
    this.#headroom = otherIsAhead ? other.#headroomBefore : other.#headroom;
  }

  #stop(): void {
    if (this.#encoder === undefined) return;
    this.#pool.releaseEncoder(this.#encoder);
    this.#encoder = undefined;
    this.#payload = undefined;
  }
}

/** Copies a frame between streams that may differ in their number of channels. */
function copyFrame(from: Int16Array, to: Int16Array): void {
  if (from.length === to.length) {
    to.set(from);
  } else if (from.length < to.length) {
    for (let i = 0; i < FRAME_SAMPLES; i++) to[2 * i] = to[2 * i + 1] = from[i]!;
  } else {
    for (let i = 0; i < FRAME_SAMPLES; i++) to[i] = (from[2 * i]! + from[2 * i + 1]!) >> 1;
  }
}

/** One frame's step towards the gain that leaves room for this many voices. */
function nextHeadroom(headroom: number, voices: number): number {
  const wanted = voices > HEADROOM_TALKERS ? Math.sqrt(HEADROOM_TALKERS / voices) : 1;
  const next = headroom + (wanted - headroom) * HEADROOM_SMOOTHING;
  return Math.abs(next - wanted) < 0.001 ? wanted : next;
}
