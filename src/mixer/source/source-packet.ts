/** A packet from the network, without header details. */
export interface SourcePacket {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  /** The source keeps it until it is played. */
  readonly payload: Uint8Array;
  /** RFC 6464; null if the sender does not say. */
  readonly levelDbov: number | null;
  /** A copy from a redundant block (RFC 2198). */
  readonly redundant: boolean;
}
