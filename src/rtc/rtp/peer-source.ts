/** Which of a peer's sources is heard: one at a time, the others when it has stopped. */
import type { Millis } from '../../lib/clock.ts';
import { ReceiveStatistics } from './receive-statistics.ts';

const CLOCK_RATE_HZ = 48_000;
/** A new source takes over when the old one has been silent for this long, or when so many packets in a row are of the new one. */
const HANDOVER = { afterMs: 500, packets: 5 } as const;

export class PeerSource {
  /** Null before the first packet. */
  #ssrc: number | null = null;
  #statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
  #lastMs: Millis = Number.NEGATIVE_INFINITY;
  /** Another source that sends meanwhile, and its packets since the last one of the present source. */
  #rivalSsrc = 0;
  #rivalPackets = 0;

  get ssrc(): number | null {
    return this.#ssrc;
  }

  /** Of the present source. */
  get statistics(): ReceiveStatistics {
    return this.#statistics;
  }

  /** Counts a packet, whose source is the present one, becomes the present one ('new'), or is not heard ('rival'). */
  follow(ssrc: number, nowMs: Millis): 'present' | 'new' | 'rival' {
    const isPresent = ssrc === this.#ssrc;
    if (!isPresent && this.#ssrc !== null && !this.#hasTakenOver(ssrc, nowMs)) return 'rival';
    this.#rivalPackets = 0;
    this.#lastMs = nowMs;
    if (isPresent) return 'present';
    this.#ssrc = ssrc;
    this.#statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
    return 'new';
  }

  #hasTakenOver(ssrc: number, nowMs: Millis): boolean {
    if (ssrc !== this.#rivalSsrc) this.#rivalPackets = 0;
    this.#rivalSsrc = ssrc;
    this.#rivalPackets++;
    return nowMs - this.#lastMs >= HANDOVER.afterMs || this.#rivalPackets >= HANDOVER.packets;
  }
}
