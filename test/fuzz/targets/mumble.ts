import { randomFillSync } from 'node:crypto';
import { answerListPing } from '../../../src/gateways/mumble/list-ping.ts';
import { fromHtml } from '../../../src/gateways/mumble/shared/html.ts';
import { CryptState } from '../../../src/gateways/mumble/wire/crypt-state.ts';
import { encodeFrame, FrameReader } from '../../../src/gateways/mumble/wire/frames.ts';
import { MESSAGES, type MessageName, TYPE } from '../../../src/gateways/mumble/wire/messages.ts';
import { decodeMessage, encodeMessage } from '../../../src/gateways/mumble/wire/protobuf.ts';
import {
  MAX_OPUS_BYTES,
  MAX_PACKET_BYTES,
  readVoicePacket,
  writeVoicePacket,
} from '../../../src/gateways/mumble/wire/voice-packet.ts';
import { type FuzzTarget, hold } from '../target.ts';

const MAX_LENGTH = 65_536;
const names = Object.keys(MESSAGES) as MessageName[];
const nameOf = new Map(names.map((name) => [TYPE[name] as number, name]));
const opus = Uint8Array.of(0x78, 1, 2, 3);
const voice = { target: 0, session: 3, frameNumber: 1234, opus, isLast: true };

function packet(format: 'old' | 'protobuf', isFromServer: boolean): Uint8Array {
  const into = new Uint8Array(1024);
  return into.slice(0, writeVoicePacket(format, into, voice, isFromServer));
}

/** Frames of the control channel, with their messages. */
export const mumbleControl: FuzzTarget = {
  name: 'mumble-control',
  files: ['frames', 'protobuf', 'messages'].map((name) => `src/gateways/mumble/wire/${name}.ts`),
  maxBytes: 4096,
  seeds: () => [
    encodeFrame(TYPE.version, encodeMessage(MESSAGES.version, { versionV1: 0x10500, versionV2: 1n << 48n, os: 'X' })),
    encodeFrame(
      TYPE.authenticate,
      encodeMessage(MESSAGES.authenticate, { username: 'Ada', tokens: ['a', 'b'], opus: true }),
    ),
    encodeFrame(TYPE.userState, encodeMessage(MESSAGES.userState, { selfMute: true, listeningChannelAdd: [1, 2] })),
    encodeFrame(TYPE.textMessage, encodeMessage(MESSAGES.textMessage, { channelIds: [1], message: '<b>x</b>' })),
    encodeFrame(TYPE.codecVersion, encodeMessage(MESSAGES.codecVersion, { alpha: -1, opus: true })),
  ],
  run: (input) => {
    let read = 0;
    const reader = new FrameReader(MAX_LENGTH, (type, payload) => {
      read += payload.length + 6;
      const name = nameOf.get(type);
      if (name === undefined) return;
      const message = decodeMessage(MESSAGES[name], payload);
      if (message === null) return;
      const again = decodeMessage(MESSAGES[name], encodeMessage(MESSAGES[name], message as never));
      hold(same(message) === same(again), 'what was read is written and read again');
      if (name === 'textMessage') checkText((message as { readonly message?: string }).message ?? '');
    });
    reader.push(input.slice(0, input.length >> 1));
    reader.push(input.slice(input.length >> 1));
    hold(read <= input.length, 'frames do not overlap');
  },
};

/** Fields in the order of their names. What JSON cannot tell apart means the same here. */
function same(message: object | null): string {
  const plain = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
  const fields = Object.entries(message ?? {}).map(([name, value]: [string, unknown]) => [
    name,
    Array.isArray(value) ? value.map(plain) : plain(value),
  ]);
  fields.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  return JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
}

function checkText(html: string): void {
  hold(fromHtml(html).length <= html.length, 'a text is not longer than its HTML');
}

const key = new Uint8Array(16).fill(7);
const iv = randomFillSync(new Uint8Array(16));

/** Datagrams: voice, pings, and the question of the list of servers. */
export const mumbleVoice: FuzzTarget = {
  name: 'mumble-voice',
  files: ['voice-packet', 'varint', 'crypt-state', 'ocb2'].map((name) => `src/gateways/mumble/wire/${name}.ts`),
  seeds: () => [
    packet('old', false),
    packet('old', true),
    packet('protobuf', false),
    packet('protobuf', true),
    Buffer.from('000000000102030405060708', 'hex'),
    Buffer.from('0108051001', 'hex'),
    // The longest packets that ask for an echo.
    Buffer.concat([Buffer.from('9f0083fc', 'hex'), Buffer.alloc(1020, 0x78)]),
    Buffer.concat([Buffer.from('00081f2afa07', 'hex'), Buffer.alloc(1018, 0x78)]),
  ],
  run: (input) => {
    for (const format of ['old', 'protobuf'] as const)
      for (const isFromServer of [false, true]) {
        const read = readVoicePacket(format, input, isFromServer);
        if (read === null) continue;
        hold(read.opus.length > 0 && read.opus.length <= input.length, 'the Opus packet is in the packet');
        hold(Number.isSafeInteger(read.frameNumber) && Number.isSafeInteger(read.session), 'numbers are numbers');
        if (read.opus.length > MAX_OPUS_BYTES) continue;
        const echo = { ...read, target: 0, session: 2 ** 32 - 1 };
        const length = writeVoicePacket(format, new Uint8Array(MAX_PACKET_BYTES), echo, true);
        hold(length <= MAX_PACKET_BYTES, 'what is passed on fits into a packet');
      }
    const answer = answerListPing(input, () => ({ users: 3, maxUsers: 100 }));
    hold((answer?.length ?? 0) <= 7 * input.length, 'an answer is not much longer than the question');
    const state = new CryptState({ key, sendIv: iv, receiveIv: iv });
    if (state.decrypt(input) !== null) hold(input.length >= 4, 'what is decrypted has a header');
    hold(state.good <= 1, 'one packet is one');
    if (input.length > 1020) return;
    const text = new CryptState({ key, sendIv: iv, receiveIv: iv }).decrypt(state.encrypt(input));
    hold(text !== null && text.length === input.length, 'what is encrypted is decrypted');
  },
};
