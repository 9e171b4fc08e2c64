/**
 * Music, or the sound of a game, on its way into the mix: takes packets, produces one frame of stereo samples per tick,
 * or nothing. Whatever arrives is heard as it is, without levelling, voice detection, or a talker's place, so few may
 * sound at a time in a room (`talker-limits.ts`), and first come first served.
 */
import { isDtx } from '../../formats/opus-packet.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, SILENCE_DBOV } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { levelDbov } from '../kernels/pcm.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import type { MixSource, Sides } from './mix-source.ts';
import { MusicLevel, type MusicLoudness } from './music-level.ts';
import type { SourcePacket } from './source-packet.ts';
import { StereoDecoder } from './stereo-decoder.ts';
import { StretchPlan } from './stretch-plan.ts';
import type { Talker, TalkerLimit } from './talker-limit.ts';
import { findLag, lengthen, shorten } from './time-stretch.ts';
import { VoiceActivity } from './voice-activity.ts';
import { FADE_SAMPLES } from './voice-decoder.ts';

/** Temporary within one call: what both sides have in common. */
const middle = new Float32Array(FRAME_SAMPLES);

const PLAIN: MusicLoudness = { gain: 1, duckDb: 0 };

interface Frames extends Sides {
  readonly mono: Frame;
}

export class MusicSource implements MixSource, Talker {
  /** Set by the limit. */
  admitted = false;
  readonly passed = undefined;
  readonly #pool: CodecPool;
  readonly #limit: TalkerLimit;
  readonly #voices: TalkerLimit;
  readonly #level: MusicLevel;
  readonly #jitter: JitterBuffer;
  readonly #sound: StereoDecoder;
  readonly #stretch = new StretchPlan();
  /** For the indicator that people see. */
  readonly #activity = new VoiceActivity();
  #muted: boolean;
  #decoderIsStale = false;
  #gain = 0;
  /** Taken from the pool while the source sounds. */
  #frames: Frames | undefined;

  /** @param limits of music in the room, and of the voices there */
  constructor(
    pool: CodecPool,
    muted: boolean,
    limits: { readonly music: TalkerLimit; readonly room: TalkerLimit },
    loudness: MusicLoudness = PLAIN,
  ) {
    this.#pool = pool;
    this.#limit = limits.music;
    this.#voices = limits.room;
    this.#level = new MusicLevel(loudness);
    this.#jitter = new JitterBuffer(pool.counters);
    this.#sound = new StereoDecoder(pool);
    this.#muted = muted;
  }

  get frame(): Frame {
    return this.#frames!.mono;
  }

  get sides(): Sides | undefined {
    return this.#frames;
  }

  get awake(): boolean {
    return !this.#jitter.idle || this.#activity.active || this.sounding || this.#sound.isOpen;
  }

  /** Packets arrive that are not silence, whatever their level. */
  get speaking(): boolean {
    return !this.#muted && !this.#jitter.idle;
  }

  get isProvenSpeaker(): boolean {
    return !this.#muted && this.admitted && this.#activity.active;
  }

  get levelDbov(): number {
    return this.#activity.levelDbov;
  }

  get loudnessDbov(): number {
    return this.#activity.loudnessDbov;
  }

  get sounding(): boolean {
    return this.#gain > 0;
  }

  get jitterBufferDelayMs(): number {
    return this.#jitter.delayMs;
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
  }

  setLevelling(): void {}

  competeFor(): void {}

  render(): void {}

  endPassage(): void {}

  push({ sequenceNumber, timestamp, payload, levelDbov: claim, redundant }: SourcePacket, nowMs: number): void {
    this.#jitter.push(sequenceNumber, timestamp, payload, claim, redundant, nowMs);
  }

  passOver(): boolean {
    return false;
  }

  restart(): void {
    this.#jitter.reset();
    this.#decoderIsStale = true;
  }

