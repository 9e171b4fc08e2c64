import { test } from 'tap';
import type { VoicePacket } from '../../../src/formats/voice-packet.ts';
import { createHeartbeatMemory, Heartbeat, HeartbeatWatch } from '../../../src/media/link/heartbeat.ts';
import { SentPacketWriter } from '../../../src/media/link/relayed-packets.ts';
import { isRelayed, QUIET_BEFORE_REST_TICKS, Rest } from '../../../src/media/worker/rest.ts';
import { PTIME_MS } from '../../../src/mixer/format.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { toInt16, tone } from '../../helpers/signal.ts';
import { SimulatedEngine } from '../../helpers/simulated-engine.ts';

const SEED = 2204;
const PEOPLE = 10;
const DTX = Uint8Array.of(0x78);
const FRAMES_PER_SECOND = 1000 / PTIME_MS;
const TALKS_AT = 8 * FRAMES_PER_SECOND;
/** What a silent microphone sends with DTX: twice in a row, every 400 ms. */
const silence = (n: number): Uint8Array | null => (n % 20 < 2 ? DTX : null);

const talk = (() => {
  const encode = createFrameEncoder();
  const sound = toInt16(tone({ frequencyHz: 400, samples: 50 * FRAME_SAMPLES, amplitude: 0.2 }));
  const packets = Array.from({ length: 50 }, (_, n) =>
    encode(sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES)),
  );
  return (n: number): Uint8Array => packets[n % packets.length]!;
})();

interface Heard {
  readonly atMs: number;
  readonly size: number;
}

/** Ten silent people; the first begins to talk after eight seconds. */
function run({ records }: { readonly records: boolean }) {
  const heartbeat = createHeartbeatMemory();
  const engine = new SimulatedEngine(SEED, { heartbeat: new Heartbeat(heartbeat, 0) });
  const watched = { silences: 0 };
  const watch = new HeartbeatWatch({ memory: heartbeat, clock: engine.clock, onSilence: () => watched.silences++ });
  const heard: Heard[] = [];
  engine.join({ payload: (n) => (n >= TALKS_AT ? talk(n) : silence(n)) });
  const listener = engine.join({
    payload: silence,
    onPlayed: (playout, payload) => {
      if (playout === 'packet') heard.push({ atMs: engine.clock.now(), size: payload.length });
    },
  });
  for (let i = 2; i < PEOPLE; i++) engine.join({ payload: silence });
  if (records) engine.engine.handle({ type: 'set_room_tap', roomId: 1, tap: { voices: true, mix: false } });
  return { engine, heartbeat, heard, listener, watch, watched };
}

test('while everybody is silent, a worker ticks when packets are due, and nobody takes it for dead', async (t) => {
  const { engine, listener, watch, watched } = run({ records: false });
  engine.run(5);
  const [ticks, packets] = [engine.stats!.counters.ticks, listener.received.opus];
  engine.run(2);
  const passed = engine.stats!.counters.ticks - ticks;
  t.ok(passed >= 4 && passed <= 6, `${passed} ticks in 2 s`);
  t.ok(listener.received.opus - packets >= 4, 'packets of silence still come');
  t.equal(watched.silences, 0);
  t.ok(engine.engine.tickAgeMs() < PTIME_MS, 'no tick is overdue');
  watch.close();
  await engine.close();
});

test('the first frame of somebody who talks comes as early as from a worker that never rests', async (t) => {
  const runs = [];
  for (const records of [false, true]) {
    const { engine, heard, watch, watched } = run({ records });
    engine.run(7);
    const ticks = engine.stats!.counters.ticks;
    engine.run(2);
    runs.push({ ticks, sounds: heard.filter(({ size }) => size > 3) });
    t.equal(watched.silences, 0);
    watch.close();
    await engine.close();
  }
  const [rested, ticked] = runs as [(typeof runs)[0], (typeof runs)[0]];
  t.ok(rested.ticks < ticked.ticks / 2, `${rested.ticks} ticks instead of ${ticked.ticks}`);
  t.ok(rested.sounds.length > 40);
  t.strictSame(rested.sounds, ticked.sounds);
});

test('a worker that hangs while it rests is noticed soon', async (t) => {
  const { engine, watch, watched } = run({ records: false });
  engine.run(6);
  // From now on nothing of the engine runs, only the watch.
  await engine.close();
  engine.clock.advance(2000);
  t.equal(watched.silences, 1);
  watch.close();
});

test('relayed packets wake a worker only if they are to be heard', async (t) => {
  const engine = new SimulatedEngine(SEED);
  engine.join({ payload: silence });
  const parameters = { speaks: true, listens: true } as const;
  engine.engine.handle({
    type: 'add_member',
    memberId: 50,
    roomId: 1,
    endpoint: { kind: 'relayed', parameters },
    state: { muted: false, deafened: false, hearing: [] },
  });
  engine.run(5);
  const ticksOf = (during: () => void): number => {
    const before = engine.stats!.counters.ticks;
    during();
    engine.run(1);
    return engine.stats!.counters.ticks - before;
  };
  const send = (payload: Uint8Array, queued: boolean): void => {
    const packet: VoicePacket = { sequenceNumber: 1, timestamp: 0, payload, levelDbov: null, redundant: false };
    const writer = new SentPacketWriter();
    writer.add(50, packet, { queued, startsStream: false });
    engine.engine.handle({ type: 'relayed_packets', packets: writer.take()! });
  };
  t.ok(ticksOf(() => engine.engine.handle({ type: 'relayed_taken' })) < 6);
  t.ok(ticksOf(() => send(DTX, false)) < 6);
  t.ok(ticksOf(() => send(talk(0), true)) > 40);
  await engine.close();
});

test('a worker that rests shows that it lives when it is sent packets that do not wake it', async (t) => {
  const { engine, heartbeat, watch, watched } = run({ records: false });
  engine.run(6);
  const beats = new Int32Array(heartbeat);
  const before = beats[0]!;
  engine.clock.advance(30);
  watch.attend();
  engine.engine.handle({ type: 'relayed_taken' });
  t.equal(beats[0], before + 30);
  t.equal(beats[1], 400, 'and goes on resting');
  t.equal(engine.engine.tickAgeMs(), 0);
  t.equal(watched.silences, 0);
  watch.close();
  await engine.close();
});

test('a rest begins when rooms have been quiet for two seconds, and ends with the first sound', (t) => {
  const rest = new Rest();
  const room = { isQuiet: true };
  const relayed = { isPlaying: false };
  const rooms = new Map([
    [1, { isQuiet: true }],
    [2, room],
  ]);
  const observe = (times: number, isEmpty = false): number => {
    for (let i = 0; i < times; i++) rest.observe(isEmpty, rooms, relayed);
    return rest.ticks;
  };
  t.equal(observe(QUIET_BEFORE_REST_TICKS), 0);
  t.equal(observe(1), 20);
  rest.end();
  t.equal(rest.ticks, 0);
  t.equal(observe(QUIET_BEFORE_REST_TICKS), 0);
  for (const disturb of [(on: boolean) => (room.isQuiet = !on), (on: boolean) => (relayed.isPlaying = on)]) {
    t.equal(observe(1), 20);
    disturb(true);
    t.equal(observe(1), 0);
    disturb(false);
    t.equal(observe(QUIET_BEFORE_REST_TICKS), 0);
  }
  t.equal(observe(1, true), 200, 'with nobody there at once');
  t.equal(isRelayed({ type: 'relayed_taken' }), true);
  t.equal(isRelayed({ type: 'close' }), false);
  t.end();
});
