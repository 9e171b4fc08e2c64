/**
 * What one Mumble client says, on its way into the mixer. Its frame number is no clock: during a pause some clients
 * count on, some do not, and some begin again at 0. So each talkspurt gets its place by its arrival.
 */
import { packetSamples, SILENCE_REFRESH_PACKET } from '../../../formats/opus-packet.ts';
import type { Millis } from '../../../lib/clock.ts';
import { TokenBucket } from '../../../lib/rates/token-bucket.ts';
import type { RelayedPacket } from '../../../media/plane.ts';
import type { MumbleVoice } from '../wire/voice-packet.ts';

/** What we announce, in bit/s. Speech of good quality needs a third of it. */
export const MAX_BANDWIDTH = 130_000;
/** What a packet counts besides its payload, as Mumble's own server counts: IP, UDP, and its own header. */
const OVERHEAD_BYTES = 32;
const SAMPLES_PER_MS = 48;
/** A frame of Mumble: 10 ms. */
const UNIT_SAMPLES = 480;
/** Terminators get lost. After such a pause a talkspurt begins all the same. */
const PAUSE_MS: Millis = 1000;
/** Packets overtake each other by less. */
const MAX_JUMP = 100;
const SILENCE_SAMPLES = 20 * SAMPLES_PER_MS;

/** Where packets go; see `RelayedSeat.send`. */
export type SendPacket = (packet: RelayedPacket, startsStream: boolean) => void;

export class Uplink {
  readonly #send: SendPacket;
  readonly #bandwidth: TokenBucket;
  /** Reused for every packet. */
  readonly #packet: { -readonly [K in keyof RelayedPacket]: RelayedPacket[K] } = {
    sequenceNumber: 0,
    timestamp: 0,
    payload: SILENCE_REFRESH_PACKET,
    levelDbov: null,
  };
  /** The first packet of this talkspurt, as the client counts and as we count. */
  #baseFrame = 0;
  #baseSequence = 0;
  #baseTimestamp = 0;
  /** The packet that is furthest ahead. */
  #lastFrame = 0;
  #lastSequence = 0;
  #lastTimestamp = 0;
  #lastMs: Millis = Number.NEGATIVE_INFINITY;
  #samples = 0;
  #isTalking = false;
  #isFirst = true;
  #overLimit = 0;
  #malformed = 0;

  constructor(send: SendPacket, nowMs: Millis) {
    this.#send = send;
    this.#bandwidth = new TokenBucket({ perSecond: MAX_BANDWIDTH / 8, burst: MAX_BANDWIDTH / 8, now: nowMs });
  }

  /** Packets that were left out because the client sends too much. */
  get overLimit(): number {
    return this.#overLimit;
  }

  /** Packets whose Opus has no duration that Mumble knows. */
  get malformed(): number {
    return this.#malformed;
  }

  /** One packet of what the client says. False if it was left out. */
  receive({ frameNumber, opus, isLast }: Readonly<MumbleVoice>, nowMs: Millis): boolean {
    const samples = packetSamples(opus);
    if (samples === 0 || samples % UNIT_SAMPLES !== 0) {
      this.#malformed++;
      return false;
    }
    if (!this.#bandwidth.take(nowMs, opus.length + OVERHEAD_BYTES)) {
      this.#overLimit++;
      return false;
    }
    const isNew = !this.#isTalking || nowMs - this.#lastMs >= PAUSE_MS || samples !== this.#samples;
    if (isNew || Math.abs(frameNumber - this.#lastFrame) > MAX_JUMP) this.#rebase(frameNumber, samples, nowMs);
    const units = frameNumber - this.#baseFrame;
    const sequence = this.#baseSequence + Math.round(units / (samples / UNIT_SAMPLES));
    const timestamp = this.#baseTimestamp + units * UNIT_SAMPLES;
    if (sequence >= this.#lastSequence) {
      this.#lastFrame = frameNumber;
      this.#lastSequence = sequence;
      this.#lastTimestamp = timestamp;
      this.#lastMs = nowMs;
    }
    this.#isTalking = true;
    this.#pass(sequence, timestamp, opus);
    if (isLast) this.#endTalkspurt();
    return true;
  }

  /** The client speaks elsewhere from now on, or is muted: what comes next is a new talkspurt. */
  interrupt(): void {
    this.#isTalking = false;
  }

  /** There is a new seat, which knows nothing of the stream so far. */
  restart(): void {
    this.#isFirst = true;
    this.#isTalking = false;
  }

  #rebase(frameNumber: number, samples: number, nowMs: Millis): void {
    const pauseMs = this.#isFirst ? 0 : nowMs - this.#lastMs;
    const pauseUnits = Math.max(this.#samples, pauseMs * SAMPLES_PER_MS) / UNIT_SAMPLES;
    this.#baseFrame = frameNumber;
    this.#baseSequence = this.#lastSequence + 1;
    this.#baseTimestamp = this.#lastTimestamp + Math.round(pauseUnits) * UNIT_SAMPLES;
    this.#lastSequence = this.#baseSequence;
    this.#samples = samples;
  }

  /** The jitter buffer then knows that a pause begins, and conceals nothing. */
  #endTalkspurt(): void {
    this.#lastSequence++;
    this.#lastTimestamp += this.#samples;
    this.#pass(this.#lastSequence, this.#lastTimestamp, SILENCE_REFRESH_PACKET);
    this.#samples = SILENCE_SAMPLES;
    this.#isTalking = false;
  }

  #pass(sequence: number, timestamp: number, payload: Uint8Array): void {
    const packet = this.#packet;
    packet.sequenceNumber = sequence & 0xffff;
    packet.timestamp = timestamp >>> 0;
    packet.payload = payload;
    this.#send(packet, this.#isFirst);
    this.#isFirst = false;
  }
}
