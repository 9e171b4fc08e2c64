import { OggPacketReader, OggPageReader, OggRepair } from '../../../src/formats/ogg-reader.ts';
import { openOggOpus } from '../../../src/formats/ogg-writer.ts';
import { createPrng, integerBetween } from '../../helpers/prng.ts';
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

/** Ogg files: those that a server that died has left, and those that somebody puts into a directory. */
export const ogg: FuzzTarget = {
  name: 'ogg',
  files: ['src/formats/ogg-page.ts', 'src/formats/ogg-reader.ts'],
  maxBytes: 20_000,
  maxMs: 50,
  seeds: () => [fileOf(0, 1), fileOf(1, 2), fileOf(60, 3)],
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
