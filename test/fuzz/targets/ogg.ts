import { sealOggPage, writeOggPage } from '../../../src/formats/ogg-page.ts';
import { OggPacketReader, OggPageReader, OggRepair } from '../../../src/formats/ogg-reader.ts';
import { openOggOpus } from '../../../src/formats/ogg-writer.ts';
import { createPrng, integerBetween, type Prng } from '../../helpers/prng.ts';
import { type FuzzTarget, hold } from '../target.ts';

const OPTIONS = { serial: 77, channels: 1, preSkip: 312, tags: [['TITLE', 'x']] } as const;

/** A file with this many packets, and the place where its last page begins. */
function fileOf(packets: number, seed: number): Uint8Array {
  const prng = createPrng(seed);
  const { head, writer } = openOggOpus(OPTIONS);
  const pages = [...head];
  for (let i = 0; i < packets; i++) {
    const packet = new Uint8Array(integerBetween(prng, 1, 600)).fill(i);
    const page = writer.write(packet, 960);
    if (page !== null) pages.push(page);
  }
  const last = writer.end();
  return Buffer.concat(last === null ? pages : [...pages, last]);
}

/** Whole pages with any flags, numbers and packets, and sometimes something else between them. */
function anyPages(prng: Prng): Uint8Array {
  const parts = Array.from({ length: integerBetween(prng, 1, 12) }, (_, index) => {
    if (prng() < 0.1) return Buffer.alloc(integerBetween(prng, 1, 40), 'OggS\0');
    const packets = Array.from({ length: integerBetween(prng, 0, 6) }, () =>
      new Uint8Array(prng() < 0.3 ? 255 * integerBetween(prng, 0, 3) : integerBetween(prng, 0, 300)).fill(index),
    );
    const page = writeOggPage(
      {
        flags: index === 0 ? 2 : integerBetween(prng, 0, 7),
        granule: integerBetween(prng, -1, 1e6),
        serial: prng() < 0.9 ? 77 : 78,
        sequence: prng() < 0.9 ? index : integerBetween(prng, 0, 9),
      },
      packets,
    );
    // The last packet goes on on the next page.
    const segments = page[26] ?? 0;
    if (segments > 0 && prng() < 0.3 && page[26 + segments] === 0) page[26] = segments - 1;
    const whole =
      page[26] === segments ? page : Buffer.concat([page.subarray(0, 26 + segments), page.subarray(27 + segments)]);
    sealOggPage(whole);
    return whole;
  });
  return Buffer.concat(parts);
}

/** Ogg files: those that a server that died has left, and those that somebody puts into a directory. */
export const ogg: FuzzTarget = {
  name: 'ogg',
  files: ['src/formats/ogg-page.ts', 'src/formats/ogg-reader.ts'],
  maxBytes: 20_000,
  maxMs: 50,
  seeds: () => [fileOf(0, 1), fileOf(1, 2), fileOf(60, 3)],
  generate: anyPages,
  tokens: ['OggS', 'OggS\u0000', 'OpusHead', 'OpusTags', '\u0000\u0002', '\u00ff\u00ff'],
  run: (input) => {
    const whole = new OggPageReader();
    const pages = [...whole.read(input), ...whole.end()];
    const length = pages.reduce((sum, { page }) => sum + page.length, whole.skipped);
    hold(length === input.length, 'each byte belongs to a page, or is skipped');
    const packets = new OggPacketReader();
    const found = pages.flatMap(({ page }) => packets.read(page));
    const bytes = found.reduce((sum, packet) => sum + packet.length, 0);
    hold(bytes <= input.length, 'packets have no more bytes than the file');

    const pieces = new OggPageReader();
    const half = input.length >> 1;
    const inPieces = [...pieces.read(input.subarray(0, half)), ...pieces.read(input.subarray(half)), ...pieces.end()];
    const places = (list: typeof pages) => list.map(({ at }) => at).join();
    hold(places(inPieces) === places(pages), 'pages are the same in pieces of any size');

    const repair = new OggRepair();
    repair.read(input);
    const state = repair.end();
    hold(state.length <= input.length, 'a repaired file is not longer');
    const again = new OggRepair();
    again.read(input.subarray(0, state.length));
    hold(again.end().length === state.length, 'a repaired file needs no repair');
  },
};
