import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import { writeRed } from './red.ts';

interface Repeating {
  readonly previous: Uint8Array;
  readonly blockPayloadType: number;
  readonly payload: Uint8Array | null;
}

/**
 * The packets that repeat the one before (RFC 2198), each made once for all listeners who were sent the same two: in a room
 * where many lose packets, for nearly all of them. It holds those of one tick, for all endpoints of a worker.
 */
export class RedundancyCache {
  #timestamp = -1;
  readonly #made = new Map<Uint8Array, Repeating[]>();

  /**
   * The RED payload for a listener who was sent `previous` at `previousTimestamp` and now gets `current`; null if there is
   * nothing to repeat: `previous` was silence, is too long ago, or both together are too large. The packets are told apart
   * by identity.
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
    const ofCurrent = this.#made.get(current) ?? [];
    for (const made of ofCurrent) {
      if (made.previous === previous && made.blockPayloadType === blockPayloadType) return made.payload;
    }
    const payload = writeRed(previous, (timestamp - previousTimestamp) >>> 0, current, blockPayloadType);
    ofCurrent.push({ previous, blockPayloadType, payload });
    this.#made.set(current, ofCurrent);
    return payload;
  }
}