  read(nowMs: number): boolean {
    this.#sound.advance();
    this.#level.advance(this.#voices.isTaken);
    if (this.#sound.available >= FRAME_SAMPLES || this.#fill(nowMs)) this.#adjustDelay(nowMs);
    const before = this.#gain;
    this.#gain = !this.#muted && this.admitted && !this.#sound.isBlank ? 1 : 0;
    if (this.#sound.isBlank || (before === 0 && this.#gain === 0)) {
      this.#activity.update(SILENCE_DBOV);
      this.#releaseFrames();
      return false;
    }
    this.#write(before, this.#gain);
    return true;
  }

  close(): void {
    this.#releaseFrames();
    this.#sound.release();
    this.#jitter.reset();
    this.#limit.drop(this);
  }

  /** True if the current samples came in the normal way and end with a packet. */
  #fill(nowMs: number): boolean {
    let isReceived = false;
    while (this.#sound.available < FRAME_SAMPLES) {
      const playout = this.#jitter.pop(nowMs);
      isReceived = playout === 'packet';
      if (playout === 'idle') {
        this.#fallSilent();
        return false;
      }
      if (isReceived) this.#take();
      else this.#sound.conceal();
    }
    return isReceived;
  }

  #take(): void {
    const { payload, durationSamples } = this.#jitter.packet;
    if (this.#decoderIsStale) this.#sound.release();
    this.#decoderIsStale = false;
    const isSilent = isDtx(payload);
    if (!isSilent && !this.#muted && !this.admitted && this.#limit.hasRoom) this.#limit.request(this);
    // A muted source fades over this packet.
    if (!isSilent && (this.sounding || (this.admitted && !this.#muted))) {
      this.#sound.play(payload, durationSamples);
      return;
    }
    this.#sound.release();
    this.#sound.appendBlank(durationSamples);
  }

  #fallSilent(): void {
    this.#stretch.cancel();
    if (!this.#sound.fadeOut()) this.#sound.release();
  }

  /** Shortens or lengthens what is heard by a few milliseconds where it is similar to itself, or drops silence. */
  #adjustDelay(nowMs: number): void {
    const excess = this.#jitter.hasExcess(nowMs);
    const shortage = this.#jitter.hasShortage(nowMs);
    const { left, right, isBlank } = this.#sound;
    if (isBlank) {
      this.#stretch.cancel();
      if (excess && this.#fetch(2 * FRAME_SAMPLES, nowMs)) this.#sound.advance();
      else if (shortage) this.#jitter.pause();
      return;
    }
    const stretch = this.#stretch.next(excess ? 'shorten' : shortage ? 'lengthen' : undefined);
    if (stretch === undefined) return;
    mean(middle, left.head, right.head);
    const lag = findLag(middle, this.#stretch.maxLag);
    if (lag === 0 || (stretch === 'shorten' && !this.#fetch(FRAME_SAMPLES + lag, nowMs))) return;
    const change = stretch === 'shorten' ? shorten : lengthen;
    for (const queue of [left, right]) queue.setAvailable(change(queue.samples, queue.available, lag));
    this.#stretch.done(lag);
    this.#pool.counters.timeStretches++;
  }

  /** Takes packets before their time until there are enough samples; false if there are too few. */
  #fetch(samples: number, nowMs: number): boolean {
    while (this.#sound.available < samples) {
      const playout = this.#jitter.empty ? 'idle' : this.#jitter.pop(nowMs);
      if (playout === 'packet') this.#take();
      else if (playout === 'lost') this.#sound.conceal();
      else return false;
    }
    return true;
  }

  #write(from: number, to: number): void {
    const { kernels } = this.#pool;
    const { frames: pool } = kernels;
    this.#frames ??= { mono: pool.take(), left: pool.take(), right: pool.take() };
    const { mono, left, right } = this.#frames;
    left.samples.set(this.#sound.left.head);
    right.samples.set(this.#sound.right.head);
    const { from: levelFrom, to: levelTo } = this.#level;
    const [start, end] = [from * levelFrom, to * levelTo];
    if (start !== 1 || end !== 1) {
      const rampSamples = to > from ? FADE_SAMPLES : FRAME_SAMPLES;
      kernels.ramp(left, start, end, rampSamples);
      kernels.ramp(right, start, end, rampSamples);
    }
    mean(mono.samples, left.samples, right.samples);
    this.#activity.update(levelDbov(mono.samples));
  }

  #releaseFrames(): void {
    if (this.#frames === undefined) return;
    const { frames } = this.#pool.kernels;
    frames.release(this.#frames.mono);
    frames.release(this.#frames.left);
    frames.release(this.#frames.right);
    this.#frames = undefined;
  }
}

/** What a listener in mono hears of both sides; it is never louder than the louder side. */
function mean(out: Float32Array, left: Float32Array, right: Float32Array): void {
  for (let i = 0; i < FRAME_SAMPLES; i++) out[i] = (left[i]! + right[i]!) / 2;
}
