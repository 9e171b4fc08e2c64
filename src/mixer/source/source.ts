/**
 * One participant's voice on its way into the mix: takes packets, produces one frame of samples per tick, or nothing.
 *
 * Only speakers admitted by the talker limit are decoded. The packets of others pass through the jitter buffer, and the
 * last few are kept: decoding these first brings a decoder in sync when someone starts to be heard (RFC 7845 section
 * 4.6). Speech is detected from the claimed levels (RFC 6464) as long as the sound agrees with them
 * (`claimed-level.ts`). To verify this for sources that are not decoded, a packet is decoded now and then.
 */

import { isDtx } from '../../formats/opus-packet.ts';
import type { Decoder } from '../codec/codec.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, MAX_PACKET_SAMPLES, SAMPLES_PER_MS, SILENCE_DBOV } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { applyRamp, crossFade, levelDbov } from '../kernels/pcm.ts';
import { type BufferedPacket, JitterBuffer } from './jitter-buffer.ts';
import { Leveller } from './leveller.ts';
import { PreRoll } from './pre-roll.ts';
import type { SourcePacket } from './source-packet.ts';
import { Speech } from './speech.ts';
import { StretchPlan } from './stretch-plan.ts';
import { type Talker, TalkerLimit } from './talker-limit.ts';
import { findLag, lengthen, shorten } from './time-stretch.ts';

const FADE_SAMPLES = 5 * SAMPLES_PER_MS;
/** Gain at the end of each frame. The decoder alone would conceal for ever, and louder after five CELT frames. */
const CONCEALMENT_GAINS = [1, 0.8, 0.5, 0.2, 0] as const;

/** Temporary between two calls: what a dropped frame would have sounded like. */
const dropped = new Float32Array(FRAME_SAMPLES);

export interface SourceOptions {
  /** The room's limit; by default everyone is heard. */
  readonly talkerLimit?: TalkerLimit;
  /** Whether to bring quiet and loud talkers to about the same level; off by default. */
  readonly levelling?: boolean;
}

export class Source implements Talker {
  /** Set by the talker limit. */
  admitted = false;
  readonly #pool: CodecPool;
  #talkerLimit: TalkerLimit;
  #levelling = false;
  /** Kept until its gain is back at 0 dB. */
  #leveller: Leveller | undefined;
  readonly #jitter: JitterBuffer;
  readonly #speech = new Speech();
  readonly #stretch = new StretchPlan();
  readonly #preRoll = new PreRoll();
  #decoder: Decoder | undefined;
  #muted = false;
  /** The decoder's state belongs to the previous stream. */
  #decoderIsStale = false;
  /** The time of the last tick. */
  #nowMs = 0;

  /** Samples to be played; the first `FRAME_SAMPLES`, `#head`, are this tick's. Allocated on first speech. */
  #pcm: Float32Array | undefined;
  #head: Float32Array | undefined;
  /** The audible frame of this tick; taken from the pool while the source sounds. */
  #frame: Frame | undefined;
  #available = 0;
  /** The available samples only stand for time: they were neither decoded nor written. */
  #blank = true;

  #gain = 0;
  #concealedInRow = 0;

  constructor(pool: CodecPool, muted: boolean, options: SourceOptions = {}) {
    this.#pool = pool;
    this.#talkerLimit = options.talkerLimit ?? new TalkerLimit(0);
    this.#jitter = new JitterBuffer(pool.counters);
    this.#muted = muted;
    this.setLevelling(options.levelling ?? false);
  }

  /** This tick's samples with all gains applied; valid after `read` returned true. */
  get frame(): Frame {
    return this.#frame!;
  }

  /** Whether this source needs the next ticks. */
  get awake(): boolean {
    return !this.#jitter.idle || this.#speech.voice.active || this.#gain > 0 || this.#decoder !== undefined;
  }

  get speaking(): boolean {
    return this.#speech.voice.active && !this.#muted;
  }

  /** Speaks, and recently decoded packets confirm it. */
  get isProvenSpeaker(): boolean {
    return this.speaking && this.#speech.isProven(this.#nowMs);
  }

