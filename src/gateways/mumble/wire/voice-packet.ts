/** Voice packets and pings of both generations, as they are before encryption or in the tunnel. */
import { ProtoReader } from './protobuf.ts';
import { putVarint, VarintReader } from './varint.ts';
import type { VoiceFormat } from './version.ts';

/** One packet that a peer sent. `readVoicePacket` reuses one such object. */
export interface MumbleVoice {
  /**
   * From a client: 0 is normal, 1 to 30 are targets of whispers, 31 asks for an echo. From a server: 0 is normal, 1
   * shouted, 2 whispered, 3 heard by listening to a channel.
   */
  target: number;
  /** The talker; 0 from a client. */
  session: number;
  /** In units of 10 ms; what it counts during pauses depends on the client. */
  frameNumber: number;
  /** One Opus packet: a view of what was read. */
  opus: Uint8Array;
  /** The talker has ended a talkspurt with this packet. */
  isLast: boolean;
}

/** One packet that was read, which may say where its talker is. */
export interface ReceivedVoice extends MumbleVoice {
  /** In metres, left-handed: x to the right, y up, z forward. The next packet overwrites it. Null if it was not sent. */
  position: Readonly<Float32Array> | null;
}

export const NORMAL_TARGET = 0;
/** From a server: the packet is whispered. */
export const WHISPER_CONTEXT = 2;
export const LOOPBACK_TARGET = 31;
/** Bytes of a whole packet, with those of the encryption. */
export const MAX_PACKET_BYTES = 1024;
/** What comes before and after the Opus packet: generous for both formats, and the encryption. */
const OVERHEAD_BYTES = 48;
/** The largest Opus packet that fits into every packet. */
export const MAX_OPUS_BYTES = MAX_PACKET_BYTES - OVERHEAD_BYTES;

const OLD_OPUS = 4;
const OLD_PING = 1;
const OLD_LAST = 0x2000;
const OLD_LENGTH_MASK = 0x1fff;
/** Three floats, little-endian. */
const POSITION_BYTES = 12;
const VOICE_TYPE = 0;
const PING_TYPE = 1;
/** Keys of the fields of the packets since 1.5. */
const KEY = { target: 0x08, context: 0x10, session: 0x18, frame: 0x20, opus: 0x2a, last: [0x80, 0x01] } as const;
const FIELD = { target: 1, context: 2, session: 3, frame: 4, opus: 5, position: 6, last: 16 } as const;
const VARINT = 0;
/** The three numbers of a position together. Somebody may write them one by one, and is heard all the same. */
const DELIMITED = 2;
const LIMIT = 2 ** 53;
const NOTHING = new Uint8Array(0);

const varints = new VarintReader();
const reader = new ProtoReader(NOTHING);
const found: ReceivedVoice = { target: 0, session: 0, frameNumber: 0, opus: NOTHING, isLast: false, position: null };
const positionBytes = new DataView(new ArrayBuffer(POSITION_BYTES));
const position = new Float32Array(3);

/** Whether a decrypted packet asks for its own repetition. */
export function isPing(format: VoiceFormat, packet: Uint8Array): boolean {
  if (packet.length === 0) return false;
  return format === 'old' ? packet[0]! >> 5 === OLD_PING : packet[0] === PING_TYPE;
}

/**
 * Reads a voice packet. Null if it is malformed, or not Opus.
 * @param isFromServer it names the talker
 * @returns an object that the next call reuses
 */
export function readVoicePacket(format: VoiceFormat, packet: Uint8Array, isFromServer = false): ReceivedVoice | null {
  found.session = 0;
  found.frameNumber = 0;
  found.isLast = false;
  found.opus = NOTHING;
  found.position = null;
  const isRead = format === 'old' ? readOld(packet, isFromServer) : readProtobuf(packet, isFromServer);
  return isRead ? found : null;
}

function readOld(packet: Uint8Array, isFromServer: boolean): boolean {
  const end = packet.length;
  if (end < 2 || packet[0]! >> 5 !== OLD_OPUS) return false;
  found.target = packet[0]! & 31;
  let at = 1;
  if (isFromServer) {
    if (!varints.read(packet, at, end)) return false;
    found.session = varints.value;
    at = varints.at;
  }
  if (!varints.read(packet, at, end)) return false;
  found.frameNumber = varints.value;
  if (!varints.read(packet, varints.at, end) || varints.value > (OLD_LAST | OLD_LENGTH_MASK)) return false;
  const start = varints.at;
  const opusEnd = start + (varints.value & OLD_LENGTH_MASK);
  // A position may follow, and nothing else.
  if (opusEnd !== end && opusEnd + POSITION_BYTES !== end) return false;
  found.isLast = (varints.value & OLD_LAST) !== 0;
  found.opus = packet.subarray(start, opusEnd);
  if (opusEnd !== end) takePosition(packet, opusEnd);
  return found.opus.length > 0;
}

