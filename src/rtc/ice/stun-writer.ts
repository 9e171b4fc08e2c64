/** Writes STUN binding messages: the answers of an ICE agent, and the checks that our own clients send. */
import { ipToBytes } from '../../lib/net/ip-address.ts';
import {
  ATTRIBUTE,
  MESSAGE_TYPE,
  STUN_HEADER_LENGTH,
  STUN_MAGIC_COOKIE,
  STUN_TRANSACTION_ID_LENGTH,
  type StunAddress,
  type StunClass,
  type StunKey,
  stunFingerprint,
  stunIntegrity,
} from './stun.ts';

/** A request's username may have 513 bytes (RFC 8445 section 16.1); answers contain nothing that long. */
const MAX_REQUEST = 1024;
const MAX_ANSWER = 256;

export interface BindingRequest {
  /** 12 random bytes. */
  readonly transactionId: Uint8Array;
  /** `remote ufrag:local ufrag` as seen by the receiver: `its own:the other's`. */
  readonly username: string;
  /** The receiver's password. */
  readonly key: StunKey;
  /** For the peer-reflexive candidate that this check may discover (RFC 8445 section 7.1.1). */
  readonly priority: number;
  /** The tie breaker of the controlling agent. */
  readonly tieBreaker: bigint;
  readonly useCandidate: boolean;
}

/** A connectivity check of a controlling agent. */
export function writeBindingRequest(request: BindingRequest): Buffer {
  const writer = new StunWriter('request', request.transactionId, MAX_REQUEST);
  writer.add(ATTRIBUTE.USERNAME, Buffer.from(request.username, 'latin1'));
  const priority = Buffer.alloc(4);
  priority.writeUInt32BE(request.priority);
  writer.add(ATTRIBUTE.PRIORITY, priority);
  const tieBreaker = Buffer.alloc(8);
  tieBreaker.writeBigUInt64BE(request.tieBreaker);
  writer.add(ATTRIBUTE.ICE_CONTROLLING, tieBreaker);
  if (request.useCandidate) writer.add(ATTRIBUTE.USE_CANDIDATE, Buffer.alloc(0));
  return writer.finish(request.key);
}

/** The answer to an accepted request: the address it came from. Throws a RangeError if that is not an IP address. */
export function writeBindingSuccess(transactionId: Uint8Array, from: StunAddress, key: StunKey): Buffer {
  const writer = new StunWriter('success', transactionId, MAX_ANSWER);
  const address = ipToBytes(from.address);
  if (address === null) throw new RangeError(`not an IP address: ${from.address}`);
  const value = Buffer.alloc(4 + address.length);
  value[1] = address.length === 4 ? 1 : 2;
  value.writeUInt16BE(from.port ^ (STUN_MAGIC_COOKIE >>> 16), 2);
  for (let i = 0; i < address.length; i++) value[4 + i] = address[i]! ^ writer.header[4 + i]!;
  writer.add(ATTRIBUTE.XOR_MAPPED_ADDRESS, value);
  return writer.finish(key);
}

/** Refuses an authentic request with unknown attributes (error 420; RFC 8489 section 6.3.1). */
export function writeUnknownAttributes(transactionId: Uint8Array, unknown: readonly number[], key: StunKey): Buffer {
  const writer = new StunWriter('error', transactionId, MAX_ANSWER);
  writer.add(ATTRIBUTE.ERROR_CODE, Buffer.from([0, 0, 4, 20, ...Buffer.from('Unknown Attribute')]));
  const types = Buffer.alloc(unknown.length * 2);
  for (const [i, type] of unknown.entries()) types.writeUInt16BE(type, i * 2);
  writer.add(ATTRIBUTE.UNKNOWN_ATTRIBUTES, types);
  return writer.finish(key);
}

class StunWriter {
  /** The message so far; cookie and transaction id are there from the start. */
  readonly header: Buffer;
  #length = STUN_HEADER_LENGTH;

  constructor(messageClass: StunClass, transactionId: Uint8Array, maxLength: number) {
    if (transactionId.length !== STUN_TRANSACTION_ID_LENGTH)
      throw new RangeError('a transaction id must have 12 bytes');
    this.header = Buffer.alloc(maxLength);
    this.header.writeUInt16BE(MESSAGE_TYPE[messageClass], 0);
    this.header.writeUInt32BE(STUN_MAGIC_COOKIE, 4);
    this.header.set(transactionId, 8);
  }

  add(type: number, value: Uint8Array): void {
    this.header.writeUInt16BE(type, this.#length);
    this.header.writeUInt16BE(value.length, this.#length + 2);
    this.header.set(value, this.#length + 4);
    this.#length += 4 + ((value.length + 3) & ~3);
  }

  finish(key: StunKey): Buffer {
    this.add(ATTRIBUTE.MESSAGE_INTEGRITY, stunIntegrity(this.header, this.#length, key));
    this.header.writeUInt16BE(this.#length + 8 - STUN_HEADER_LENGTH, 2);
    const fingerprint = Buffer.alloc(4);
    fingerprint.writeUInt32BE(stunFingerprint(this.header, this.#length));
    this.add(ATTRIBUTE.FINGERPRINT, fingerprint);
    return this.header.subarray(0, this.#length);
  }
}
