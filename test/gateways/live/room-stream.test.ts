import { test } from 'tap';
import { SILENCE_PACKET } from '../../../src/formats/opus-packet.ts';
import { RoomStream } from '../../../src/gateways/live/room-stream.ts';
import type { RoomTapSubscription } from '../../../src/media/plane.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { readOgg } from '../../helpers/ogg.ts';

const FRAME_MS = 20;
const FRAME_SAMPLES = 960;
const START_MS = 60_000;
/** One frame of 20 ms: CELT, mono. */
const sound = (n: number) => Uint8Array.of(0xf8, 1, n);
const CONCEALED = Uint8Array.of(0xf8);

function setUp(startMs = START_MS) {
  const clock = new FakeClock({ startMs });
  let tap: RoomTapSubscription | null = null;
  const slot = { setTap: (wanted: RoomTapSubscription | null) => (tap = wanted) };
  const stream = new RoomStream({ tap: slot, serial: 7, clock });
  const pieces: Uint8Array[] = [];
  const stop = stream.play('opus', (bytes) => pieces.push(bytes));
  /** The packet of this tick, counted from the start of the stream. */
  const hear = (tick: number, payload: Uint8Array) => {
    const timestamp = ((startMs / FRAME_MS + tick) * FRAME_SAMPLES) >>> 0;
    tap?.sink.mix({ arrivalMs: clock.now(), timestamp, payload });
  };
  const packets = () => readOgg(Buffer.concat(pieces)).packets;
  return { clock, stream, stop, pieces, hear, packets, tapped: () => tap };
}

test('nobody is heard: silence without gaps, a tenth of a second at a time', (t) => {
  const { clock, pieces, packets, tapped } = setUp();
  t.same(tapped()?.request, { voices: false, mix: true });
  t.equal(pieces.length, 1, 'the head comes at once');
  clock.advance(10_000);
  const { end, skipped, tags } = readOgg(Buffer.concat(pieces));
  t.equal(Buffer.from(tags).toString('latin1', 0, 8), 'OpusTags');
  t.equal(skipped, 0);
  t.equal(packets().length, (10_000 - 400) / FRAME_MS);
  t.ok(packets().every((packet) => Buffer.compare(packet, SILENCE_PACKET) === 0));
  t.equal(end, packets().length * FRAME_SAMPLES);
  t.ok(pieces.length > 90, `${pieces.length} pieces`);
  t.end();
});

test('sound is where it was in the room, lost packets are concealed, and what is late is left out', (t) => {
  const { clock, hear, packets } = setUp();
  clock.advance(200);
  for (const tick of [3, 4, 7]) hear(tick, sound(tick));
  hear(5, sound(5));
  hear(8, CONCEALED);
  clock.advance(2000);
  hear(50, sound(50));
  const all = packets();
  t.same(all.slice(0, 3), [SILENCE_PACKET, SILENCE_PACKET, SILENCE_PACKET]);
  t.same(all.slice(3, 8), [sound(3), sound(4), CONCEALED, CONCEALED, sound(7)]);
  t.same(all[8], SILENCE_PACKET, 'what repeats silence is silence');
  t.equal(
    all.some((packet) => packet[2] === 50),
    false,
  );
  t.end();
});

test('ticks are counted over the wrap of their 32 bits', (t) => {
  const wrapMs = Math.floor(2 ** 32 / 48 / FRAME_MS) * FRAME_MS;
  const { clock, hear, packets } = setUp(wrapMs - 100);
  for (let tick = 0; tick < 20; tick++) {
    clock.advance(FRAME_MS);
    hear(tick, sound(tick));
  }
  clock.advance(100);
  t.same(
    packets()
      .slice(0, 20)
      .map(([, , n]) => n),
    Array.from({ length: 20 }, (_, n) => n),
  );
  t.end();
});

test('a later player gets the head and then what everybody gets; WebM has the same packets', (t) => {
  const { clock, stream, pieces, hear, stop, tapped } = setUp();
  for (let tick = 0; tick < 10; tick++) hear(tick, sound(tick));
  clock.advance(1000);
  const before = pieces.length;
  const late: Uint8Array[] = [];
  const webm: Uint8Array[] = [];
  stream.play('opus', (bytes) => late.push(bytes));
  const stopWebm = stream.play('webm', (bytes) => webm.push(bytes));
  hear(60, sound(60));
  clock.advance(1000);
  t.same(late[0], pieces[0]);
  t.same(late.slice(1), pieces.slice(before));
  t.ok(Buffer.concat(webm).includes(Buffer.from(sound(60))));
  t.equal(webm.length, late.length);
  stop();
  stopWebm();
  t.equal(stream.isDeserted, false);
  stream.close();
  t.equal(tapped(), null);
  t.equal(clock.pendingTimers, 0);
  t.end();
});

test('after the process has stood still for a minute, the gap is filled in pages that are not too long', (t) => {
  for (const format of ['opus', 'webm'] as const) {
    let nowMs = START_MS;
    let due: (() => void) | undefined;
    const clock = {
      now: () => nowMs,
      wallNow: () => nowMs,
      setTimer: (_: number, run: () => void) => {
        due = run;
        return () => {};
      },
    };
    const stream = new RoomStream({ tap: { setTap: () => {} }, serial: 7, clock });
    const pieces: Uint8Array[] = [];
    stream.play(format, (bytes) => pieces.push(bytes));
    nowMs += 60_000;
    due?.();
    t.ok(pieces.length > 50, `${format}: ${pieces.length} pieces`);
    if (format === 'opus') {
      const { packets, end } = readOgg(Buffer.concat(pieces));
      t.equal(packets.length, (60_000 - 400) / FRAME_MS);
      t.equal(end, packets.length * FRAME_SAMPLES);
    }
    stream.close();
  }
  t.end();
});
