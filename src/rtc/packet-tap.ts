import type { Millis } from '../lib/clock.ts';
import type { NetworkPath } from './net/network-path.ts';

/**
 * Is shown the RTP and RTCP packets of one transport in the clear, header and all. The bytes belong to the caller and change after the call;
 * what is to be kept has to be copied. It must not throw.
 */
export interface PacketTap {
  /** Authentic and decrypted. */
  received(packet: Uint8Array, path: NetworkPath, nowMs: Millis): void;
  /** About to be encrypted and sent. */
  sent(packet: Uint8Array, path: NetworkPath, nowMs: Millis): void;
}
