/** What people send to a media port who have no business there. Each kind is well-formed enough to be looked at. */
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import { integerBetween, type Prng } from './prng.ts';

const HANDSHAKE = 22;
const ALERT = 21;

/** One DTLS 1.2 record, in the clear or marked as encrypted. */
export function dtlsRecord(type: number, body: Uint8Array, epoch = 0): Buffer {
  const header = Buffer.from([type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, 9, body.length >> 8, body.length & 0xff]);
  return Buffer.concat([header, body]);
}

export function alertRecord(level: 1 | 2, description: number): Buffer {
  return dtlsRecord(ALERT, Buffer.from([level, description]));
}

/** One fragment of a handshake message of `length` bytes. */
export function handshakeRecord(
  type: number,
  sequence: number,
  length: number,
  offset: number,
  piece: Uint8Array,
): Buffer {
  const header = Buffer.alloc(12);
  header[0] = type;
  header.writeUIntBE(length, 1, 3);
  header.writeUInt16BE(sequence, 4);
  header.writeUIntBE(offset, 6, 3);
  header.writeUIntBE(piece.length, 9, 3);
  return dtlsRecord(HANDSHAKE, Buffer.concat([header, piece]));
}

/** RFC 6347 section 4.2.1, as sent by a client without a cookie. */
export function clientHello(prng: Prng): Buffer {
  const body = Buffer.concat([
    Buffer.from([0xfe, 0xfd]),
    bytes(prng, 32),
    Buffer.from([0, 0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0, 0, 0]),
  ]);
  return handshakeRecord(1, 0, body.length, 0, body);
}

export function helloVerifyRequest(prng: Prng): Buffer {
  const body = Buffer.concat([Buffer.from([0xfe, 0xff, 20]), bytes(prng, 20)]);
  return handshakeRecord(3, 0, body.length, 0, body);
}

/** Everything that the handshake must ignore once a connection is established, by name. */
export function dtlsAttacks(prng: Prng): Record<string, Buffer[]> {
  return {
    'fatal alert': [alertRecord(2, 40), alertRecord(2, 0)],
    'close_notify in the clear': [alertRecord(1, 0)],
    'alert that says it is encrypted': [dtlsRecord(ALERT, bytes(prng, 26), 1)],
    ClientHello: [clientHello(prng), clientHello(prng)],
    HelloVerifyRequest: [helloVerifyRequest(prng), helloVerifyRequest(prng)],
    'unknown record types': Array.from({ length: 40 }, (_, index) => dtlsRecord(24 + index, bytes(prng, 20))),
    ChangeCipherSpec: [dtlsRecord(20, Buffer.from([1]))],
    'application data': [dtlsRecord(23, bytes(prng, 40)), dtlsRecord(23, bytes(prng, 40), 1)],
  };
}

export interface StunGuess {
  readonly username: string;
  readonly key?: string;
}

/** A nomination. It is valid if username and key are. */
export function nomination(prng: Prng, { username, key = 'a guess of sufficient length' }: StunGuess): Buffer {
  return writeBindingRequest({
    transactionId: bytes(prng, 12),
    username,
    key,
    priority: 0x6e7f00ff,
    tieBreaker: 1n,
    useCandidate: true,
  });
}

/** A binding request without its last attributes: 8 bytes of fingerprint, or those and 24 of integrity. */
export function withoutLast(request: Buffer, length: 8 | 32): Buffer {
  const cut = Buffer.from(request.subarray(0, request.length - length));
  cut.writeUInt16BE(cut.length - 20, 2);
  return cut;
}

/** An RTP or RTCP packet that was never encrypted. */
export function forgedMedia(prng: Prng, { rtcp = false, length = 100 } = {}): Buffer {
  const packet = bytes(prng, length);
  packet[0] = 0x80;
  packet[1] = rtcp ? 200 : 111;
  if (rtcp) packet[packet.length - 4]! |= 0x80;
  return packet;
}

/** Any of these, or noise. `username` may be an existing one. */
export function junk(prng: Prng, username: string): Buffer {
  switch (integerBetween(prng, 0, 9)) {
    case 0:
      return nomination(prng, { username });
    case 1:
      return nomination(prng, { username: `${integerBetween(prng, 0, 1e9)}:guess` });
    case 2:
      return withoutLast(nomination(prng, { username }), 32);
    case 3:
      return clientHello(prng);
    case 4:
      return alertRecord(2, 40);
    case 5:
      return forgedMedia(prng, { length: integerBetween(prng, 12, 1200) });
    case 6:
      return forgedMedia(prng, { rtcp: true });
    case 7:
      return Buffer.alloc(integerBetween(prng, 0, 3), integerBetween(prng, 0, 255));
    default:
      return bytes(prng, integerBetween(prng, 1, 1400));
  }
}

export function bytes(prng: Prng, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) buffer[i] = prng() * 256;
  return buffer;
}
