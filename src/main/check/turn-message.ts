/** The few TURN messages (RFC 8656) needed to test credentials. */
import { createHash } from 'node:crypto';
import { ATTRIBUTE, STUN_HEADER_LENGTH, STUN_MAGIC_COOKIE, stunIntegrity } from '../../rtc/ice/stun.ts';

export const TURN_TYPE = { allocate: 0x0003, allocated: 0x0103, allocateError: 0x0113, refresh: 0x0004 } as const;

/** RFC 8656 section 18. */
export const LIFETIME = 0x000d;
export const REQUESTED_TRANSPORT = 0x0019;

export type TurnAttribute = readonly [type: number, value: Uint8Array];

export interface TurnAnswer {
  readonly type: number;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

/** With a key, the message gets a MESSAGE-INTEGRITY. */
export function writeTurn(
  type: number,
  transactionId: Uint8Array,
  attributes: readonly TurnAttribute[],
  key?: Uint8Array,
): Buffer {
  const parts = attributes.map(([attribute, value]) => writeAttribute(attribute, value));
  const head = Buffer.alloc(STUN_HEADER_LENGTH);
  head.writeUInt16BE(type, 0);
  head.writeUInt32BE(STUN_MAGIC_COOKIE, 4);
  head.set(transactionId, 8);
  let message = Buffer.concat([head, ...parts]);
  if (key !== undefined) {
    const integrity = stunIntegrity(message, message.length, key);
    message = Buffer.concat([message, writeAttribute(ATTRIBUTE.MESSAGE_INTEGRITY, integrity)]);
  }
  message.writeUInt16BE(message.length - STUN_HEADER_LENGTH, 2);
  return message;
}

/** The response to the request with this id, if the bytes start with a complete one. */
export function readTurn(bytes: Buffer, transactionId: Buffer): TurnAnswer | undefined {
  if (bytes.length < STUN_HEADER_LENGTH || bytes.readUInt32BE(4) !== STUN_MAGIC_COOKIE) return undefined;
  if (!bytes.subarray(8, STUN_HEADER_LENGTH).equals(transactionId)) return undefined;
  const end = STUN_HEADER_LENGTH + bytes.readUInt16BE(2);
  if (bytes.length < end) return undefined;
  const attributes = new Map<number, Buffer>();
  for (let at = STUN_HEADER_LENGTH; at + 4 <= end; ) {
    const length = bytes.readUInt16BE(at + 2);
    attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, Math.min(end, at + 4 + length)));
    at += 4 + ((length + 3) & ~3);
  }
  return { type: bytes.readUInt16BE(0), attributes };
}

/** RFC 8489 section 14.8; 0 if there is none. */
export function errorCode({ attributes }: TurnAnswer): number {
  const value = attributes.get(ATTRIBUTE.ERROR_CODE);
  return value === undefined || value.length < 4 ? 0 : (value[2]! & 7) * 100 + value[3]!;
}

/** The key of long-term credentials (RFC 8489 section 9.2.2). */
export function longTermKey(username: string, realm: string, password: string): Buffer {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

function writeAttribute(type: number, value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + ((value.length + 3) & ~3));
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}
