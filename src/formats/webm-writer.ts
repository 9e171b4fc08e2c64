/**
 * Writes one Opus track as WebM (Matroska, RFC 9559) for players that begin anywhere: the head once, then clusters as
 * they come. It has no length, no index and no end.
 */
import { type OpusHead, opusHead } from './opus-head.ts';

/** The IDs of the elements that are written. */
const ID = {
  ebml: 0x1a45dfa3,
  ebmlVersion: 0x4286,
  ebmlReadVersion: 0x42f7,
  ebmlMaxIdLength: 0x42f2,
  ebmlMaxSizeLength: 0x42f3,
  docType: 0x4282,
  docTypeVersion: 0x4287,
  docTypeReadVersion: 0x4285,
  segment: 0x18538067,
  info: 0x1549a966,
  timestampScale: 0x2ad7b1,
  muxingApp: 0x4d80,
  writingApp: 0x5741,
  tracks: 0x1654ae6b,
  trackEntry: 0xae,
  trackNumber: 0xd7,
  trackUid: 0x73c5,
  trackType: 0x83,
  codecId: 0x86,
  codecDelay: 0x56aa,
  seekPreRoll: 0x56bb,
  codecPrivate: 0x63a2,
  audio: 0xe1,
  samplingFrequency: 0xb5,
  channels: 0x9f,
  cluster: 0x1f43b675,
  timestamp: 0xe7,
  simpleBlock: 0xa3,
} as const;

const TRACK = 1;
const AUDIO = 2;
/** Block times are in milliseconds. */
const TIMESTAMP_SCALE_NS = 1_000_000;
const SAMPLE_RATE = 48_000;
/** RFC 7845 section 4.6: a decoder has the right sound after so long. */
const SEEK_PRE_ROLL_NS = 80_000_000;
const APP = 'Partyline';
/** RFC 8794 section 6.2: all bits of the size are 1. */
const UNKNOWN_SIZE = Uint8Array.of(0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const KEY_FRAME = 0x80;
/** A block's time relative to its cluster has 16 bits. */
export const MAX_CLUSTER_MS = 0x7fff;

export interface WebmPacket {
  readonly payload: Uint8Array;
  /** Since the beginning of the track. */
  readonly atMs: number;
}

/** What comes before the first cluster, for every player. */
export function webmHead({ channels, preSkip }: OpusHead): Uint8Array {
  const ebml = element(
    ID.ebml,
    number(ID.ebmlVersion, 1),
    number(ID.ebmlReadVersion, 1),
    number(ID.ebmlMaxIdLength, 4),
    number(ID.ebmlMaxSizeLength, 8),
    text(ID.docType, 'webm'),
    number(ID.docTypeVersion, 4),
    number(ID.docTypeReadVersion, 2),
  );
  const info = element(
    ID.info,
    number(ID.timestampScale, TIMESTAMP_SCALE_NS),
    text(ID.muxingApp, APP),
    text(ID.writingApp, APP),
  );
  const track = element(
    ID.trackEntry,
    number(ID.trackNumber, TRACK),
    number(ID.trackUid, TRACK),
    number(ID.trackType, AUDIO),
    text(ID.codecId, 'A_OPUS'),
    number(ID.codecDelay, Math.round((preSkip * 1e9) / SAMPLE_RATE)),
    number(ID.seekPreRoll, SEEK_PRE_ROLL_NS),
    element(ID.codecPrivate, opusHead({ channels, preSkip })),
    element(ID.audio, float(ID.samplingFrequency, SAMPLE_RATE), number(ID.channels, channels)),
  );
  return Buffer.concat([ebml, idBytes(ID.segment), UNKNOWN_SIZE, info, element(ID.tracks, track)]);
}

/**
 * One cluster. Throws a RangeError without packets, or if they are more than `MAX_CLUSTER_MS` apart.
 * @param packets in order
 */
export function webmCluster(packets: readonly WebmPacket[]): Uint8Array {
  const [first] = packets;
  if (first === undefined) throw new RangeError('a cluster needs a packet');
  const startMs = Math.round(first.atMs);
  const blocks = packets.map(({ payload, atMs }) => {
    const head = Buffer.alloc(4);
    head[0] = 0x80 | TRACK;
    head.writeInt16BE(Math.round(atMs) - startMs, 1);
    head[3] = KEY_FRAME;
    return element(ID.simpleBlock, head, payload);
  });
  return element(ID.cluster, number(ID.timestamp, startMs), ...blocks);
}

function element(id: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([idBytes(id), sizeBytes(length), ...content]);
}

/** The ID contains its own length (RFC 8794 section 5). */
function idBytes(id: number): Uint8Array {
  return bytesOf(id);
}

/** RFC 8794 section 4: the first 1 in the first byte says how many bytes there are. */
function sizeBytes(size: number): Uint8Array {
  // All ones would mean an unknown size.
  for (let length = 1; length <= 4; length++)
    if (size < 2 ** (7 * length) - 1) return bytesOf(2 ** (7 * length) + size);
  throw new RangeError('the element is too large');
}

function number(id: number, value: number): Uint8Array {
  return element(id, bytesOf(value));
}

function float(id: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return element(id, bytes);
}

function text(id: number, value: string): Uint8Array {
  return element(id, Buffer.from(value));
}

/** Big-endian, without zeros in front. */
function bytesOf(value: number): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0 || bytes.length === 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}
