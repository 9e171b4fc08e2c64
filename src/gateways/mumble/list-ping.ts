/** What Mumble's list of servers asks in the clear, without a connection: how many are here. */
import { readUint32, writeUint32 } from '../../lib/bytes.ts';
import { MAX_BANDWIDTH } from './shared/uplink.ts';
import { decodeMessage, encodeMessage, field } from './wire/protobuf.ts';
import { OWN_VERSION, versionV1 } from './wire/version.ts';

export interface ListFacts {
  readonly users: number;
  readonly maxUsers: number;
}

const OLD_REQUEST_LENGTH = 12;
const OLD_ANSWER_LENGTH = 24;
/** Of a question since 1.5: with room for every field. */
const MAX_REQUEST_LENGTH = 32;
const PING_TYPE = 1;
const PING = {
  timestamp: field(1, 'uint64'),
  asksForMore: field(2, 'bool'),
  version: field(3, 'uint64'),
  users: field(4, 'uint32'),
  maxUsers: field(5, 'uint32'),
  maxBandwidth: field(6, 'uint32'),
};

/** The answer in the format of the question; null if this is no question. It is at most twice as long. */
export function answerListPing(datagram: Uint8Array, facts: () => ListFacts): Uint8Array | null {
  if (datagram.length === OLD_REQUEST_LENGTH && readUint32(datagram, 0) === 0) return oldAnswer(datagram, facts());
  if (datagram[0] !== PING_TYPE || datagram.length > MAX_REQUEST_LENGTH) return null;
  const ping = decodeMessage(PING, datagram.subarray(1));
  if (ping?.asksForMore !== true || ping.version !== undefined) return null;
  const { users, maxUsers } = facts();
  const answer = { timestamp: ping.timestamp, version: OWN_VERSION, users, maxUsers, maxBandwidth: MAX_BANDWIDTH };
  return Buffer.concat([Uint8Array.of(PING_TYPE), encodeMessage(PING, answer)]);
}

function oldAnswer(request: Uint8Array, { users, maxUsers }: ListFacts): Uint8Array {
  const answer = new Uint8Array(OLD_ANSWER_LENGTH);
  writeUint32(answer, 0, versionV1(OWN_VERSION));
  answer.set(request.subarray(4), 4);
  writeUint32(answer, 12, users);
  writeUint32(answer, 16, maxUsers);
  writeUint32(answer, 20, MAX_BANDWIDTH);
  return answer;
}
