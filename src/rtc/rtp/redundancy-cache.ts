import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import { writeRed } from './red.ts';

interface Repeating {
  readonly previous: Uint8Array;
  readonly blockPayloadType: number;
  readonly payload: Uint8Array | null;
}

/**
 * Packets with a copy of the previous one (RFC 2198), each created once for all listeners who received the same two
 * packets. In a room where many lose packets, that is nearly all of them. Holds those of one tick, for all endpoints of
 * a worker.
 */
export class RedundancyCache {
  #timestamp = -1;
  readonly #made = new Map<Uint8Array, Repeating[]>();

  /**
   * The RED payload for a listener who received `previous` at `previousTimestamp` and now gets `current`; null if there
   * is nothing to repeat: `previous` was silence, is too old, or both together are too large. Packets are compared by
   * identity.
   */
  payload(
    previous: Uint8Array,
    previousTimestamp: number,
    current: Uint8Array,
    timestamp: number,
    blockPayloadType: number,
  ): Uint8Array | null {
    if (previous === SILENCE_PACKET || previous === SILENCE_REFRESH_PACKET) return null;
    if (timestamp !== this.#timestamp) {
      this.#made.clear();
      this.#timestamp = timestamp;
    }
    const madeForCurrent = this.#made.get(current) ?? [];
    for (const made of madeForCurrent) {
      if (made.previous === previous && made.blockPayloadType === blockPayloadType) return made.payload;
    }
    const payload = writeRed(previous, (timestamp - previousTimestamp) >>> 0, current, blockPayloadType);
    madeForCurrent.push({ previous, blockPayloadType, payload });
    this.#made.set(current, madeForCurrent);
    return payload;
  }
}
