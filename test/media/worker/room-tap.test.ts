import { test } from 'tap';
import { forEachTapRecord, type TapRecord, TapRecordWriter } from '../../../src/media/link/tap-records.ts';
import { RoomTap } from '../../../src/media/worker/room-tap.ts';
import { FakeClock } from '../../helpers/fake-clock.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { toInt16, tone } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = 77;
const ROOM = 1;
const OTHER_ROOM = 2;
const MIX = { maxTalkers: 0, levelling: false };
const STATE = { muted: false, deafened: false, hearing: [] };

function talk(frequencyHz: number): (n: number) => Uint8Array {
  const encode = createFrameEncoder({ application: 'lowDelay' });
  const sound = toInt16(tone({ frequencyHz, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 }));
  const packets = Array.from({ length: 50 }, (_, n) =>
    encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)),
  );
  return (n) => packets[n % packets.length]!;
}

function recordsOf(engine: SimulatedEngine): TapRecord[] {
  const records: TapRecord[] = [];
  for (const bytes of engine.tapped) forEachTapRecord(bytes, (record) => records.push(record));
  engine.tapped.length = 0;
  return records;
}

function tap(engine: SimulatedEngine, request: { readonly voices: boolean; readonly mix: boolean } | null): void {
  engine.engine.handle({ type: 'set_room_tap', roomId: ROOM, tap: request });
}

test('everything that arrives of a member is shown, at the time it arrived, ten times a second', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const sound = talk(400);
  const talker = engine.join({ payload: sound, red: false, loss: 0.1 });
  engine.join();
  engine.run(1);
  t.equal(engine.tapped.length, 0, 'nothing without a tap');
  tap(engine, { voices: true, mix: false });
  const startMs = engine.clock.now();
  engine.run(2);
  t.ok(Math.abs(engine.tapped.length - 20) <= 1, `${engine.tapped.length} messages`);
  const records = recordsOf(engine);
  t.ok(records.length > 70 && records.length < 100, `${records.length} packets, with a tenth lost`);
  t.ok(records.every(({ memberId, roomId }) => memberId === talker.options.id && roomId === ROOM));
  t.ok(records.every(({ payload, timestamp }) => Buffer.from(payload).equals(sound(timestamp / FRAME_SAMPLES))));
  t.ok(records.every(({ arrivalMs }) => arrivalMs >= startMs && arrivalMs <= engine.clock.now()));
  tap(engine, null);
  engine.run(1);
  recordsOf(engine);
  engine.run(1);
  t.equal(engine.tapped.length, 0);
  await engine.close();
});

test('a live tap is shown each packet at once', async (t) => {
  const engine = new SimulatedEngine(SEED);
  engine.join({ payload: talk(400), red: false });
  engine.join();
  engine.engine.handle({ type: 'set_room_tap', roomId: ROOM, tap: { voices: true, mix: false, live: true } });
  engine.run(1);
  const messages = engine.tapped.length;
  const records = recordsOf(engine);
  t.ok(records.length >= 45 && messages === records.length, `${records.length} packets in ${messages} messages`);
  await engine.close();
});

test('redundant copies are shown as well', async (t) => {
  const engine = new SimulatedEngine(SEED);
  engine.join({ payload: talk(400), loss: 0.2 });
  tap(engine, { voices: true, mix: false });
  engine.run(2);
  const timestamps = new Set(recordsOf(engine).map(({ timestamp }) => timestamp));
  t.ok(timestamps.size > 90, `${timestamps.size} of 100 frames got through, one way or the other`);
  await engine.close();
});

test('what the room does not hear is not shown', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const talker = engine.join({ payload: talk(400) });
  const other = engine.join();
  tap(engine, { voices: true, mix: false });
  const shown = (state: object) => {
    engine.engine.handle({ type: 'set_state', memberId: talker.options.id, state: { ...STATE, ...state } });
    engine.run(0.2);
    recordsOf(engine);
    engine.run(0.5);
    return recordsOf(engine).length > 0;
  };
  t.equal(shown({ muted: true }), false, 'muted');
  const plan = { speaksInto: [0], whispersTo: [], hears: [0] };
  t.equal(shown({ plan: { ...plan, speaksInto: [3] } }), false, 'in a channel');
  t.equal(shown({ plan: { ...plan, speaksInto: [], whispersTo: [other.options.id] } }), false, 'whispering');
  t.equal(shown({ plan: { ...plan, speaksInto: [3, 0] } }), true, 'in a channel and the room');
  t.equal(shown({}), true);
  await engine.close();
});

