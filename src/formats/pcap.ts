/**
 * libpcap capture files, as read by Wireshark (draft-ietf-opsawg-pcap): packets inside UDP inside IP, without a link
 * layer. The real transport, DTLS-SRTP over UDP or TCP, does not appear in them.
 */

/** One end of a packet's path. */
export interface PcapEndpoint {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly port: number;
}

export interface PcapPacket {
  readonly source: PcapEndpoint;
  readonly destination: PcapEndpoint;
  /** Milliseconds since 1970 (UTC), with fractions. The file stores microseconds. */
  readonly wallMs: number;
  /** The UDP payload. */
  readonly payload: Uint8Array;
}

/** Records are never longer than this. */
export const MAX_PCAP_RECORD_LENGTH = 4096;

const LINKTYPE_RAW = 101;
const RECORD_HEADER_LENGTH = 16;
const UDP_HEADER_LENGTH = 8;
const UDP = 17;
const HOPS = 64;
const IPV4_DONT_FRAGMENT = 0x4000;
const HEADER_LENGTH = { 4: 20, 6: 40 } as const;
const MAX_IP_PAYLOAD = 0xffff - HEADER_LENGTH[4];

/** The header of a capture file. */
export function pcapFileHeader(): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, MAX_PCAP_RECORD_LENGTH, true);
  view.setUint32(20, LINKTYPE_RAW, true);
  return new Uint8Array(view.buffer);
}

/**
 * Writes one record into `into` at `at`, where `MAX_PCAP_RECORD_LENGTH` bytes must be available, and returns where it
 * ends. Packets that are too long are truncated.
 */
export function writePcapRecord(into: Uint8Array, at: number, packet: PcapPacket): number {
  const { payload, wallMs } = packet;
  const [source, destination] = inOneFamily(packet.source.address, packet.destination.address);
  const family = source.length === 4 ? 4 : 6;
  const headers = HEADER_LENGTH[family] + UDP_HEADER_LENGTH;
  const kept = Math.min(payload.length, MAX_PCAP_RECORD_LENGTH - RECORD_HEADER_LENGTH - headers);
  const view = new DataView(into.buffer, into.byteOffset + at);
  const seconds = Math.floor(wallMs / 1000);
  view.setUint32(0, seconds, true);
  view.setUint32(4, Math.min(999_999, Math.floor((wallMs - seconds * 1000) * 1000)), true);
  view.setUint32(8, headers + kept, true);
  view.setUint32(12, headers + payload.length, true);

  const ip = RECORD_HEADER_LENGTH;
  const udp = ip + HEADER_LENGTH[family];
  const udpLength = Math.min(UDP_HEADER_LENGTH + payload.length, MAX_IP_PAYLOAD);
  if (family === 4) writeIpv4Header(view, ip, udpLength);
  else writeIpv6Header(view, ip, udpLength);
  const addresses = udp - source.length * 2;
  into.set(source, at + addresses);
  into.set(destination, at + addresses + source.length);
  if (family === 4) view.setUint16(ip + 10, ~foldedSum(view, ip, udp) & 0xffff);
  view.setUint16(udp, packet.source.port);
  view.setUint16(udp + 2, packet.destination.port);
  view.setUint16(udp + 4, udpLength);
  view.setUint16(udp + 6, 0);
  const end = udp + UDP_HEADER_LENGTH + kept;
  into.set(kept === payload.length ? payload : payload.subarray(0, kept), at + udp + UDP_HEADER_LENGTH);
  // RFC 768: the checksum includes the addresses, the protocol and the length, and 0 is written as its complement.
  const sum = ~foldedSum(view, addresses, end, UDP + udpLength) & 0xffff;
  view.setUint16(udp + 6, sum === 0 ? 0xffff : sum);
  return at + end;
}

/** RFC 791 section 3.1, without addresses and checksum. */
function writeIpv4Header(view: DataView, at: number, payloadLength: number): void {
  view.setUint16(at, 0x4500);
  view.setUint16(at + 2, HEADER_LENGTH[4] + payloadLength);
  view.setUint16(at + 4, 0);
  view.setUint16(at + 6, IPV4_DONT_FRAGMENT);
  view.setUint8(at + 8, HOPS);
  view.setUint8(at + 9, UDP);
  view.setUint16(at + 10, 0);
}

/** RFC 8200 section 3, without addresses. */
function writeIpv6Header(view: DataView, at: number, payloadLength: number): void {
  view.setUint32(at, 0x60000000);
  view.setUint16(at + 4, payloadLength);
  view.setUint8(at + 6, UDP);
  view.setUint8(at + 7, HOPS);
}

/** RFC 1071: the one's complement sum of 16-bit words. */
function foldedSum(view: DataView, from: number, to: number, start = 0): number {
  let sum = start;
  let at = from;
  for (; at + 1 < to; at += 2) sum += view.getUint16(at);
  if (at < to) sum += view.getUint8(at) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** With a dual-stack socket, one end may be an IPv4-mapped IPv6 address. */
function inOneFamily(source: Uint8Array, destination: Uint8Array): readonly [Uint8Array, Uint8Array] {
  const plain = [withoutMapping(source), withoutMapping(destination)] as const;
  return plain[0].length === plain[1].length ? plain : [mapped(plain[0]), mapped(plain[1])];
}

/** RFC 4291 section 2.5.5.2: ::ffff:192.0.2.1 */
function withoutMapping(address: Uint8Array): Uint8Array {
  const isMapped = address.length === 16 && address[10] === 0xff && address[11] === 0xff && isZero(address, 10);
  return isMapped ? address.subarray(12) : address;
}

function isZero(bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[i] !== 0) return false;
  return true;
}

function mapped(address: Uint8Array): Uint8Array {
  if (address.length === 16) return address;
  const bytes = new Uint8Array(16);
  bytes.fill(0xff, 10, 12);
  bytes.set(address, 12);
  return bytes;
}
