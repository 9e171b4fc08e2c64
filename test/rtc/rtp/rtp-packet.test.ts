import * as fc from 'fast-check';
import { test } from 'tap';
import {
  createRtpHeader,
  parseRtpHeader,
  RTP_HEADER_LENGTH,
  withoutPadding,
  writeRtpHeader,
} from '../../../src/rtc/rtp/rtp-packet.ts';
import { watchedBytes } from '../../fuzz/watched-bytes.ts';
import { cases } from '../../helpers/cases.ts';

const FIXED = [0x80, 0xef, 0x12, 0x34, 0, 0, 3, 0xc0, 0xde, 0xad, 0xbe, 0xef];

function withExtension(profile: number, elements: number[], payload: number[] = [1, 2, 3]): Uint8Array {
  const padded = [...elements, ...Array<number>((4 - (elements.length % 4)) % 4).fill(0)];
  return Uint8Array.from([
    0x90,
    ...FIXED.slice(1),
    profile >> 8,
    profile & 0xff,
    0,
    padded.length / 4,
    ...padded,
    ...payload,
  ]);
}

test('a written header parses back to the same fields', (t) => {
  fc.assert(
    fc.property(
      fc.nat({ max: 127 }),
      fc.nat({ max: 65_535 }),
      fc.nat({ max: 2 ** 32 - 1 }),
      fc.nat({ max: 2 ** 32 - 1 }),
      fc.boolean(),
      (payloadType, sequenceNumber, timestamp, ssrc, marker) => {
        const packet = new Uint8Array(20);
        const header = createRtpHeader();
        writeRtpHeader(packet, payloadType, sequenceNumber, timestamp, ssrc, marker);
        const parsed = parseRtpHeader(packet, header, 1);
        const expected = { ...createRtpHeader(), payloadType, sequenceNumber, timestamp, ssrc, marker };
        return parsed && JSON.stringify(header) === JSON.stringify(expected);
      },
    ),
  );
  t.end();
});

test('contributing sources and extensions before the payload are skipped', (t) => {
  const header = createRtpHeader();
  const packet = Uint8Array.from([
    0x92,
    ...FIXED.slice(1),
    ...Array<number>(8).fill(7),
    0xbe,
    0xde,
    0,
    1,
    0x10,
    0x85,
    0,
    0,
    9,
  ]);
  t.ok(parseRtpHeader(packet, header, 1));
  t.equal(header.headerLength, packet.length - 1);
  t.equal(header.levelDbov, -5);
  t.end();
});

test('the audio level is found in one-byte and two-byte extensions, between others', (t) => {
  const header = createRtpHeader();
  const levelIn = (profile: number, elements: number[], id = 3) => {
    t.ok(parseRtpHeader(withExtension(profile, elements), header, id));
    return header.levelDbov;
  };
  t.equal(levelIn(0xbede, [0x21, 1, 2, 0, 0x30, 0x7f]), -127);
  t.equal(levelIn(0xbede, [0x30, 0x80]), 0);
  t.notOk(Object.is(levelIn(0xbede, [0x30, 0x80]), -0));
  t.equal(levelIn(0x1000, [2, 3, 1, 2, 3, 0, 3, 1, 0x9e]), -30);
  t.equal(levelIn(0x100f, [2, 0, 3, 1, 0x9e]), -30);
  t.equal(levelIn(0x1000, [3, 0]), null, 'an empty element has no level');
  t.equal(levelIn(0xbede, [0xf0, 0, 0x30, 0x80]), null, 'identifier 15 ends the search');
  t.equal(levelIn(0xbede, [0xf0, 9], 15), null, 'so it cannot have a level');
  t.equal(levelIn(0xbede, [0xe0, 0, 0x30, 0x89]), -9, 'identifier 14 is an ordinary one');
  t.equal(levelIn(0x1000, [15, 1, 0, 3, 1, 0x89]), -9, 'and so is 15 with headers of two bytes');
  t.equal(levelIn(0xbede, [0x2f, 0x30, 0x80]), null, 'a truncated element ends the search');
  t.equal(levelIn(0x1234, [0x30, 0x80]), null, 'another profile has no elements');
  t.equal(levelIn(0xbede, [0x40, 0x80]), null);
  t.end();
});

/** RFC 8285 elements with one-byte or two-byte headers, and padding between them. */
const element = fc.record({
  id: fc.integer({ min: 1, max: 14 }),
  data: fc.uint8Array({ minLength: 1, maxLength: 16 }),
});

