/**
 * Says where in a recording each packet of one participant belongs: in server time, because clocks of senders drift,
 * stand still while their device is suspended, and start anew with each connection.
 *
 * The offset of a packet is its arrival minus its RTP time. Delays of the network only increase it, so the smallest
 * offset of the last 20 s, and of the second after the packet, is the best estimate of when sound was captured. Packets
 * are held back for that second, which also puts them into order.
 */
import { packetSamples } from '../formats/opus-packet.ts';
import type { Millis } from '../lib/clock.ts';
import { WindowedMinimum } from './windowed-minimum.ts';

export const SAMPLES_PER_MS = 48;
/** How long packets wait for later ones. Any that take longer are left out. */
export const HOLD_MS: Millis = 1000;

const WINDOW_MS: Millis = 20_000;
/** An offset that is larger by this for a second means that the sender stood still. */
const STALL_SAMPLES = 100 * SAMPLES_PER_MS;
/** RTP time that runs ahead of the arrivals by this, or backwards by this, is unrelated to what came before. */
const JUMP_SAMPLES = 1000 * SAMPLES_PER_MS;
const BACKWARD_JUMP_SAMPLES = -2000 * SAMPLES_PER_MS;
/** More than a second has of the shortest packets. */
const MAX_HELD = 500;
/** Nobody starts anew more often within a second. */
const MAX_STREAMS = 50;
/** More than 120 ms of Opus at 510 kb/s take. One page of Ogg cannot hold every payload that fits a datagram. */
const MAX_PACKET_BYTES = 8192;
/** Drift measured over less than this is mostly jitter. */
const MIN_DRIFT_MS: Millis = 60_000;

/** A packet as the tap shows it. */
export interface TapPacket {
  readonly arrivalMs: Millis;
  /** Changes with each new RTP stream of the participant, whose time stamps are unrelated to the others. */
  readonly stream: number;
  /** 32 bits, in samples. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
  /** RFC 6464; null if there is none. */
  readonly levelDbov: number | null;
}

/** A packet whose turn has come. */
export interface PlacedPacket {
  readonly payload: Uint8Array;
  /** Its duration. */
  readonly samples: number;
  /** Where it belongs, in samples since the start of the recording. Jitter of some milliseconds remains. */
  readonly at: number;
  /** RTP time between the end of the previous packet and this one; null: it begins a stream. */
  readonly gap: number | null;
  readonly levelDbov: number | null;
}

export class TrackClock {
  readonly #startMs: Millis;
  /** The current one is the last; others still have packets that wait. */
  readonly #streams: StreamClock[] = [];
  #stream: number | undefined;
  #driftPpm: number | null = null;

  /** @param startMs when the recording started, in the time of the arrivals */
  constructor(startMs: Millis) {
    this.#startMs = startMs;
  }

  /** How much faster than the server the sender's clock runs, in millionths; null: not known. */
  get driftPpm(): number | null {
    return this.#streams.at(-1)?.driftPpm ?? this.#driftPpm;
  }

