import fc from 'fast-check';
import { test } from 'tap';
import { MAX_PAGE_LENGTH, readOggPage, writeOggPage } from '../../src/formats/ogg-page.ts';
import { OggPacketReader, OggPageReader, OggRepair } from '../../src/formats/ogg-reader.ts';
import { openOggOpus } from '../../src/formats/ogg-writer.ts';
import { cases } from '../helpers/cases.ts';
import { readOgg } from '../helpers/ogg.ts';

const FRAME = 960;
const OPTIONS = { serial: 0x12345678, channels: 1, preSkip: 312, tags: [['TITLE', 'Über uns']] } as const;

/** A file with these packets of 20 ms, and where its pages begin. */
function fileOf(packets: readonly Uint8Array[]): { readonly bytes: Buffer; readonly pagesAt: readonly number[] } {
  const { head, writer } = openOggOpus(OPTIONS);
  const pages = [Buffer.concat(head), ...packets.map((packet) => writer.write(packet, FRAME)), writer.end()].filter(
    (p) => p !== null,
  );
  const pagesAt = pages.map((_, index) => pages.slice(0, index).reduce((sum, page) => sum + page.length, 0));
  return { bytes: Buffer.concat(pages), pagesAt };
}

const packets = (options: fc.ArrayConstraints = {}) =>
  fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom(...[254, 255, 256, 510, 1275].map((n) => new Uint8Array(n).fill(1))),
    ),
    { maxLength: 200, ...options },
  );

test('a page has the checksum of the standard', (t) => {
  const written = writeOggPage({ flags: 2, granule: 0, serial: 1, sequence: 0 }, [Buffer.from('OpusHead')]);
  // Bit by bit, as RFC 3533 describes it.
  let crc = 0n;
  const zeroed = Buffer.from(written).fill(0, 22, 26);
  for (const byte of zeroed) {
    crc ^= BigInt(byte) << 24n;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x80000000n) !== 0n ? (crc << 1n) ^ 0x104c11db7n : crc << 1n;
  }
  t.equal(Buffer.from(written).readUInt32LE(22), Number(crc));
  t.end();
});

test('what is written is read again, in pieces of any size', (t) => {
  fc.assert(
    fc.property(packets({ minLength: 1 }), fc.integer({ min: 1, max: 5000 }), (written, size) => {
      const { bytes } = fileOf(written);
      const pages = new OggPageReader();
      const reader = new OggPacketReader();
      const read: Uint8Array[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        for (const { page } of pages.read(bytes.subarray(at, at + size))) read.push(...reader.read(page));
      }
      return pages.skipped === 0 && Buffer.concat(read.slice(2)).equals(Buffer.concat(written));
    }),
    { numRuns: cases(100) },
  );
  t.end();
});

test('a file says who made it, what it is called, and how long it is', (t) => {
  const { bytes } = fileOf(Array.from({ length: 120 }, () => Uint8Array.of(0xf8, 0xff, 0xfe)));
  const { head, tags, end, isEnded } = readOgg(bytes);
  t.equal(Buffer.from(head).toString('latin1', 0, 8), 'OpusHead');
  t.equal(Buffer.from(head).readUInt16LE(10), 312);
  t.match(Buffer.from(tags).toString(), 'TITLE=Über uns');
  t.equal(end, 120 * FRAME);
  t.ok(isEnded);
  t.end();
});

test('a page is written for each 0.8 s, and the last one is never empty', (t) => {
  for (const pages of [1, 2, 3]) {
    const { pagesAt } = fileOf(Array.from({ length: 40 * pages }, () => Uint8Array.of(0xf8, 0xff, 0xfe)));
    // The first one has both headers.
    t.equal(pagesAt.length, 1 + pages);
  }
  t.end();
});

