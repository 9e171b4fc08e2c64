import { distance16, distance32 } from '../../src/lib/serial.ts';
import { createFrameDecoder, FRAME_SAMPLES } from './opus.ts';

export interface HeardPacket {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly payload: Uint8Array;
  /** When it arrived (monotonic). */
  readonly atMs: number;
}

/** The ears of a participant: every packet, and the sound in them. */
export class Hearing {
  readonly packets: HeardPacket[] = [];
  readonly #decode = createFrameDecoder();
  readonly #pcm: Int16Array[] = [];

  add(packet: HeardPacket): void {
    this.packets.push(packet);
    this.#pcm.push(this.#decode(packet.payload).slice(0, FRAME_SAMPLES));
  }

  /** Returns a mark for what arrives from now on. */
  mark(): number {
    return this.packets.length;
  }

  /** The sound of the packets between two marks, placed by their timestamps. What was not sent is silence. */
  sound(from = 0, to = this.packets.length): Int16Array {
    const first = this.packets[from];
    const last = this.packets[to - 1];
    if (first === undefined || last === undefined || to <= from) return new Int16Array(0);
    const heard = new Int16Array(distance32(last.timestamp, first.timestamp) + FRAME_SAMPLES);
    for (let index = from; index < to; index++) {
      heard.set(this.#pcm[index]!, distance32(this.packets[index]!.timestamp, first.timestamp));
    }
    return heard;
  }

  /**
   * What is wrong with the RTP stream since a mark: sequence numbers that are not consecutive, and timestamp steps
   * other than 20 ms.
   */
  breaks(from = 0, to = this.packets.length): string[] {
    const found: string[] = [];
    for (let index = from + 1; index < to; index++) {
      const before = this.packets[index - 1]!;
      const packet = this.packets[index]!;
      const step = distance16(packet.sequenceNumber, before.sequenceNumber);
      if (step !== 1) found.push(`sequence number ${packet.sequenceNumber} after ${before.sequenceNumber}`);
      const time = distance32(packet.timestamp, before.timestamp);
      if (time !== FRAME_SAMPLES) found.push(`${time} samples before sequence number ${packet.sequenceNumber}`);
    }
    return found;
  }
}