  get levelDbov(): number {
    return this.#speech.voice.levelDbov;
  }

  get loudnessDbov(): number {
    return this.#speech.voice.loudnessDbov;
  }

  get sounding(): boolean {
    return this.#gain > 0;
  }

  get jitterBufferDelayMs(): number {
    return this.#jitter.delayMs;
  }

  /** Takes effect with the next tick, during which the voice fades. */
  setMuted(muted: boolean): void {
    this.#muted = muted;
  }

  /** When switched off, the gain is taken back gradually while the voice is heard. */
  setLevelling(levelling: boolean): void {
    this.#levelling = levelling;
    if (levelling) this.#leveller ??= new Leveller();
  }

  /** Whoever is heard now is still heard if there is room in the other limit; otherwise the voice fades. */
  competeFor(limit: TalkerLimit): void {
    if (limit === this.#talkerLimit) return;
    const wasAdmitted = this.admitted;
    this.#talkerLimit.drop(this);
    this.#talkerLimit = limit;
    if (wasAdmitted && limit.hasRoom) limit.request(this);
  }

  push(packet: SourcePacket, nowMs: number): void {
    this.#jitter.push(
      packet.sequenceNumber,
      packet.timestamp,
      packet.payload,
      packet.levelDbov,
      packet.redundant,
      nowMs,
    );
  }

  /** Packets pushed from now on belong to another stream. The sound of the previous one fades. */
  restart(): void {
    this.#jitter.reset();
    this.#preRoll.clear();
    this.#decoderIsStale = true;
  }

