/**
 * One Opus packet of a participant on its way from the network to the mixer. Each source of packets allocates one such
 * object and reuses it for every packet. The payload bytes may be retained.
 */
export interface VoicePacket {
  /** 16 bits (RFC 3550 section 5.1). */
  sequenceNumber: number;
  /** 32 bits, in samples at 48 kHz (RFC 7587 section 4.1). */
  timestamp: number;
  /** One Opus packet (RFC 6716 section 3). */
  payload: Uint8Array;
  /** The level claimed by the sender (RFC 6464): 0 is full scale, -127 is silence, null if there is none. */
  levelDbov: number | null;
  /** A copy from a redundant block (RFC 2198). */
  redundant: boolean;
}
