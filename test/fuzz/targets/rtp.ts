import { createRedBlocks, parseRed, writeRed } from '../../../src/rtc/rtp/red.ts';
import {
  createRtpHeader,
  parseRtpHeader,
  type RtpHeader,
  withoutPadding,
  writeRtpHeader,
} from '../../../src/rtc/rtp/rtp-packet.ts';
import { integerBetween, type Prng } from '../../helpers/prng.ts';
import { pick, randomBytes } from '../mutate.ts';
import { type FuzzTarget, hold } from '../target.ts';
import { watchedBytes } from '../watched-bytes.ts';

const OPUS = 111;
const EXTENSION_IDS = [null, 1, 14, 15, 16, 255] as const;

const header = createRtpHeader();
const again = createRtpHeader();
const blocks = createRedBlocks();

/** The RTP header with its extensions, and RED in the payload. */
export const rtp: FuzzTarget = {
  name: 'rtp',
  files: ['src/rtc/rtp/rtp-packet.ts', 'src/rtc/rtp/red.ts'],
  weight: 2,
  seeds: () => [
    Buffer.from('806f000100000002000000030102030405', 'hex'),
    Buffer.from('906f00010000000200000003bede000110ff00000102030405', 'hex'),
    Buffer.from('b16f00010000000200000003000000041000000201018500000000000102030405000003', 'hex'),
    Buffer.from('803f000100000002000000036f6f0f003ef0010203', 'hex'),
    Buffer.from('803f00010000000200000003ef0f00036f010203040506', 'hex'),
  ],
  generate: (prng) => packet(prng),
  run: (input) => {
    const id = EXTENSION_IDS[input.length % EXTENSION_IDS.length]!;
    const packet = input.length < 100 ? watchedBytes(input) : input;
    if (!parseRtpHeader(packet, header, id)) return;
    const { headerLength, levelDbov, payloadType, sequenceNumber, timestamp, ssrc } = header;
    hold(headerLength >= 12 && headerLength <= input.length, 'the header is inside the packet');
    hold(levelDbov === null || (levelDbov <= 0 && levelDbov >= -127), 'a level is 0 to -127 dBov');
    hold(
      payloadType < 128 && sequenceNumber < 65_536 && timestamp < 2 ** 32 && ssrc < 2 ** 32,
      'fields fit their bits',
    );
    checkWriting(header);
    const end = withoutPadding(packet, header, input.length);
    hold(end === -1 || (end >= headerLength && end <= input.length), 'the payload is inside the packet');
    if (end >= 0) checkRed(input.subarray(headerLength, end));
  },
};

function checkWriting({ payloadType, sequenceNumber, timestamp, ssrc, marker }: RtpHeader): void {
  const written = new Uint8Array(12);
  writeRtpHeader(written, payloadType, sequenceNumber, timestamp, ssrc, marker);
  hold(parseRtpHeader(written, again, null), 'a written header is valid');
  hold(
    again.payloadType === payloadType &&
      again.sequenceNumber === sequenceNumber &&
      again.timestamp === timestamp &&
      again.ssrc === ssrc &&
      again.marker === marker &&
      again.headerLength === 12,
    'a written header parses back unchanged',
  );
}

function checkRed(payload: Uint8Array): void {
  if (!parseRed(payload.length < 100 ? watchedBytes(payload) : payload, OPUS, blocks)) {
    hold(blocks.count === 0, 'a malformed payload has no blocks');
    return;
  }
  hold(blocks.count >= 1 && blocks.count <= blocks.blocks.length, 'there are one to ten blocks');
  let before = 0;
  for (let i = 0; i < blocks.count; i++) {
    const { start, end, timestampOffset } = blocks.blocks[i]!;
    hold(start >= before && end > start && end <= payload.length, 'blocks lie in the payload, one after another');
    hold(timestampOffset >= 0 && timestampOffset < 2 ** 14, 'an offset has 14 bits');
    before = end;
  }
  hold(before === payload.length, 'the primary block ends the payload');
  const [first, second] = blocks.blocks;
  if (blocks.count !== 2) return;
  const { timestampOffset } = first!;
  const redundant = payload.slice(first!.start, first!.end);
  const primary = payload.slice(second!.start, second!.end);
  const written = writeRed(redundant, timestampOffset, primary, OPUS);
  if (written === null) return;
  hold(parseRed(written, OPUS, blocks) && blocks.count === 2, 'written RED is RED');
  hold(first!.timestampOffset === timestampOffset, 'an offset parses back unchanged');
  hold(Buffer.compare(written.subarray(first!.start, first!.end), redundant) === 0, 'a redundant block stays the same');
  hold(Buffer.compare(written.subarray(second!.start, second!.end), primary) === 0, 'a primary block stays the same');
}

function packet(prng: Prng): Buffer {
  const csrcs = prng() < 0.8 ? 0 : integerBetween(prng, 0, 15);
  const extension = prng() < 0.6 ? extensionOf(prng) : Buffer.alloc(0);
  const padded = prng() < 0.2;
  const first = 0x80 | (padded ? 0x20 : 0) | (extension.length > 0 ? 0x10 : 0) | csrcs;
  return Buffer.concat([
    Buffer.from([first, integerBetween(prng, 0, 255)]),
    randomBytes(prng, 10 + csrcs * 4),
    extension,
    prng() < 0.5 ? redOf(prng) : randomBytes(prng, integerBetween(prng, 0, 60)),
    padded ? Buffer.from([0, 0, integerBetween(prng, 0, 9)]) : Buffer.alloc(0),
  ]);
}

function extensionOf(prng: Prng): Buffer {
  const body = Buffer.concat(
    Array.from({ length: integerBetween(prng, 0, 4) }, () => {
      const size = integerBetween(prng, 0, 5);
      return Buffer.concat([
        Buffer.from([pick(prng, [0x10, 0x11, 0x1f, 0xe0, 0xf0, 0, 1, size << 4])]),
        randomBytes(prng, size),
      ]);
    }),
  );
  const words = Math.ceil(body.length / 4);
  const profile = pick(prng, [0xbede, 0x1000, 0x100f, 0x1010, 0]);
  return Buffer.concat([
    Buffer.from([profile >> 8, profile & 0xff, 0, words]),
    body,
    Buffer.alloc(words * 4 - body.length),
  ]);
}

function redOf(prng: Prng): Buffer {
  const lengths = Array.from({ length: integerBetween(prng, 0, 11) }, () => integerBetween(prng, 0, 20));
  const headers = lengths.map((length) => {
    const offset = integerBetween(prng, 0, 0x3fff);
    return Buffer.from([0x80 | OPUS, offset >> 6, ((offset & 0x3f) << 2) | (length >> 8), length & 0xff]);
  });
  const data = lengths.map((length) => randomBytes(prng, length));
  return Buffer.concat([...headers, Buffer.from([OPUS]), ...data, randomBytes(prng, integerBetween(prng, 0, 20))]);
}