  /** Advances by one frame. True if there is sound in `frame`, false if this source adds nothing to the mix now. */
  read(nowMs: number): boolean {
    this.#nowMs = nowMs;
    this.#consume();
    if (this.#available >= FRAME_SAMPLES || this.#fill(nowMs)) this.#adjustDelay(nowMs);
    if (this.#blank) this.#gain = 0;
    else if (this.#applyGate()) return true;
    this.#releaseFrame();
    return false;
  }

  close(): void {
    this.#releaseFrame();
    this.#releaseDecoder();
    this.#preRoll.clear();
    this.#jitter.reset();
  }

  /** Moves the rest of a longer packet to the front. */
  #consume(): void {
    if (this.#available > FRAME_SAMPLES) {
      if (!this.#blank) this.#pcm!.copyWithin(0, FRAME_SAMPLES, this.#available);
      this.#available -= FRAME_SAMPLES;
    } else {
      this.#available = 0;
      this.#blank = true;
    }
  }

  /** True if the current samples came in the normal way and end with a packet. */
  #fill(nowMs: number): boolean {
    let received = false;
    while (this.#available < FRAME_SAMPLES) {
      const playout = this.#jitter.pop(nowMs);
      received = playout === 'packet';
      if (received) {
        this.#take(this.#jitter.packet);
      } else if (playout === 'idle') {
        this.#fallSilent();
        return false;
      } else {
        this.#conceal();
      }
    }
    return received;
  }

  #take(packet: BufferedPacket): void {
    if (this.#decoderIsStale) this.#releaseDecoder();
    this.#decoderIsStale = false;
    if (this.#listen(packet)) this.#decode(packet);
    else this.#pass(packet);
  }

  /** Detects speech, if possible without decoding. True if the packet should be decoded and heard. */
  #listen(packet: BufferedPacket): boolean {
    const durationMs = packet.durationSamples / SAMPLES_PER_MS;
    const silent = this.#isSilent(packet);
    if (silent) this.#speech.silence(durationMs);
    else this.#speech.claim(packet.levelDbov, durationMs);
    if (this.#askToBeHeard() || this.#gain > 0) return true;
    return !silent && ((this.#speech.isMeasured && this.#talkerLimit.hasRoom) || this.#check(packet));
  }

  #isSilent({ payload }: BufferedPacket): boolean {
    return this.#muted || isDtx(payload);
  }

  #decode(packet: BufferedPacket): void {
    const pcm = this.#openDecoder().decode(packet.payload);
    if (pcm === undefined) {
      this.#pool.counters.packetsDiscarded++;
      for (let samples = 0; samples < packet.durationSamples; samples += FRAME_SAMPLES) this.#conceal();
      this.#measure(packet, SILENCE_DBOV);
      return;
    }
    this.#pool.counters.framesDecoded++;
    const written = this.#append(pcm);
    this.#measure(packet, levelDbov(written));
    if (this.#concealedInRow > 0) applyRamp(written, concealmentGain(this.#concealedInRow), 1, FADE_SAMPLES);
    this.#concealedInRow = 0;
  }

  /** Occasionally decodes a packet of an unheard source, to verify its level. True if it should be heard after all. */
  #check(packet: BufferedPacket): boolean {
    const { payload, durationSamples } = packet;
    const bytes = (payload.length * FRAME_SAMPLES) / durationSamples;
    if (!this.#speech.isCheckDue(bytes, this.#nowMs) || !this.#pool.allowsCheck(this.#nowMs)) {
      this.#speech.skip(durationSamples / SAMPLES_PER_MS);
      return false;
    }
    this.#speech.checked(bytes, this.#nowMs);
    this.#measure(packet, this.#preRoll.measure(payload, this.#pool));
    return this.admitted;
  }

  #measure(packet: BufferedPacket, measuredDbov: number): void {
    if (this.#isSilent(packet)) return;
    this.#speech.measure(packet.levelDbov, measuredDbov, packet.durationSamples / SAMPLES_PER_MS, this.#nowMs);
    this.#askToBeHeard();
  }

  /** Only proven speakers may take someone's place. */
  #askToBeHeard(): boolean {
    if (!this.speaking) return false;
    if (!this.admitted && (this.#talkerLimit.hasRoom || this.isProvenSpeaker)) this.#talkerLimit.request(this);
    return this.admitted;
  }

  /** Consumes a packet of a silent source without decoding it. */
  #pass({ payload, durationSamples }: BufferedPacket): void {
    this.#releaseDecoder();
    this.#preRoll.add(payload);
    this.#appendBlank(durationSamples);
  }

  #conceal(): void {
    if (this.#decoder === undefined) {
      this.#appendBlank(FRAME_SAMPLES);
      return;
    }
    this.#pool.counters.framesConcealed++;
    const from = concealmentGain(this.#concealedInRow);
    this.#concealedInRow++;
    const pcm = from > 0 ? this.#decoder.conceal() : undefined;
    if (pcm === undefined) this.#appendBlank(FRAME_SAMPLES);
    else applyRamp(this.#append(pcm), from, concealmentGain(this.#concealedInRow), FRAME_SAMPLES);
  }

  /** Nothing to play: fades out the last sound, and releases the decoder once the speaker has really stopped. */
  #fallSilent(): void {
    this.#stretch.cancel();
    const active = this.#speech.silence();
    const from = this.#gain > 0 ? concealmentGain(this.#concealedInRow) : 0;
    const pcm = from > 0 ? this.#decoder?.conceal() : undefined;
    if (pcm !== undefined) applyRamp(this.#append(pcm), from, 0, FRAME_SAMPLES);
    else if (!this.#blank) this.#pcm!.fill(0, this.#available, FRAME_SAMPLES);
    this.#concealedInRow = CONCEALMENT_GAINS.length;
    if (!active && pcm === undefined) this.#releaseDecoder();
  }

  /**
   * Returns the delay to its target where nobody hears it: in frames that are not decoded or contain only background
   * or, if there are none for a while, by shortening or lengthening speech a little.
   */
  #adjustDelay(nowMs: number): void {
    const excess = this.#jitter.hasExcess(nowMs);
    const shortage = this.#jitter.hasShortage(nowMs);
    if (this.#blank || ((excess || shortage) && levelDbov(this.#head!) < this.#speech.voice.thresholdDbov)) {
      this.#stretch.cancel();
      if (excess) this.#dropFrame(nowMs);
      else if (shortage && this.#available < 2 * FRAME_SAMPLES) this.#jitter.pause();
      return;
    }
    const stretch = this.#stretch.next(excess ? 'shorten' : shortage ? 'lengthen' : undefined);
    if (stretch === undefined) return;
    const lag = findLag(this.#pcm!, this.#stretch.maxLag);
    if (lag === 0 || (stretch === 'shorten' && !this.#fetch(FRAME_SAMPLES + lag, nowMs))) return;
    this.#available = (stretch === 'shorten' ? shorten : lengthen)(this.#pcm!, this.#available, lag);
    this.#stretch.done(lag);
    this.#pool.counters.timeStretches++;
  }

  #dropFrame(nowMs: number): void {
    if (!this.#fetch(2 * FRAME_SAMPLES, nowMs)) return;
    const blank = this.#blank;
    if (!blank) dropped.set(this.#head!);
    this.#consume();
    if (!blank) crossFade(this.#head!, dropped, FADE_SAMPLES);
  }

  /** Takes packets before their time until there are enough samples; false if there are too few. */
  #fetch(samples: number, nowMs: number): boolean {
    while (this.#available < samples) {
      const playout = this.#jitter.empty ? 'idle' : this.#jitter.pop(nowMs);
      if (playout === 'packet') this.#take(this.#jitter.packet);
      else if (playout === 'lost') this.#conceal();
      else return false;
    }
    return true;
  }

  #applyGate(): boolean {
    const target = this.speaking && this.admitted ? 1 : 0;
    if (target === 0 && this.#gain === 0) return false;
    const { kernels } = this.#pool;
    this.#frame ??= kernels.frames.take();
    this.#frame.samples.set(this.#head!);
    if (this.#leveller !== undefined) this.#level(this.#leveller, this.#frame, target === 1);
    if (target !== 1 || this.#gain !== 1) {
      kernels.ramp(this.#frame, this.#gain, target, target > this.#gain ? FADE_SAMPLES : FRAME_SAMPLES);
    }
    this.#gain = target;
    return true;
  }

  #level(leveller: Leveller, frame: Frame, heard: boolean): void {
    if (!this.#levelling) {
      leveller.release();
    } else if (heard && this.#concealedInRow === 0) {
      const level = levelDbov(frame.samples);
      leveller.observe(level, level >= this.#speech.voice.thresholdDbov);
    }
    leveller.apply(frame, this.#pool.kernels);
    if (!this.#levelling && leveller.neutral) this.#leveller = undefined;
  }

  #append(pcm: Int16Array): Float32Array {
    this.#pcm ??= new Float32Array(2 * FRAME_SAMPLES + MAX_PACKET_SAMPLES);
    this.#head ??= this.#pcm.subarray(0, FRAME_SAMPLES);
    if (this.#blank) this.#pcm.fill(0, 0, this.#available);
    this.#blank = false;
    this.#pcm.set(pcm, this.#available);
    const written = this.#pcm.subarray(this.#available, this.#available + pcm.length);
    this.#available += pcm.length;
    return written;
  }

  #appendBlank(samples: number): void {
    if (!this.#blank) this.#pcm!.fill(0, this.#available, this.#available + samples);
    this.#available += samples;
  }

  #openDecoder(): Decoder {
    if (this.#decoder === undefined) {
      this.#decoder = this.#preRoll.takeDecoder(this.#pool);
      this.#preRoll.clear();
      // Fades in where the sound begins, which with short packets may be in the middle of a frame.
      this.#concealedInRow = CONCEALMENT_GAINS.length;
    }
    return this.#decoder;
  }

  #releaseFrame(): void {
    if (this.#frame === undefined) return;
    this.#pool.kernels.frames.release(this.#frame);
    this.#frame = undefined;
  }

  #releaseDecoder(): void {
    if (this.#decoder === undefined) return;
    this.#pool.releaseDecoder(this.#decoder);
    this.#decoder = undefined;
  }
}

/** The gain after this many consecutive concealed frames. */
function concealmentGain(frames: number): number {
  return CONCEALMENT_GAINS[Math.max(0, frames - 1)] ?? 0;
}