test('who moves to another room is shown to the tap of that room', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const talker = engine.join({ payload: talk(400) });
  tap(engine, { voices: true, mix: false });
  engine.engine.handle({ type: 'open_room', roomId: OTHER_ROOM, mix: MIX });
  const move = (roomId: number) => {
    engine.engine.handle({ type: 'move_member', memberId: talker.options.id, roomId, state: STATE });
    engine.run(0.2);
    recordsOf(engine);
    engine.run(0.5);
    return new Set(recordsOf(engine).map((record) => record.roomId));
  };
  t.same(move(OTHER_ROOM), new Set());
  engine.engine.handle({ type: 'set_room_tap', roomId: OTHER_ROOM, tap: { voices: true, mix: false } });
  t.same(move(ROOM), new Set([ROOM]));
  t.same(move(OTHER_ROOM), new Set([OTHER_ROOM]));
  await engine.close();
});

/** Frames encoded in two seconds in which two people talk and two listen. */
async function encodedWith(mix: boolean): Promise<{ encoded: number; records: TapRecord[] }> {
  const engine = new SimulatedEngine(SEED);
  engine.join({ payload: talk(400) });
  engine.join({ payload: talk(700) });
  engine.join();
  engine.join();
  if (mix) tap(engine, { voices: false, mix: true });
  engine.run(2);
  recordsOf(engine);
  const before = engine.stats!.counters.framesEncoded;
  engine.run(2);
  const encoded = engine.stats!.counters.framesEncoded - before;
  const records = recordsOf(engine);
  await engine.close();
  return { encoded, records };
}

test('the mix is shown once a tick, and costs no frame that is not encoded anyway', async (t) => {
  const without = await encodedWith(false);
  const { encoded, records } = await encodedWith(true);
  t.equal(encoded, without.encoded);
  t.ok(encoded > 200);
  t.equal(without.records.length, 0);
  t.ok(Math.abs(records.length - 100) <= 5, `${records.length} packets`);
  const first = records[0]!;
  records.forEach(({ timestamp, memberId, arrivalMs }, index) => {
    t.equal(memberId, 0);
    t.equal(timestamp, (first.timestamp + index * FRAME_SAMPLES) >>> 0);
    // The number of the tick in samples: what a recording relies on.
    t.ok(Math.abs(timestamp / 48 - arrivalMs) <= 1, `${timestamp / 48} at ${arrivalMs}`);
  });
});

test('a tap neither keeps a room open nor busy', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const person = engine.join();
  tap(engine, { voices: true, mix: true });
  engine.run(2);
  recordsOf(engine);
  engine.run(2);
  t.ok(recordsOf(engine).length <= 6, 'in silence, only the packets that repeat it');
  t.equal(engine.stats!.counters.framesEncoded, 0);
  engine.leave(person);
  engine.run(2);
  t.equal(engine.stats!.gauges.rooms, 0);
  await engine.close();
});

test('a room that is opened again while it fades has a tap again when it is said again', async (t) => {
  const engine = new SimulatedEngine(SEED);
  const person = engine.join({ payload: talk(400) });
  tap(engine, { voices: false, mix: true });
  engine.run(1);
  engine.leave(person);
  engine.join({ payload: talk(400) });
  // The newcomer's first STUN check comes after five seconds.
  engine.run(5);
  recordsOf(engine);
  engine.run(1);
  t.equal(recordsOf(engine).length, 0, 'the tap may have ended meanwhile');
  tap(engine, { voices: false, mix: true });
  engine.run(1);
  const { length } = recordsOf(engine);
  t.ok(length > 40, `${length} packets`);
  await engine.close();
});

test('what comes together is posted together, even to a live tap', (t) => {
  const clock = new FakeClock();
  const records = new TapRecordWriter();
  let posts = 0;
  const tap = new RoomTap({ roomId: ROOM, voices: true, mix: false, live: true, records, clock, post: () => posts++ });
  const packet = { sequenceNumber: 0, timestamp: 0, payload: Uint8Array.of(0xf8), levelDbov: null, redundant: false };
  for (let n = 0; n < 100; n++) tap.heard(1, 0, packet, clock.now());
  clock.advance(0);
  t.equal(posts, 1, 'a flood costs the control plane little');
  tap.heard(1, 0, packet, clock.now());
  clock.advance(0);
  t.equal(posts, 2);
  tap.heard(1, 0, packet, clock.now());
  tap.close();
  tap.close();
  t.equal(posts, 3);
  t.equal(clock.pendingTimers, 0);
  t.end();
});
