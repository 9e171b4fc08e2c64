/**
 * One distinct mix and its encoder: from the float sum to the Opus packets that everybody who hears this mix gets.
 *
 * Listeners move between streams in mid-sentence without hearing it (measured with real speech and held tones, CELT): a stream that
 * takes over first encodes the last six frames that its listener heard, and a listener goes back only after both
 * encoders had the same input for ten frames. After silence packets a stream starts with a fresh encoder instead,
 * because its first frame then depends on nothing.
 *
 * Both must be on the same side of the border between complexities (`codec/complexity.ts`). When a limit moves all encoders across it, a stream
 * that takes over in that very tick encodes one more frame on the side that its listener has heard, and then crosses by itself. One that takes
 * over soon after it is primed with each frame as it was heard, on the side of that time.
 */

import type { Encoder, EncoderSettings } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import type { Side } from '../codec/complexity.ts';
import { FRAME_SAMPLES, PTIME_MS, SAMPLES_PER_MS } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { Limiter } from './limiter.ts';

/** Frames after which a fresh encoder predicts as well as one that has run all along. Speech is content with five, a held tone is not always. */
const PRIMING_FRAMES = 6;
/** Those and the frame of this tick. */
const HISTORY_FRAMES = PRIMING_FRAMES + 1;

/** With three or more talkers the sum is turned down as the power of independent voices grows, slowly enough not to be noticed. */
const HEADROOM_TALKERS = 2;
const HEADROOM_SMOOTHING = 1 - Math.exp(-PTIME_MS / 200);

/** What the encoder looks ahead, 2.5 ms, comes with the next packet, which is of another stream. */
const FADE_OUT_SAMPLES = FRAME_SAMPLES - 2.5 * SAMPLES_PER_MS;

export class MixStream {
  readonly #settings: EncoderSettings;
  readonly #pool: CodecPool;
  readonly #limiter: Limiter;
  #headroom = 1;
  #headroomBefore = 1;
  #fadesIn = false;
  #fadesOut = false;
  #encoder: Encoder | undefined;

  /** The last frames of this mix, a ring, so that another encoder can be primed with them. */
  readonly #history = Array.from({ length: HISTORY_FRAMES }, () => new Int16Array(FRAME_SAMPLES));
  /** Frames since the mix was last silent. */
  #frames = 0;
  #encodedFrames = 0;
  #payload: Uint8Array | undefined;
  /** On which side each frame of the history was encoded, if it was. */
  readonly #sides = new Array<Side | undefined>(HISTORY_FRAMES);
  /** Where the first frame after the take-over has to be. */
  #firstSide: Side | undefined;

  constructor(pool: CodecPool, settings: EncoderSettings) {
    this.#pool = pool;
    this.#limiter = new Limiter(pool.kernels);
    this.#settings = settings;
  }

  /** Frames of this mix since it was last silent, the one of this tick included. */
  get frames(): number {
    return this.#frames;
  }

  /** Whether a listener may go to another stream now, in the tick for which that one has its mix already and this one has not. */
  isBeside(other: MixStream): boolean {
    return this.#sideAt(1) === this.#pool.sideOf(other.#settings);
  }

  /** Takes this tick's mix, once per tick while it holds sound. */
  setMix(mix: Frame, talkers: number): void {
    // Nobody asked for the last packet: the encoder is out of step, and free for others.
    if (this.#encodedFrames !== this.#frames) this.#stop();
    this.#headroomBefore = this.#headroom;
    this.#headroom = nextHeadroom(this.#headroom, talkers);
    const from = this.#fadesIn ? 0 : this.#headroomBefore;
    this.#fadesIn = false;
    const to = this.#fadesOut ? 0 : this.#headroom;
    let input = mix;
    if (from !== 1 || to !== 1) {
      const { kernels } = this.#pool;
      input = kernels.scratch('turned down');
      input.samples.set(mix.samples);
      kernels.ramp(input, from, to, this.#fadesOut ? FADE_OUT_SAMPLES : FRAME_SAMPLES);
    }
    this.#limiter.process(input, this.#history[this.#frames % HISTORY_FRAMES]!);
    this.#sides[this.#frames % HISTORY_FRAMES] = undefined;
    this.#frames++;
    this.#payload = undefined;
  }

  /** The mix is silent from now on: the next sound starts afresh. */
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
   * A new stream takes over from `other`, whose frames its listener has heard so far. `other` has this tick's mix
   * already, this stream has not.
   */
  takeOver(other: MixStream): void {
    this.#followGains(other);
    const before = other.#frames - 1;
    const frames = Math.min(before, PRIMING_FRAMES);
    for (let age = frames; age > 0; age--) {
      const [to, from] = [this.#frames % HISTORY_FRAMES, (before - age) % HISTORY_FRAMES];
      this.#history[to]!.set(other.#history[from]!);
      this.#sides[to] = other.#sides[from];
      this.#frames++;
    }
    this.#firstSide = this.#sideAt(1);
  }

  /** A new stream for a listener who has heard silence so far begins in the midst of what `other` holds. */
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

  /** An encoder in step with the frames before this one: the running one, or one that is primed with them. */
  #start(): Encoder {
    if (this.#encoder !== undefined) return this.#encoder;
    const pool = this.#pool;
    const sideNow = this.#firstSide ?? pool.sideOf(this.#settings);
    const encoder = pool.takeEncoder(this.#settings, sideNow);
    for (let age = Math.min(this.#frames - 1, PRIMING_FRAMES); age > 0; age--) {
      pool.setSide(encoder, this.#settings, this.#sideAt(age + 1) ?? sideNow);
      encoder.encode(this.#history[(this.#frames - 1 - age) % HISTORY_FRAMES]!);
      pool.counters.framesPrimed++;
    }
    pool.setSide(encoder, this.#settings, sideNow);
    this.#encoder = encoder;
    return encoder;
  }

  /** The frame of this tick is encoded; the next one is where the limit is. */
  #cross(encoder: Encoder): void {
    const sideNow = this.#pool.sideOf(this.#settings);
    this.#sides[(this.#frames - 1) % HISTORY_FRAMES] = this.#firstSide ?? sideNow;
    if (this.#firstSide !== undefined) this.#pool.setSide(encoder, this.#settings, sideNow);
    this.#firstSide = undefined;
  }

  /** Of the frame so many frames ago; 1 is the latest. */
  #sideAt(age: number): Side | undefined {
    return age > this.#frames ? undefined : this.#sides[(this.#frames - age) % HISTORY_FRAMES];
  }

  /** Gains as they were before this tick, so that the frame of this tick joins the one before it. */
  #followGains(other: MixStream): void {
    this.#limiter.follow(other.#limiter);
    this.#headroom = other.#headroomBefore;
  }

  #stop(): void {
    if (this.#encoder === undefined) return;
    this.#pool.releaseEncoder(this.#encoder);
    this.#encoder = undefined;
    this.#payload = undefined;
  }
}

/** One frame's step towards the gain that leaves room for so many talkers. */
function nextHeadroom(headroom: number, talkers: number): number {
  const wanted = talkers > HEADROOM_TALKERS ? Math.sqrt(HEADROOM_TALKERS / talkers) : 1;
  const next = headroom + (wanted - headroom) * HEADROOM_SMOOTHING;
  return Math.abs(next - wanted) < 0.001 ? wanted : next;
}
