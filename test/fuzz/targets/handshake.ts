import { HandshakeReassembler } from '../../../src/rtc/dtls/handshake-reassembler.ts';
import { integerBetween, type Prng } from '../../helpers/prng.ts';
import { pick, randomBytes } from '../mutate.ts';
import { type FuzzTarget, hold, joinFrames, splitFrames } from '../target.ts';
import { watchedBytes } from '../watched-bytes.ts';

/** What a record said about one byte of one message. */
type Fragments = Map<number, { type: number; length: number; offset: number; data: Uint8Array }[]>;

/** Fragments of handshake messages, several records of them. */
export const handshake: FuzzTarget = {
  name: 'handshake',
  files: ['src/rtc/dtls/handshake-reassembler.ts'],
  framed: true,
  weight: 2,
  seeds: () => [
    joinFrames([fragment(1, 0, 6, 0, Buffer.from('abcdef'))]),
    joinFrames([fragment(1, 0, 6, 3, Buffer.from('def')), fragment(1, 0, 6, 0, Buffer.from('abc'))]),
    joinFrames([fragment(11, 1, 2, 0, Buffer.from('xy')), fragment(1, 0, 6, 0, Buffer.from('abcdef'))]),
  ],
  generate: (prng) => joinFrames(records(prng)),
  run: (input) => {
    const reassembler = new HandshakeReassembler();
    const said: Fragments = new Map();
    let expected = 0;
    for (const record of splitFrames(input)) {
      note(said, record);
      const repeated = reassembler.receive(record.length < 100 ? watchedBytes(record) : record);
      hold(repeated === null || repeated < reassembler.nextSequence, 'only a message that came out before is a repeat');
      for (let message = reassembler.peek(); message !== null; message = reassembler.peek()) {
        const { type, sequence, body } = message;
        hold(sequence === expected, 'messages come out in order, each once');
        hold(body.length <= 16_384, 'the length of a message is bounded');
        const fragments = said.get(sequence)?.filter((one) => one.type === type && one.length === body.length) ?? [];
        hold(fragments.length > 0, 'a message has the type and length of one of its fragments');
        hold(isMadeOf(body, fragments), 'every byte of a message was in one of its fragments');
        reassembler.accept();
        expected++;
      }
    }
    hold(reassembler.nextSequence === expected, 'the messages that came out are counted');
  },
};

function isMadeOf(body: Uint8Array, fragments: readonly { offset: number; data: Uint8Array }[]): boolean {
  return body.every((byte, at) => fragments.some(({ offset, data }) => data[at - offset] === byte));
}

function note(said: Fragments, record: Uint8Array): void {
  const bytes = Buffer.from(record);
  for (let at = 0; at + 12 <= bytes.length; ) {
    const length = bytes.readUIntBE(at + 1, 3);
    const sequence = bytes.readUInt16BE(at + 4);
    const offset = bytes.readUIntBE(at + 6, 3);
    const size = bytes.readUIntBE(at + 9, 3);
    const data = bytes.subarray(at + 12, at + 12 + size);
    if (data.length < size) return;
    const fragments = said.get(sequence) ?? [];
    said.set(sequence, fragments);
    fragments.push({ type: bytes[at]!, length, offset, data });
    at += 12 + size;
  }
}

function fragment(type: number, sequence: number, length: number, offset: number, data: Uint8Array): Buffer {
  const header = Buffer.alloc(12);
  header[0] = type;
  header.writeUIntBE(length, 1, 3);
  header.writeUInt16BE(sequence, 4);
  header.writeUIntBE(offset, 6, 3);
  header.writeUIntBE(data.length, 9, 3);
  return Buffer.concat([header, data]);
}

/** Genuine messages in fragments, with fragments of other messages between them. */
function records(prng: Prng): Buffer[] {
  const pieces: Buffer[] = [];
  for (let sequence = 0; sequence < integerBetween(prng, 1, 7); sequence++) {
    const body = randomBytes(prng, integerBetween(prng, 0, 60));
    const type = pick(prng, [1, 11, 16, 15]);
    const step = integerBetween(prng, 5, 40);
    for (let offset = 0; offset === 0 || offset < body.length; offset += step) {
      pieces.push(fragment(type, sequence, body.length, offset, body.subarray(offset, offset + step)));
    }
    if (prng() < 0.3) {
      const length = pick(prng, [0, 1, 60, 16_384, 16_385, 0xffffff]);
      pieces.push(fragment(pick(prng, [1, 255]), sequence, length, integerBetween(prng, 0, 20), randomBytes(prng, 8)));
    }
  }
  if (prng() < 0.5) pieces.sort(() => prng() - 0.5);
  return prng() < 0.3 ? [Buffer.concat(pieces)] : pieces;
}
