import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import { JitterBuffer, type Playout } from '../../src/mixer/source/jitter-buffer.ts';

export const counters = () => ({
  packetsLost: 0,
  packetsLate: 0,
  packetsDuplicate: 0,
  packetsDiscarded: 0,
  framesRecovered: 0,
});

/** A 20 ms packet that carries its number. */
export const payloadOf = (n: number) => Uint8Array.of(0xf8, n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff);
const numberOf = (payload: Uint8Array) => payload[1]! | (payload[2]! << 8) | (payload[3]! << 16);

/** One sender's stream into a jitter buffer; packet n is the n-th frame since the start. */
export class Stream {
  readonly counters = counters();
  readonly buffer = new JitterBuffer(this.counters);
  readonly popped: { readonly n: number; readonly atMs: number }[] = [];
  readonly playouts: Playout[] = [];
  readonly #firstSequenceNumber: number;
  readonly #firstTimestamp: number;

  constructor(firstSequenceNumber = 0, firstTimestamp = 0) {
    this.#firstSequenceNumber = firstSequenceNumber;
    this.#firstTimestamp = firstTimestamp;
  }

  /** `time` in frames, if it differs from the packet's number: after a pause in which nothing was sent. */
  push(n: number, atMs: number, { redundant = false, time = n, payload = payloadOf(n) } = {}): void {
    const sequenceNumber = (this.#firstSequenceNumber + n) & 0xffff;
    const timestamp = (this.#firstTimestamp + time * FRAME_SAMPLES) >>> 0;
    this.buffer.push(sequenceNumber, timestamp, payload, -30, redundant, atMs);
  }

  pop(nowMs: number): Playout {
    const playout = this.buffer.pop(nowMs);
    this.playouts.push(playout);
    if (playout === 'packet') this.popped.push({ n: numberOf(this.buffer.packet.payload), atMs: nowMs });
    return playout;
  }

  get numbers(): number[] {
    return this.popped.map(({ n }) => n);
  }

  /** Packets `from` to `to`, each pushed on time and followed by a tick 10 ms later. */
  runSmoothly(from: number, to: number, lateMs = 0): void {
    for (let n = from; n < to; n++) {
      this.push(n, n * PTIME_MS + lateMs);
      this.pop(n * PTIME_MS + lateMs + 10);
    }
  }

  count(playout: Playout): number {
    return this.playouts.filter((what) => what === playout).length;
  }
}

export const increasing = (numbers: readonly number[]) => numbers.every((n, i) => i === 0 || n > numbers[i - 1]!);
export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

export interface Arrival {
  readonly n: number;
  readonly atMs: number;
}

/** Delivers in order of arrival, with a tick every 20 ms. */
export function deliver(stream: Stream, arrivals: readonly Arrival[], untilMs: number): void {
  const sorted = [...arrivals].sort((a, b) => a.atMs - b.atMs);
  let next = 0;
  for (let nowMs = 0; nowMs <= untilMs; nowMs += PTIME_MS) {
    for (; next < sorted.length && sorted[next]!.atMs <= nowMs; next++)
      stream.push(sorted[next]!.n, sorted[next]!.atMs);
    stream.pop(nowMs);
  }
}
