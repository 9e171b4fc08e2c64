/** Splits the redundant packets of one peer (RFC 2198). */
import type { VoicePacket } from '../../formats/voice-packet.ts';
import type { Millis } from '../../lib/clock.ts';
import { createRedBlocks, parseRed } from './red.ts';

export class RedReceiver {
  readonly #blockPayloadType: number;
  readonly #deliver: (packet: VoicePacket, nowMs: Millis) => void;
  readonly #red = createRedBlocks();

  /** @param deliver receives each block, oldest first, in the received object */
  constructor(blockPayloadType: number, deliver: (packet: VoicePacket, nowMs: Millis) => void) {
    this.#blockPayloadType = blockPayloadType;
    this.#deliver = deliver;
  }

  /** Browsers repeat the packets just before this one, so a block's position determines its sequence number. */
  receive(packet: VoicePacket, nowMs: Millis): void {
    const { payload, sequenceNumber, timestamp } = packet;
    if (!parseRed(payload, this.#blockPayloadType, this.#red)) return;
    const { blocks, count } = this.#red;
    for (let i = 0; i < count; i++) {
      const { start, end, timestampOffset } = blocks[i]!;
      const age = count - 1 - i;
      packet.sequenceNumber = (sequenceNumber - age) & 0xffff;
      packet.timestamp = (timestamp - timestampOffset) >>> 0;
      packet.payload = payload.subarray(start, end);
      packet.redundant = age > 0;
      this.#deliver(packet, nowMs);
    }
  }
}
