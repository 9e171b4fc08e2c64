import { test } from 'tap';
import type { DiskFile } from '../../src/recording/appended-file.ts';
import { PersonTrack } from '../../src/recording/person-track.ts';
import { RecordedTrack } from '../../src/recording/recorded-track.ts';
import { decodeOgg, readOgg } from '../helpers/ogg.ts';

const FRAME_MS = 20;
const SAMPLES_PER_MS = 48;
/** As long as such a packet can be: a slow disk is behind soon. */
const PAYLOAD = Uint8Array.of(0xf8, ...new Uint8Array(1200).fill(7));

test('while the disk is too slow, packets are left out and counted, and the rest stays in its place', async (t) => {
  let bytes = Buffer.alloc(0);
  let open: () => void = () => {};
  let isStuck = new Promise<void>((resolve) => {
    open = resolve;
  });
  const disk = {
    write: async (data: Uint8Array, offset: number, length: number) => {
      await isStuck;
      bytes = Buffer.concat([bytes, data.subarray(offset, offset + length)]);
      return { bytesWritten: length, buffer: data };
    },
    close: async () => {},
  } as unknown as DiskFile;
  const recorded = new RecordedTrack({
    file: '01-Ada.opus',
    open: async () => disk,
    onError: (error) => t.fail(String(error)),
    track: new PersonTrack({ startMs: 0, serial: 1, tags: [] }),
    person: { id: 'a', identity: null, name: 'Ada' },
  });
  let nowMs = 0;
  const talk = async (seconds: number) => {
    for (const endMs = nowMs + 1000 * seconds; nowMs < endMs; nowMs += FRAME_MS) {
      const timestamp = nowMs * SAMPLES_PER_MS;
      if (recorded.takesPackets)
        recorded.track.add({ arrivalMs: nowMs, stream: 1, timestamp, payload: PAYLOAD, levelDbov: -20 });
      if (nowMs % 240 === 0) recorded.append(recorded.track.advance(nowMs));
      if (nowMs % 1000 === 0) await new Promise(setImmediate);
    }
  };
  await talk(120);
  t.ok(recorded.dropped > 1000, `${recorded.dropped} packets`);
  const { dropped } = recorded;
  open();
  isStuck = Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await talk(20);
  t.equal(recorded.dropped, dropped, 'when the disk is in time again, nothing is left out');
  recorded.append(recorded.track.end(nowMs));
  await recorded.close();
  t.ok(readOgg(bytes).isEnded);
  t.equal(decodeOgg(bytes).length, 140_000 * SAMPLES_PER_MS);
  t.match(recorded.entry, { bytes: bytes.length, dropped });
  const { packets } = readOgg(bytes);
  const written = packets.filter((packet) => packet.length > 1000).length;
  // One may have no place where the sound goes on.
  t.ok(Math.abs(written - (140 * 50 - dropped)) <= 1, `${written} packets`);
});
