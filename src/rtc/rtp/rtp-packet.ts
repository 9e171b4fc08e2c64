/**
 * RTP packets (RFC 3550 section 5.1) and the audio level in their header extension (RFC 6464). SRTP never encrypts the
 * header, so all of this works before and after decryption; only the padding count is inside.
 */
import { readUint16, readUint32, writeUint16, writeUint32 } from '../../lib/bytes.ts';

export const RTP_HEADER_LENGTH = 12;

/** The relevant parts of an RTP header. One object per transport is reused for all packets. */
export interface RtpHeader {
  payloadType: number;
  sequenceNumber: number;
  timestamp: number;
  ssrc: number;
  marker: boolean;
  /** The last byte of the payload contains the number of padding bytes: see `withoutPadding`. */
  hasPadding: boolean;
  /** Fixed header, contributing sources and extension: where the payload starts. */
  headerLength: number;
  /** RFC 6464: 0 is full scale, -127 is silence. `null` without the extension. */
  levelDbov: number | null;
}

export function createRtpHeader(): RtpHeader {
  return {
    payloadType: 0,
    sequenceNumber: 0,
    timestamp: 0,
    ssrc: 0,
    marker: false,
    hasPadding: false,
    headerLength: RTP_HEADER_LENGTH,
    levelDbov: null,
  };
}

/**
 * Parses the header of `packet` into `header`. `audioLevelExtensionId` is the negotiated id, or null to ignore levels.
 * Returns false unless it is an RTP packet of version 2 with a complete header; `header` is then undefined.
 */
export function parseRtpHeader(packet: Uint8Array, header: RtpHeader, audioLevelExtensionId: number | null): boolean {
  const length = packet.length;
  if (length < RTP_HEADER_LENGTH) return false;
  const first = packet[0]!;
  if (first >> 6 !== 2) return false;
  const second = packet[1]!;
  header.hasPadding = (first & 0x20) !== 0;
  header.marker = (second & 0x80) !== 0;
  header.payloadType = second & 0x7f;
  header.sequenceNumber = readUint16(packet, 2);
  header.timestamp = readUint32(packet, 4);
  header.ssrc = readUint32(packet, 8);
  header.levelDbov = null;
  // Contributing sources are skipped, because nobody mixes before us.
  let end = RTP_HEADER_LENGTH + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (end + 4 > length) return false;
    const profile = readUint16(packet, end);
    const start = end + 4;
    end = start + readUint16(packet, end + 2) * 4;
    if (end > length) return false;
    if (audioLevelExtensionId !== null) readAudioLevel(packet, start, end, profile, audioLevelExtensionId, header);
  }
  if (end > length) return false;
  header.headerLength = end;
  return true;
}

/**
 * RFC 8285: elements of one-byte headers (profile 0xBEDE) or two-byte headers (0x1000 to 0x100F). A malformed element
 * ends the search.
 */
function readAudioLevel(
  packet: Uint8Array,
  start: number,
  end: number,
  profile: number,
  id: number,
  header: RtpHeader,
): void {
  const oneByte = profile === 0xbede;
  if (!oneByte && profile >> 4 !== 0x100) return;
  let at = start;
  while (at < end) {
    const first = packet[at]!;
    if (first === 0) {
      at++;
      continue;
    }
    let elementId: number;
    let size: number;
    if (oneByte) {
      elementId = first >> 4;
      if (elementId === 15) return;
      size = (first & 0x0f) + 1;
      at += 1;
    } else {
      if (at + 2 > end) return;
      elementId = first;
      size = packet[at + 1]!;
      at += 2;
    }
    if (at + size > end) return;
    if (elementId === id) {
      if (size >= 1) {
        // "0 - x" instead of "-x": a level of 0 is 0, not -0.
        header.levelDbov = 0 - (packet[at]! & 0x7f);
      }
      return;
    }
    at += size;
  }
}

/**
 * Where a decrypted payload ends without its padding, given its end with padding. Returns -1 if the padding count is
 * impossible (RFC 3550 section 5.1).
 */
export function withoutPadding(packet: Uint8Array, header: RtpHeader, end: number): number {
  if (!header.hasPadding) return end;
  const count = packet[end - 1]!;
  return count === 0 || count > end - header.headerLength ? -1 : end - count;
}

/** Writes a header without contributing sources and extension into the first 12 bytes of `packet`. */
export function writeRtpHeader(
  packet: Uint8Array,
  payloadType: number,
  sequenceNumber: number,
  timestamp: number,
  ssrc: number,
  marker: boolean,
): void {
  packet[0] = 0x80;
  packet[1] = (marker ? 0x80 : 0) | payloadType;
  writeUint16(packet, 2, sequenceNumber);
  writeUint32(packet, 4, timestamp);
  writeUint32(packet, 8, ssrc);
}