function readProtobuf(packet: Uint8Array, isFromServer: boolean): boolean {
  if (packet[0] !== VOICE_TYPE) return false;
  found.target = 0;
  reader.reset(packet, 1, packet.length);
  while (!reader.isAtEnd) {
    if (!reader.readKey()) return false;
    if (reader.field === FIELD.opus) {
      const opus = reader.readBytes();
      if (opus === null) return false;
      found.opus = opus;
    } else if (reader.field === FIELD.position && reader.wireType === DELIMITED) {
      const bytes = reader.readBytes();
      if (bytes === null) return false;
      if (bytes.length === POSITION_BYTES) takePosition(bytes, 0);
    } else if (reader.wireType !== VARINT) {
      if (!reader.skip()) return false;
    } else {
      if (!reader.readVarint() || !takeNumber(reader.field, isFromServer)) return false;
    }
  }
  return found.opus.length > 0;
}

/** Numbers that are none are no position, and neither is the origin: Mumble's way to say that it does not know. */
function takePosition(bytes: Uint8Array, at: number): void {
  for (let i = 0; i < POSITION_BYTES; i++) positionBytes.setUint8(i, bytes[at + i]!);
  let isKnown = false;
  for (let i = 0; i < position.length; i++) {
    const metres = positionBytes.getFloat32(4 * i, true);
    if (!Number.isFinite(metres)) return;
    isKnown ||= metres !== 0;
    position[i] = metres;
  }
  if (isKnown) found.position = position;
}

function takeNumber(number: number, isFromServer: boolean): boolean {
  const value = reader.high * 2 ** 32 + reader.low;
  if (number === (isFromServer ? FIELD.context : FIELD.target)) found.target = value;
  else if (number === FIELD.session) found.session = value;
  else if (number === FIELD.frame) found.frameNumber = value;
  else if (number === FIELD.last) found.isLast = value !== 0;
  return value < LIMIT;
}

/**
 * Writes a voice packet. There is no bounds check: `into` has `MAX_PACKET_BYTES`, and the Opus packet at most
 * `MAX_OPUS_BYTES`.
 * @param isFromServer `target` is a context, and the talker is named
 * @returns its length
 */
export function writeVoicePacket(
  format: VoiceFormat,
  into: Uint8Array,
  voice: Readonly<MumbleVoice>,
  isFromServer = false,
): number {
  return format === 'old' ? writeOld(into, voice, isFromServer) : writeProtobuf(into, voice, isFromServer);
}

function writeOld(
  into: Uint8Array,
  { target, session, frameNumber, opus, isLast }: Readonly<MumbleVoice>,
  isFromServer: boolean,
): number {
  into[0] = (OLD_OPUS << 5) | (target & 31);
  let at = 1;
  if (isFromServer) at = putVarint(into, at, session);
  at = putVarint(into, at, frameNumber);
  at = putVarint(into, at, opus.length | (isLast ? OLD_LAST : 0));
  into.set(opus, at);
  return at + opus.length;
}

function writeProtobuf(
  into: Uint8Array,
  { target, session, frameNumber, opus, isLast }: Readonly<MumbleVoice>,
  isFromServer: boolean,
): number {
  into[0] = VOICE_TYPE;
  let at = 1;
  // Of the field with alternatives one is always there, although 0 is what it is by default.
  into[at++] = isFromServer ? KEY.context : KEY.target;
  at = putProtoVarint(into, at, target);
  if (isFromServer) {
    into[at++] = KEY.session;
    at = putProtoVarint(into, at, session);
  }
  into[at++] = KEY.frame;
  at = putProtoVarint(into, at, frameNumber);
  into[at++] = KEY.opus;
  at = putProtoVarint(into, at, opus.length);
  into.set(opus, at);
  at += opus.length;
  if (!isLast) return at;
  into[at++] = KEY.last[0];
  into[at++] = KEY.last[1];
  into[at++] = 1;
  return at;
}

function putProtoVarint(into: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) into[at++] = (rest % 128) | 128;
  into[at++] = rest;
  return at;
}
