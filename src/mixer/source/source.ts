/**
 * One participant's voice on its way into the mix: takes packets, produces one frame of samples per tick, or nothing.
 *
 * Only speakers admitted by the talker limit are decoded. The packets of others pass through the jitter buffer, and the
 * last few are kept: decoding these first brings a decoder in sync when someone starts to be heard (RFC 7845 section
 * 4.6). Speech is detected from the claimed levels (RFC 6464) as long as the sound agrees with them
 * (`claimed-level.ts`). To verify this for sources that are not decoded, a packet is decoded now and then.
 *
 * A voice that is heard alone is not decoded either, if its listeners can be sent its packets as they are
 * (`passage.ts`): a frame is then decoded only if somebody needs its samples.
 */

import { isDtx } from '../../formats/opus-packet.ts';
import type { CodecPool } from '../codec/codec-pool.ts';
import { FRAME_SAMPLES, SAMPLES_PER_MS, SILENCE_DBOV } from '../format.ts';
import type { Frame } from '../kernels/frame.ts';
import { crossFade, levelDbov } from '../kernels/pcm.ts';
import { type BufferedPacket, JitterBuffer } from './jitter-buffer.ts';
import type { MixSource } from './mix-source.ts';
import { NOTHING_ARRIVED, Passage } from './passage.ts';
import { QuietPackets } from './quiet-packets.ts';
import type { SampleQueue } from './sample-queue.ts';
import type { SourceOptions } from './source-options.ts';
import type { SourcePacket } from './source-packet.ts';
import { Speech } from './speech.ts';
import { PATIENCE_WHILE_PASSED_TICKS, StretchPlan } from './stretch-plan.ts';
import { type Talker, TalkerLimit } from './talker-limit.ts';
import { findLag, lengthen, shorten } from './time-stretch.ts';
import { FADE_SAMPLES, VoiceDecoder } from './voice-decoder.ts';
import { VoiceOutput } from './voice-output.ts';

/** Temporary between two calls: what a dropped frame would have sounded like. */
const dropped = new Float32Array(FRAME_SAMPLES);

export class Source implements MixSource, Talker {
  readonly sides = undefined;
  /** Set by the talker limit. */
  admitted = false;
  readonly #pool: CodecPool;
  #talkerLimit: TalkerLimit;
  readonly #jitter: JitterBuffer;
  readonly #speech = new Speech();
  readonly #stretch = new StretchPlan();
  readonly #decoder: VoiceDecoder;
  #muted = false;
  /** The decoder's state belongs to the previous stream. */
  #decoderIsStale = false;
  /** The time of the last tick. */
  #nowMs = 0;

  readonly #queue: SampleQueue;
  readonly #output: VoiceOutput;
  readonly #passage: Passage;
  readonly #quiet: QuietPackets;
  /** This tick's frame was decoded although its packet can be passed on. */
  #isRendered = false;

  constructor(pool: CodecPool, muted: boolean, { talkerLimit, levelling = false }: SourceOptions = {}) {
    this.#pool = pool;
    this.#talkerLimit = talkerLimit ?? new TalkerLimit(0);
    this.#jitter = new JitterBuffer(pool.counters);
    this.#decoder = new VoiceDecoder(pool);
    this.#passage = new Passage(pool);
    this.#queue = this.#decoder.queue;
    this.#quiet = new QuietPackets(this.#jitter, this.#speech, this.#decoder.preRoll);
    this.#output = new VoiceOutput(pool.kernels);
    this.#muted = muted;
    this.setLevelling(levelling);
  }

  get frame(): Frame {
    return this.#output.frame;
  }

  /**
   * This tick's packet if listeners can be sent it instead of a mix with this voice alone, or `NOTHING_ARRIVED` for a
   * frame that their receivers should conceal; otherwise undefined.
   */
  get passed(): Uint8Array | undefined {
    return this.#passage.payload;
  }

  get awake(): boolean {
    return !this.#jitter.idle || this.#speech.voice.active || this.#output.gain > 0 || this.#decoder.isOpen;
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
    return this.#output.gain > 0;
  }

  get jitterBufferDelayMs(): number {
    return this.#jitter.delayMs;
  }

  setMuted(muted: boolean): void {
    this.#muted = muted;
  }

  /** When switched off, the gain is taken back gradually while the voice is heard. */
  setLevelling(levelling: boolean): void {
    this.#output.setLevelling(levelling);
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
    const { sequenceNumber, timestamp, payload, levelDbov, redundant } = packet;
    this.#jitter.push(sequenceNumber, timestamp, payload, levelDbov, redundant, nowMs);
  }

  passOver(nowMs: number): boolean {
    return this.#quiet.take(nowMs);
  }

