import { SILENCE_PACKET, SILENCE_REFRESH_PACKET } from '../../formats/opus-packet.ts';
import { writeRed } from '../../rtc/rtp/red.ts';

interface Repeating {
  readonly previous: Uint8Array;
  readonly current: Uint8Array;
  readonly blockPayloadType: number;
  readonly payload: Uint8Array | null;
}

/**
 * The packets of a room that repeat the one before (RFC 2198), each made once for all listeners who were sent the same
 * two: in a room where many lose packets nearly all of them. Holds those of one tick.
 */
export class RedundancyCache {
  #timestamp = -1;
  readonly #made: Repeating[] = [];

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
      this.#made.length = 0;
      this.#timestamp = timestamp;
    }
    for (const made of this.#made) {
      if (made.current === current && made.previous === previous && made.blockPayloadType === blockPayloadType) {
        return made.payload;
      }
    }
    const payload = writeRed(previous, (timestamp - previousTimestamp) >>> 0, current, blockPayloadType);
    this.#made.push({ previous, current, blockPayloadType, payload });
    return payload;
  }
}
