import { test } from 'tap';
import { MixTrack } from '../../src/recording/mix-track.ts';
import { decodeOgg, readOgg } from '../helpers/ogg.ts';
import { createFrameEncoder } from '../helpers/opus.ts';
import { chirpError, chirpSample } from '../helpers/recorded-people.ts';

/** After 2^32 samples the timestamps begin again, 24 hours and 51 minutes after the clock's zero. */
const START_MS = Math.floor(2 ** 32 / 48 / 20) * 20 - 3000;
const FRAME = 960;

function timestampOf(tickMs: number): number {
  return (tickMs * 48) >>> 0;
}

test('each packet is at its tick, and what is missing is silence', (t) => {
  const track = new MixTrack({ startMs: START_MS, serial: 1, tags: [] });
  const encode = createFrameEncoder({ application: 'lowDelay', bitsPerSecond: 48_000 });
  const chirpsMs = [1000, 4500, 7000];
  const pages: Uint8Array[] = [];
  for (let ms = 0; ms < 10_000; ms += 20) {
    const arrivalMs = START_MS + ms + (ms % 7) / 10;
    const chirp = chirpsMs.find((at) => ms >= at - 400 && ms < at + 200);
    if (chirp === undefined) {
      if (ms % 400 === 0) track.add({ arrivalMs, timestamp: timestampOf(START_MS + ms), payload: Uint8Array.of(0xf8) });
    } else {
      const pcm = new Int16Array(FRAME).map((_, i) => 12_000 * chirpSample(ms + i / 48 - chirp));
      track.add({ arrivalMs, timestamp: timestampOf(START_MS + ms), payload: encode(pcm) });
    }
    if (ms % 100 === 0) pages.push(...track.advance(START_MS + ms));
  }
  pages.push(...track.end(START_MS + 10_000));
  const bytes = Buffer.concat(pages);
  const pcm = decodeOgg(bytes);
  t.equal(pcm.length, 480_000);
  // The search has steps of 83 us.
  for (const at of chirpsMs) t.ok(Math.abs(chirpError(pcm, at) ?? 99) < 0.1, `the chirp at ${at} ms`);
  t.ok(readOgg(bytes).isEnded);
  t.end();
});

test('a packet that another worker has written already is left out', (t) => {
  const track = new MixTrack({ startMs: START_MS, serial: 1, tags: [] });
  const payload = Uint8Array.of(0xf8, 1, 2, 3);
  for (const ms of [0, 20, 20, 0, 40])
    track.add({ arrivalMs: START_MS + 50, timestamp: timestampOf(START_MS + ms), payload });
  const { packets } = readOgg(Buffer.concat(track.end(START_MS + 60)));
  t.equal(packets.filter((packet) => packet.length === 4).length, 3);
  t.end();
});

test('a short gap in sound is bridged by the decoder, and a long one is silence', (t) => {
  const track = new MixTrack({ startMs: START_MS, serial: 1, tags: [] });
  const payload = Uint8Array.of(0xf8, 1, 2, 3);
  for (const ms of [0, 60, 1060])
    track.add({ arrivalMs: START_MS + ms, timestamp: timestampOf(START_MS + ms), payload });
  const { packets } = readOgg(Buffer.concat(track.end(START_MS + 1080)));
  t.equal(packets.filter((packet) => packet.length === 1).length, 2);
  t.end();
});
