import type { Millis } from '../lib/clock.ts';
import type { NetworkPath } from './net/network-path.ts';

/**
 * Sees the decrypted RTP and RTCP packets of one transport, including headers. The bytes belong to the caller and
 * change after the call, so copy what you keep. Must not throw.
 */
export interface PacketTap {
  /** Authentic and decrypted. */
  received(packet: Uint8Array, path: NetworkPath, nowMs: Millis): void;
  /** About to be encrypted and sent. */
  sent(packet: Uint8Array, path: NetworkPath, nowMs: Millis): void;
}