  /** Packets pushed from now on belong to another stream. The sound of the previous one fades. */
  restart(): void {
    this.#jitter.reset();
    this.#passage.end();
    this.#decoder.preRoll.clear();
    this.#decoderIsStale = true;
  }

  /**
   * Advances by one frame. True if there is sound in `frame`, false if this source adds nothing to the mix now.
   * @param mayPass whether packets may be passed on undecoded, if this voice begins now or was passed on before
   */
  read(nowMs: number, mayPass = false): boolean {
    this.#nowMs = nowMs;
    this.#leaveFrame();
    this.#passage.startTick(mayPass);
    this.#queue.advance();
    if (this.#queue.available >= FRAME_SAMPLES || this.#fill(nowMs)) this.#adjustDelay(nowMs);
    if (this.#sound()) return true;
    this.#output.releaseFrame();
    return false;
  }

  /** Makes sure that `frame` contains the samples of this tick. */
  render(): void {
    const payload = this.passed;
    if (payload === undefined || this.#isRendered) return;
    this.#isRendered = true;
    this.#queue.clear();
    this.#openDecoder();
    if (payload === NOTHING_ARRIVED) this.#decoder.conceal();
    else this.#decoder.play(payload, FRAME_SAMPLES);
    this.#output.write(this.#queue, undefined);
  }

  /** Listeners hear this voice in a mix from now on, at least until it has been silent. */
  endPassage(): void {
    this.render();
    this.#leaveFrame();
    this.#passage.end();
  }

  close(): void {
    this.#output.releaseFrame();
    this.#decoder.release();
    this.#decoder.preRoll.clear();
    this.#jitter.reset();
  }

  /** True if the current samples came in the normal way and end with a packet. */
  #fill(nowMs: number): boolean {
    let received = false;
    while (this.#queue.available < FRAME_SAMPLES) {
      const playout = this.#jitter.pop(nowMs);
      received = playout === 'packet';
      if (playout === 'idle') return this.#fallSilent();
      if (received) this.#take(this.#jitter.packet);
      else this.#conceal();
    }
    return received;
  }

  #take(packet: BufferedPacket): void {
    if (this.#decoderIsStale) this.#decoder.release();
    this.#decoderIsStale = false;
    if (!this.#listen(packet)) this.#skip(packet);
    else if (this.#mayPass(packet)) this.#pass(packet.payload);
    else if (this.#passage.continues && (this.#isSilent(packet) || !this.speaking)) this.#skip(packet);
    else this.#decode(packet);
  }

  /** Whether listeners may be sent this packet as it is. A voice whose gain is not 0 dB must be decoded. */
  #mayPass({ payload, levelDbov }: BufferedPacket): boolean {
    const begins = this.#output.gain === 0 && this.#queue.available === 0;
    return (
      this.#passage.admits(payload, begins) &&
      (begins || this.#queue.isBlank) &&
      this.speaking &&
      this.admitted &&
      this.#output.isUnlevelled &&
      !this.#stretch.isUnderway &&
      levelDbov !== null &&
      !this.#speech.isMeasured &&
      this.#passage.trusts(payload, levelDbov, this.#speech, this.#decoder.preRoll, this.#nowMs)
    );
  }

  #pass(payload: Uint8Array): void {
    this.#leaveFrame();
    this.#passage.pass(payload);
    this.#queue.appendBlank(FRAME_SAMPLES);
    this.#output.observe(this.#speech.claimedDbov, this.#speech.voice.thresholdDbov);
  }

  /** This frame's packet is over, whether somebody needed its samples or not. */
  #leaveFrame(): void {
    const payload = this.passed;
    if (payload === undefined) return;
    if (payload !== NOTHING_ARRIVED) this.#decoder.preRoll.add(payload);
    if (!this.#isRendered) {
      this.#decoder.release();
      this.#output.releaseFrame();
    }
    this.#isRendered = false;
  }

  /** Detects speech, if possible without decoding. True if the packet should be decoded and heard. */
  #listen(packet: BufferedPacket): boolean {
    const durationMs = packet.durationSamples / SAMPLES_PER_MS;
    const silent = this.#isSilent(packet);
    if (silent) this.#speech.silence(durationMs);
    else this.#speech.claim(packet.levelDbov, durationMs);
    if (this.#askToBeHeard() || this.#output.gain > 0) return true;
    return !silent && ((this.#speech.isMeasured && this.#talkerLimit.hasRoom) || this.#check(packet));
  }

  #isSilent({ payload }: BufferedPacket): boolean {
    return this.#muted || isDtx(payload);
  }

  #decode(packet: BufferedPacket): void {
    this.#openDecoder();
    const written = this.#decoder.play(packet.payload, packet.durationSamples);
    this.#passage.end();
    this.#decoder.preRoll.clear();
    this.#measure(packet, written === undefined ? SILENCE_DBOV : levelDbov(written));
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
    this.#measure(packet, this.#decoder.preRoll.measure(payload, this.#pool));
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
  #skip({ payload, durationSamples }: BufferedPacket): void {
    this.#passage.end();
    this.#decoder.release();
    this.#decoder.preRoll.add(payload);
    this.#queue.appendBlank(durationSamples);
  }

  #conceal(): void {
    if (this.#bridge()) return;
    if (this.#passage.continues) this.#openDecoder();
    this.#passage.end();
    this.#decoder.conceal();
  }

  /** True if the receivers of a voice that is passed on should conceal this frame. */
  #bridge(): boolean {
    this.#leaveFrame();
    if (!this.#passage.bridge()) return false;
    this.#queue.appendBlank(FRAME_SAMPLES);
    return true;
  }

  /** Nothing to play: fades out the last sound. Releases the decoder once the speaker has really stopped. */
  #fallSilent(): false {
    this.#stretch.cancel();
    const active = this.#speech.silence();
    if (active && this.#bridge()) return false;
    const fades = this.#decoder.fadeOut(this.#output.gain > 0);
    if (!active && !fades) this.#decoder.release();
    return false;
  }

  /**
   * Returns the delay to its target where nobody hears it: in frames that are not decoded or contain only background
   * or, if there are none for a while, by shortening or lengthening speech a little.
   */
  #adjustDelay(nowMs: number): void {
    const excess = this.#jitter.hasExcess(nowMs);
    const shortage = this.#jitter.hasShortage(nowMs);
    const isVoid = this.#queue.isBlank && this.passed === undefined;
    if (isVoid || ((excess || shortage) && this.#isQuiet)) {
      this.#stretch.cancel();
      if (excess) this.#dropFrame(nowMs);
      else if (shortage && this.#queue.available < 2 * FRAME_SAMPLES) this.#jitter.pause();
      return;
    }
    const isPatient = excess && this.passed !== undefined;
    const stretch = this.#stretch.next(
      excess ? 'shorten' : shortage ? 'lengthen' : undefined,
      isPatient ? PATIENCE_WHILE_PASSED_TICKS : undefined,
    );
    // A voice that is passed on will be decoded from the next packet on.
    if (stretch === undefined || this.passed !== undefined) return;
    const { samples } = this.#queue;
    const lag = findLag(samples, this.#stretch.maxLag);
    if (lag === 0 || (stretch === 'shorten' && !this.#fetch(FRAME_SAMPLES + lag, nowMs))) return;
    this.#queue.setAvailable((stretch === 'shorten' ? shorten : lengthen)(samples, this.#queue.available, lag));
    this.#stretch.done(lag);
    this.#pool.counters.timeStretches++;
  }

  /** Whether nobody would notice if this tick's frame were left out. */
  get #isQuiet(): boolean {
    const level = this.passed === undefined ? levelDbov(this.#queue.head) : this.#speech.claimedDbov;
    return level < this.#speech.voice.thresholdDbov;
  }

  #dropFrame(nowMs: number): void {
    if (!this.#fetch(2 * FRAME_SAMPLES, nowMs)) return;
    const { isBlank } = this.#queue;
    if (!isBlank) dropped.set(this.#queue.head);
    this.#queue.advance();
    if (!isBlank) crossFade(this.#queue.head, dropped, FADE_SAMPLES);
  }

  /** Takes packets before their time until there are enough samples; false if there are too few. */
  #fetch(samples: number, nowMs: number): boolean {
    while (this.#queue.available < samples) {
      const playout = this.#jitter.empty ? 'idle' : this.#jitter.pop(nowMs);
      if (playout === 'packet') this.#take(this.#jitter.packet);
      else if (playout === 'lost') this.#conceal();
      else return false;
    }
    return true;
  }

  /** True if this tick's frame is heard. */
  #sound(): boolean {
    const isPassed = this.passed !== undefined;
    const before = this.#output.gain;
    const gain = isPassed || (!this.#queue.isBlank && this.speaking && this.admitted) ? 1 : 0;
    this.#output.turnTo(gain);
    if (isPassed) return true;
    if (this.#queue.isBlank || (before === 0 && gain === 0)) return false;
    const saysLevel = gain === 1 && !this.#decoder.isConcealing;
    this.#output.write(this.#queue, saysLevel ? this.#speech.voice.thresholdDbov : undefined);
    return true;
  }

  #openDecoder(): void {
    const { continues, missed } = this.#passage;
    this.#decoder.open(continues ? missed : undefined);
  }
}
