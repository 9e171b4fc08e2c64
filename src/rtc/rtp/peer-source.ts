/** Selects the source of a peer that is heard: one at a time, another when it has stopped. */
import type { Millis } from '../../lib/clock.ts';
import { ReceiveStatistics } from './receive-statistics.ts';

const CLOCK_RATE_HZ = 48_000;
/**
 * A new source takes over when the old one has been silent for this long, or after this many consecutive packets of the
 * new one.
 */
const HANDOVER = { afterMs: 500, packets: 5 } as const;

export class PeerSource {
  /** Null before the first packet. */
  #ssrc: number | null = null;
  #statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
  #lastMs: Millis = Number.NEGATIVE_INFINITY;
  /** Another source that is sending, and its packets since the last one of the current source. */
  #rivalSsrc = 0;
  #rivalPackets = 0;

  get ssrc(): number | null {
    return this.#ssrc;
  }

  /** The statistics of the current source. */
  get statistics(): ReceiveStatistics {
    return this.#statistics;
  }

  /** Counts a packet. Its source is the current one, becomes the current one ('new'), or is not heard ('rival'). */
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