test('the end can be inside the last packet, and not before the last page', (t) => {
  const { writer } = openOggOpus(OPTIONS);
  for (let i = 0; i < 51; i++) writer.write(Uint8Array.of(0xf8, 0xff, 0xfe), FRAME);
  const page = readOggPage(writer.end(50 * FRAME + 123)!, 0);
  t.equal(typeof page === 'string' ? page : page.granule, 50 * FRAME + 123);
  const other = openOggOpus(OPTIONS).writer;
  for (let i = 0; i < 51; i++) other.write(Uint8Array.of(0xf8, 0xff, 0xfe), FRAME);
  const last = readOggPage(other.end(5)!, 0);
  t.equal(typeof last === 'string' ? last : last.granule, 40 * FRAME);
  t.end();
});

test('a packet that continues on the next page is put together, and left out if that page is missing', (t) => {
  const packet = new Uint8Array(600).map((_, i) => i);
  // Two whole segments here, the rest and another packet there.
  const first = writeContinued({ flags: 0, sequence: 0 }, [255, 255], packet.subarray(0, 510));
  const second = writeContinued(
    { flags: 1, sequence: 1 },
    [90, 2],
    Buffer.concat([packet.subarray(510), Buffer.from([7, 8])]),
  );
  const read = (...pages: readonly Buffer[]) => {
    const reader = new OggPacketReader();
    return pages.flatMap((bytes) => {
      const page = readOggPage(bytes, 0);
      return typeof page === 'string' ? [] : reader.read(page).map((each) => [...each]);
    });
  };
  t.same(read(first, second), [[...packet], [7, 8]]);
  t.same(read(second), [[7, 8]]);
  t.same(read(first, writeContinued({ flags: 1, sequence: 2 }, [90, 2], Buffer.alloc(92, 7))), [[7, 7]]);
  t.end();
});

/** A page with any segments. */
function writeContinued(
  { flags, sequence }: { flags: number; sequence: number },
  segments: readonly number[],
  body: Uint8Array,
): Buffer {
  // As many empty packets have as many segments.
  const page = Buffer.from(
    Buffer.concat([
      writeOggPage(
        { flags, granule: 0, serial: 1, sequence },
        segments.map(() => new Uint8Array(0)),
      ),
      body,
    ]),
  );
  for (const [index, length] of segments.entries()) page.writeUInt8(length, 27 + index);
  page.writeUInt32LE(checksumOf(page), 22);
  return page;
}

function checksumOf(page: Buffer): number {
  let crc = 0;
  for (const byte of Buffer.from(page).fill(0, 22, 26)) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

test('a file that was cut anywhere is repaired up to its last whole page', (t) => {
  fc.assert(
    fc.property(packets({ minLength: 60 }), fc.nat(), (written, cut) => {
      const { bytes, pagesAt } = fileOf(written);
      const length = cut % (bytes.length + 1);
      const repair = new OggRepair();
      repair.read(bytes.subarray(0, length));
      const state = repair.end();
      const whole = [...pagesAt, bytes.length].filter((at) => at <= length).at(-1) ?? 0;
      const hasSound = whole > (pagesAt[1] ?? bytes.length);
      return state.length === (hasSound ? whole : 0) && state.isEnded === (length === bytes.length);
    }),
    { numRuns: cases(200) },
  );
  t.end();
});

test('a damaged page in the middle costs only itself', (t) => {
  const { bytes, pagesAt } = fileOf(Array.from({ length: 200 }, (_, i) => Buffer.from(`packet ${i}`)));
  bytes[pagesAt[2]! + 40]! ^= 1;
  const repair = new OggRepair();
  repair.read(bytes);
  const state = repair.end();
  t.equal(state.length, bytes.length);
  t.equal(state.damaged, pagesAt[3]! - pagesAt[2]!);
  t.equal(readOgg(bytes).packets.length, 160);
  t.end();
});

test('no bytes make the readers fail, and nothing is found in noise', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      const reader = new OggPageReader();
      const pages = [...reader.read(bytes), ...reader.end()];
      return pages.length === 0 && reader.skipped === bytes.length;
    }),
    { numRuns: cases(200) },
  );
  t.ok(MAX_PAGE_LENGTH < 65_536);
  t.end();
});