test('the level is that of the first element with its id, whatever surrounds it', (t) => {
  fc.assert(
    fc.property(fc.array(element, { maxLength: 6 }), fc.boolean(), fc.nat(3), (elements, oneByte, padding) => {
      const bytes = elements.flatMap(({ id, data }) => [
        ...(oneByte ? [(id << 4) | (data.length - 1)] : [id, data.length]),
        ...data,
        ...Array<number>(padding).fill(0),
      ]);
      const packet = withExtension(oneByte ? 0xbede : 0x1003, bytes);
      return Array.from({ length: 14 }, (_, i) => i + 1).every((wanted) => {
        const header = createRtpHeader();
        const isParsed = parseRtpHeader(watchedBytes(packet), header, wanted);
        const found = elements.find(({ id }) => id === wanted);
        const level = found === undefined ? null : 0 - (found.data[0]! & 0x7f);
        return isParsed && header.levelDbov === level && packet.length - header.headerLength === 3;
      });
    }),
  );
  t.end();
});

test('an element that does not fit is ignored, even at the very end of the extension', (t) => {
  const header = createRtpHeader();
  for (const [profile, elements, level] of [
    [0xbede, [0, 0, 0x30, 9], -9],
    [0xbede, [0, 0, 0x31, 9], null],
    [0xbede, [0, 0, 0, 0x30], null],
    [0x1000, [0, 3, 1, 9], -9],
    [0x1000, [0, 3, 2, 9], null],
    [0x1000, [0, 0, 3, 1], null],
    [0x1000, [0, 0, 0, 3], null],
    [0x1000, [0, 0, 3, 0], null],
    [0x0fff, [0, 3, 1, 9], null],
    [0x1010, [0, 3, 1, 9], null],
  ] as const) {
    const packet = withExtension(profile, [...elements], []);
    t.ok(parseRtpHeader(watchedBytes(packet), header, 3));
    t.equal(header.levelDbov, level, `${elements}`);
    t.ok(parseRtpHeader(withExtension(profile, [...elements], [1, 9, 9, 9]), header, 3));
    t.equal(header.levelDbov, level, 'the payload does not count');
  }
  t.end();
});

test('a header truncated anywhere is refused', (t) => {
  const packet = withExtension(0xbede, [0x30, 0x80], []);
  const header = createRtpHeader();
  for (let length = 0; length < packet.length; length++) {
    t.notOk(parseRtpHeader(watchedBytes(packet.subarray(0, length)), header, 3));
  }
  const sources = Uint8Array.from([0x8f, ...FIXED.slice(1), ...Array<number>(60).fill(1)]);
  t.notOk(parseRtpHeader(watchedBytes(sources.subarray(0, -1)), header, 3));
  t.ok(parseRtpHeader(sources, header, 3), 'a packet may end with its header');
  t.ok(parseRtpHeader(Uint8Array.from(FIXED), header, 3));
  t.ok(parseRtpHeader(packet, header, 3));
  packet[0]! &= 0x3f;
  t.notOk(parseRtpHeader(packet, header, 3), 'another version');
  t.end();
});

test('padding is removed, and an impossible count is refused', (t) => {
  const header = createRtpHeader();
  const packet = Uint8Array.from([0xa0, ...FIXED.slice(1), 1, 2, 0, 0, 3]);
  t.ok(parseRtpHeader(packet, header, null));
  t.equal(withoutPadding(packet, header, packet.length), RTP_HEADER_LENGTH + 2);
  for (const count of [0, 6, 255]) {
    packet[packet.length - 1] = count;
    t.equal(withoutPadding(packet, header, packet.length), -1, `${count}`);
  }
  t.equal(withoutPadding(packet, header, RTP_HEADER_LENGTH), -1, 'no payload at all');
  packet[packet.length - 1] = 5;
  t.equal(withoutPadding(packet, header, packet.length), RTP_HEADER_LENGTH, 'nothing but padding');
  t.equal(withoutPadding(packet, { ...header, hasPadding: false }, packet.length), packet.length);
  t.end();
});

test('whatever bytes arrive, the parser stays within them', (t) => {
  const header = createRtpHeader();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 255 }), (bytes, id) => {
      if (bytes.length > 0) bytes[0] = (bytes[0]! & 0x3f) | 0x80;
      if (!parseRtpHeader(bytes, header, id)) return true;
      const end = withoutPadding(bytes, header, bytes.length);
      const level = header.levelDbov ?? 0;
      return (
        header.headerLength <= bytes.length &&
        end <= bytes.length &&
        (end === -1 || end >= header.headerLength) &&
        level <= 0 &&
        level >= -127
      );
    }),
    { numRuns: cases(2000) },
  );
  t.end();
});