  /** Packets that no decoder would accept are ignored. */
  add(packet: TapPacket): void {
    const samples = packetSamples(packet.payload);
    if (samples === 0 || packet.payload.length > MAX_PACKET_BYTES) return;
    const current = this.#streams.at(-1);
    if (current !== undefined && packet.stream === this.#stream && current.add(packet, samples)) return;
    if (this.#streams.length >= MAX_STREAMS) return;
    this.#stream = packet.stream;
    const next = new StreamClock(this.#startMs);
    next.add(packet, samples);
    this.#streams.push(next);
  }

  /** Delivers, in order, the packets that arrived more than `HOLD_MS` ago. */
  take(nowMs: Millis, deliver: (packet: PlacedPacket) => void): void {
    this.#takeUntil(nowMs - HOLD_MS, deliver);
  }

  /** Delivers everything that waits. */
  takeAll(deliver: (packet: PlacedPacket) => void): void {
    this.#takeUntil(Number.POSITIVE_INFINITY, deliver);
  }

  get isWaiting(): boolean {
    return this.#streams.some((stream) => stream.isWaiting);
  }

  #takeUntil(arrivalMs: Millis, deliver: (packet: PlacedPacket) => void): void {
    for (;;) {
      const oldest = this.#streams[0];
      oldest?.takeUntil(arrivalMs, deliver);
      if (oldest === undefined || oldest.isWaiting || this.#streams.length === 1) return;
      this.#driftPpm = oldest.driftPpm ?? this.#driftPpm;
      this.#streams.shift();
    }
  }
}

interface Held {
  /** RTP time, unwrapped. */
  readonly time: number;
  readonly samples: number;
  readonly packet: TapPacket;
}

/** One RTP stream. */
class StreamClock {
  readonly #startMs: Millis;
  /** In the order of their times. */
  readonly #held: Held[] = [];
  readonly #ahead = new WindowedMinimum();
  readonly #past = new WindowedMinimum();
  /** The newest packet so far. */
  #newest: { time: number; timestamp: number; arrivalMs: Millis } | undefined;
  /** The end of the packet delivered last. */
  #end: number | undefined;
  #driftFrom: { time: number; offset: number } | undefined;
  driftPpm: number | null = null;

  constructor(startMs: Millis) {
    this.#startMs = startMs;
  }

  get isWaiting(): boolean {
    return this.#held.length > 0;
  }

  /** False if the packet belongs to another stream. */
  add(packet: TapPacket, samples: number): boolean {
    const time = this.#timeOf(packet);
    if (time === undefined) return false;
    this.#ahead.add(packet.arrivalMs, this.#offset(time, packet.arrivalMs));
    const held = this.#held;
    let at = held.length;
    while (at > 0 && held[at - 1]!.time > time) at--;
    const isDouble = at > 0 && held[at - 1]!.time === time;
    if (!isDouble && held.length < MAX_HELD) held.splice(at, 0, { time, samples, packet });
    return true;
  }

  takeUntil(arrivalMs: Millis, deliver: (packet: PlacedPacket) => void): void {
    const held = this.#held;
    let taken = 0;
    for (; taken < held.length; taken++) {
      const next = held[taken]!;
      if (next.packet.arrivalMs > arrivalMs) break;
      this.#place(next, deliver);
    }
    held.splice(0, taken);
  }

  #place({ time, samples, packet }: Held, deliver: (packet: PlacedPacket) => void): void {
    const { arrivalMs, payload, levelDbov } = packet;
    const offset = this.#offsetAt(this.#offset(time, arrivalMs), arrivalMs, time);
    // Too late, or in the time of the one before.
    if (this.#end !== undefined && time < this.#end) return;
    const gap = this.#end === undefined ? null : time - this.#end;
    this.#end = time + samples;
    deliver({ payload, samples, levelDbov, gap, at: time + offset - samples });
  }

  /** The best estimate for the time of this packet. */
  #offsetAt(own: number, arrivalMs: Millis, time: number): number {
    this.#ahead.forgetBefore(arrivalMs);
    this.#past.forgetBefore(arrivalMs - WINDOW_MS);
    const ahead = Math.min(own, this.#ahead.smallest ?? own);
    const past = this.#past.smallest ?? ahead;
    const isStalled = ahead - past > STALL_SAMPLES;
    if (isStalled) {
      this.#past.clear();
      this.#driftFrom = undefined;
    }
    this.#past.add(arrivalMs, own);
    const offset = isStalled ? ahead : Math.min(ahead, past);
    this.#measureDrift(time, offset);
    return offset;
  }

  #measureDrift(time: number, offset: number): void {
    this.#driftFrom ??= { time, offset };
    const passed = time - this.#driftFrom.time;
    if (passed < MIN_DRIFT_MS * SAMPLES_PER_MS) return;
    this.driftPpm = Math.round(((this.#driftFrom.offset - offset) / passed) * 1e6);
  }

  #offset(time: number, arrivalMs: Millis): number {
    return (arrivalMs - this.#startMs) * SAMPLES_PER_MS - time;
  }

  /** Undefined if the time has jumped. */
  #timeOf({ timestamp, arrivalMs }: TapPacket): number | undefined {
    const newest = this.#newest;
    if (newest === undefined) {
      this.#newest = { time: timestamp, timestamp, arrivalMs };
      return timestamp;
    }
    const step = (timestamp - newest.timestamp) | 0;
    const passed = (arrivalMs - newest.arrivalMs) * SAMPLES_PER_MS;
    if (step > passed + JUMP_SAMPLES || step < BACKWARD_JUMP_SAMPLES) return undefined;
    const time = newest.time + step;
    if (step > 0) this.#newest = { time, timestamp, arrivalMs };
    return time;
  }
}
