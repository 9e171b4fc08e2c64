import fc from 'fast-check';
import { test } from 'tap';
import {
  forEachMixPacket,
  MixPacketWriter,
  SentPacketReader,
  SentPacketWriter,
} from '../../../src/media/link/relayed-packets.ts';
import { cases } from '../../helpers/cases.ts';

const payload = fc.uint8Array({ maxLength: 1500 });
const sent = fc.record({
  memberId: fc.nat(0xffff_ffff),
  flags: fc.record({ queued: fc.boolean(), startsStream: fc.boolean() }),
  packet: fc.record({
    sequenceNumber: fc.nat(0xffff),
    timestamp: fc.nat(0xffff_ffff),
    levelDbov: fc.option(fc.integer({ min: -127, max: 0 }).map((level) => level || 0)),
    payload,
  }),
});

test('what members send arrives as it was written, and once', (t) => {
  const reader = new SentPacketReader();
  fc.assert(
    fc.property(fc.array(sent, { minLength: 1, maxLength: 100 }), (records) => {
      const writer = new SentPacketWriter();
      for (let round = 0; round < 2; round++) {
        for (const { memberId, packet, flags } of records) t.ok(writer.add(memberId, packet, flags));
        reader.open(writer.take()!);
        const found = [];
        while (reader.next()) {
          const { memberId, queued, startsStream } = reader;
          const { redundant, ...packet } = reader.packet;
          t.notOk(redundant);
          found.push({
            memberId,
            packet: { ...packet, payload: packet.payload.slice() },
            flags: { queued, startsStream },
          });
        }
        t.same(found, records);
      }
      return writer.isEmpty;
    }),
    { numRuns: cases(30) },
  );
  t.end();
});

const mixed = fc.record({
  memberId: fc.nat(0xffff_ffff),
  /** Which of the mixes, or how much was played. */
  what: fc.oneof(fc.nat(3), fc.constant(null)),
  value: fc.nat(0xffff_ffff),
  marker: fc.boolean(),
});

test('mixes arrive as they were written, and what many get is written once', (t) => {
  fc.assert(
    fc.property(
      fc.array(mixed, { minLength: 1, maxLength: 100 }),
      fc.array(payload, { minLength: 4 }),
      (records, mixes) => {
        const writer = new MixPacketWriter();
        for (let round = 0; round < 2; round++) {
          const expected: unknown[] = [];
          for (const { memberId, what, value, marker } of records) {
            if (what === null) {
              t.ok(writer.addPlayed(memberId, value));
              expected.push([memberId, value]);
            } else {
              t.ok(writer.add(memberId, mixes[what]!, value, marker));
              expected.push([memberId, mixes[what], value, marker]);
            }
          }
          const found: unknown[] = [];
          forEachMixPacket(writer.take()!, {
            mix: (memberId, bytes, timestamp, marker) => found.push([memberId, bytes.slice(), timestamp, marker]),
            played: (memberId, samples) => found.push([memberId, samples]),
          });
          t.same(found, expected);
        }
      },
    ),
    { numRuns: cases(30) },
  );
  const writer = new MixPacketWriter();
  const mix = new Uint8Array(100);
  for (let i = 0; i < 100; i++) writer.add(i, mix, 0, false);
  t.ok(writer.take()!.length < 2000);
  t.end();
});

test('samples are counted for longer than 32 bits last', (t) => {
  const writer = new MixPacketWriter();
  writer.addPlayed(1, 2 ** 40 + 1);
  forEachMixPacket(writer.take()!, { mix: () => t.fail(), played: (_, samples) => t.equal(samples, 2 ** 40 + 1) });
  t.end();
});

test('floods and giants are refused', (t) => {
  const packet = { sequenceNumber: 0, timestamp: 0, levelDbov: null, payload: new Uint8Array(60_000) };
  const flags = { queued: false, startsStream: false };
  const [writer, mixes] = [new SentPacketWriter(), new MixPacketWriter()];
  t.notOk(writer.add(1, { ...packet, payload: new Uint8Array(0x1_0000) }, flags));
  t.notOk(mixes.add(1, new Uint8Array(0x1_0000), 0, false));
  t.ok(writer.isEmpty);
  let accepted = 0;
  for (let i = 0; i < 100; i++) if (writer.add(1, packet, flags)) accepted++;
  t.ok(accepted > 50 && accepted < 80, `${accepted}`);
  accepted = 0;
  for (let i = 0; i < 100; i++) if (mixes.add(1, new Uint8Array(60_000), 0, false)) accepted++;
  t.ok(accepted > 50 && accepted < 80, `${accepted}`);
  t.end();
});
