import { distance16, distance32 } from '../../../src/lib/serial.ts';
import { concealmentToc } from '../../../src/mixer/opus-packet.ts';
import { createFrameDecoder, FRAME_SAMPLES } from '../../../test/helpers/opus.ts';
import type { Prng } from '../../../test/helpers/prng.ts';
import type { ReceivedPayload } from '../../client/participant.ts';

/** What can be played of a stream; silence where nothing was sent. */
export interface Heard {
  readonly pcm: Int16Array;
  /** When the first sample could be played at the earliest, if all packets were as fast as the fastest (monotonic). */
  readonly startMs: number;
  /** One for each packet, in order; empty where `startMs` holds for all. */
  readonly arrivals: readonly Arrival[];
}

export interface Arrival {
  /** Of the packet's first sample. */
  readonly place: number;
  /** What `startMs` would be if all packets were as fast as this one. */
  readonly startMs: number;
}

interface Packet {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly atMs: number;
}

/** Longer than any pause at the start that a search for a sound may look into. */
const LEAD_SAMPLES = 48_000;

/** One listener. Keeps the packets as they come and decodes them when all is over, so that nothing is disturbed meanwhile. */
export class Ear {
  readonly #packets: Packet[] = [];

  add({ payload, header, atMs }: ReceivedPayload): void {
    const { sequenceNumber, timestamp } = header;
    this.#packets.push({ sequenceNumber, timestamp, payload: Uint8Array.from(payload), atMs });
  }

  /**
   * Decodes, after `isLost` has said for each packet whether it is to be thrown away. A lost frame is concealed by the
   * decoder, once; what is missing beyond that is silence.
   */
  listen(isLost: () => boolean): Heard {
    const packets = this.#packets.filter(() => !isLost());
    const [first] = packets;
    if (first === undefined) return { pcm: new Int16Array(0), startMs: 0, arrivals: [] };
    const place = ({ timestamp }: Packet) => LEAD_SAMPLES + distance32(timestamp, first.timestamp);
    const decode = createFrameDecoder();
    const last = packets.reduce((latest, packet) => Math.max(latest, place(packet)), 0);
    const pcm = new Int16Array(last + FRAME_SAMPLES);
    const arrivals = packets.map((packet) => ({ place: place(packet), startMs: packet.atMs - place(packet) / 48 }));
    let before = first;
    for (const packet of packets) {
      const missing = distance16(packet.sequenceNumber, before.sequenceNumber) - 1;
      if (packet !== first && missing < 0) continue;
      for (let frame = 1; frame <= missing; frame++) {
        const at = place(before) + frame * FRAME_SAMPLES;
        if (at < place(packet)) pcm.set(decode(Uint8Array.of(concealmentToc(before.payload[0]!))), at);
      }
      pcm.set(decode(packet.payload).subarray(0, FRAME_SAMPLES), place(packet));
      before = packet;
    }
    return { pcm, startMs: Math.min(...arrivals.map(({ startMs }) => startMs)), arrivals };
  }
}

/** Independent loss. */
export function randomLoss(percent: number, prng: Prng): () => boolean {
  return () => prng() < percent / 100;
}
