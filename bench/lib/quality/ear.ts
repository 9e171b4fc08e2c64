import { concealmentToc } from '../../../src/formats/opus-packet.ts';
import { distance16, distance32 } from '../../../src/lib/serial.ts';
import { createRedBlocks, parseRed } from '../../../src/rtc/rtp/red.ts';
import { createFrameDecoder, FRAME_SAMPLES } from '../../../test/helpers/opus.ts';
import type { Prng } from '../../../test/helpers/prng.ts';
import type { ReceivedPayload } from '../../client/participant.ts';
import { OPUS_PAYLOAD_TYPE, RED_PAYLOAD_TYPE } from '../../client/session-description.ts';

/** What can be played of a stream. Where nothing was sent, it is silent. */
export interface Heard {
  readonly pcm: Int16Array;
  /**
   * The earliest time at which the first sample could be played, if all packets were as fast as the fastest
   * (monotonic).
   */
  readonly startMs: number;
  /** One entry per packet, in order. Empty if `startMs` holds for all packets. */
  readonly arrivals: readonly Arrival[];
}

export interface Arrival {
  /** Position of the packet's first sample. */
  readonly place: number;
  /** What `startMs` would be if all packets were as fast as this one. */
  readonly startMs: number;
}

/** One frame of a packet. */
interface Frame {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly atMs: number;
}

/** The frames of a packet, oldest first: one, or several with redundancy. */
type Packet = readonly Frame[];

/** Longer than any pause at the start that a search for a sound may reach into. */
const LEAD_SAMPLES = 48_000;

/**
 * One listener. Keeps the packets as they arrive and decodes them at the end, so that decoding does not disturb the
 * run.
 */
export class Ear {
  readonly #packets: Packet[] = [];
  readonly #red = createRedBlocks();

  add({ payload, header, atMs }: ReceivedPayload): void {
    const { sequenceNumber, timestamp } = header;
    if (header.payloadType !== RED_PAYLOAD_TYPE) {
      this.#packets.push([{ sequenceNumber, timestamp, payload: Uint8Array.from(payload), atMs }]);
      return;
    }
    if (!parseRed(payload, OPUS_PAYLOAD_TYPE, this.#red)) return;
    const { count, blocks } = this.#red;
    this.#packets.push(
      blocks.slice(0, count).map(({ timestampOffset, start, end }) => ({
        sequenceNumber: (sequenceNumber - timestampOffset / FRAME_SAMPLES) & 0xffff,
        timestamp: (timestamp - timestampOffset) >>> 0,
        payload: payload.slice(start, end),
        atMs,
      })),
    );
  }

  /**
   * Decodes the stream. For each packet `isLost` first says whether to drop it. A lost frame is taken from the packet
   * that repeats it, or concealed by the decoder, once. Anything missing beyond that is silence.
   */
  listen(isLost: () => boolean): Heard {
    const frames = inOrder(this.#packets.filter(() => !isLost()));
    const [first] = frames;
    if (first === undefined) return { pcm: new Int16Array(0), startMs: 0, arrivals: [] };
    const place = ({ timestamp }: Frame) => LEAD_SAMPLES + distance32(timestamp, first.timestamp);
    const decode = createFrameDecoder();
    const last = frames.reduce((latest, frame) => Math.max(latest, place(frame)), 0);
    const pcm = new Int16Array(last + FRAME_SAMPLES);
    const arrivals = frames.map((frame) => ({ place: place(frame), startMs: frame.atMs - place(frame) / 48 }));
    let before = first;
    for (const frame of frames) {
      const missing = distance16(frame.sequenceNumber, before.sequenceNumber) - 1;
      for (let index = 1; index <= missing; index++) {
        const at = place(before) + index * FRAME_SAMPLES;
        if (at < place(frame)) pcm.set(decode(Uint8Array.of(concealmentToc(before.payload[0]!))), at);
      }
      pcm.set(decode(frame.payload).subarray(0, FRAME_SAMPLES), place(frame));
      before = frame;
    }
    return { pcm, startMs: Math.min(...arrivals.map(({ startMs }) => startMs)), arrivals };
  }
}

/** Each frame once, as it first arrived, ordered by sequence number. */
function inOrder(packets: readonly Packet[]): Frame[] {
  const frames = new Map<number, Frame>();
  const first = packets[0]?.[0];
  for (const packet of packets) {
    for (const frame of packet) {
      // A minute has 3,000 frames, so the numbers do not wrap within a benchmark of ten minutes.
      if (!frames.has(frame.sequenceNumber)) frames.set(frame.sequenceNumber, frame);
    }
  }
  return [...frames.values()].sort(
    (a, b) => distance16(a.sequenceNumber, first!.sequenceNumber) - distance16(b.sequenceNumber, first!.sequenceNumber),
  );
}

/** Loses each packet independently. */
export function randomLoss(percent: number, prng: Prng): () => boolean {
  return () => prng() < percent / 100;
}
