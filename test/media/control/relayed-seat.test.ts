import { test } from 'tap';
import type { MediaRoom, RelayedOptions, RelayedSeat } from '../../../src/media/plane.ts';
import { createFrameDecoder, createFrameEncoder, FRAME_SAMPLES } from '../../helpers/opus.ts';
import { toInt16, tone, toneLevelDbfs } from '../../helpers/signal.ts';
import { SimulatedServer } from '../../helpers/simulated-server.ts';

const STATE = { muted: false, deafened: false, hearing: [] };
const QUIET_DBFS = -60;

/** A room of the real media plane, in simulated time. */
async function setUp(workers = 1) {
  const server = await SimulatedServer.start(workers, 7);
  const settle = () => new Promise(setImmediate);
  const run = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      server.clock.advance(10);
      await settle();
    }
  };
  return { server, run, settle };
}

/** Somebody in the room who sends a tone, in whatever way, and hears. */
class Person {
  readonly seat: RelayedSeat;
  readonly log: string[] = [];
  readonly mixes: { readonly payload: Uint8Array; readonly timestamp: number; readonly marker: boolean }[] = [];
  played = 0;
  readonly #encode = createFrameEncoder({ application: 'lowDelay' });
  readonly #decode = createFrameDecoder();
  readonly #second: Int16Array;
  #frames = 0;
  #heard = new Float32Array(0);

  constructor(room: MediaRoom, frequencyHz: number, options: Partial<RelayedOptions> = {}) {
    this.#second = toInt16(tone({ frequencyHz, samples: 50 * FRAME_SAMPLES }));
    this.seat = room.connectRelayed({
      state: STATE,
      speaks: true,
      listens: true,
      sink: {
        mix: (payload, timestamp, marker) => this.#hear(payload.slice(), timestamp, marker),
        played: (samples) => {
          this.played = samples;
        },
      },
      events: {
        connected: () => this.log.push('connected'),
        silent: () => this.log.push('silent'),
        closed: (reason) => this.log.push(reason),
      },
      ...options,
    });
  }

  frame(): Uint8Array {
    // Tones have whole periods in a second.
    const start = (this.#frames++ % 50) * FRAME_SAMPLES;
    return this.#encode(this.#second.subarray(start, start + FRAME_SAMPLES));
  }

  /** Sends so many frames as they come, one every 20 ms. */
  async talk(frames: number, run: (ms: number) => Promise<void>): Promise<void> {
    for (let i = 0; i < frames; i++) {
      const n = this.#frames;
      const payload = this.frame();
      this.seat.send({ sequenceNumber: n, timestamp: n * FRAME_SAMPLES, payload, levelDbov: -20 });
      await run(20);
    }
  }

  enqueue(frames: number): boolean[] {
    return Array.from({ length: frames }, () => this.seat.enqueue(this.frame()));
  }

  /** The level of a tone in the last 100 ms of what was heard since the last call. Nothing is sent in silence. */
  hears(frequencyHz: number): number {
    const heard = this.#heard;
    this.#heard = new Float32Array(0);
    return heard.length === 0 ? Number.NEGATIVE_INFINITY : toneLevelDbfs(heard, frequencyHz);
  }

  #hear(payload: Uint8Array, timestamp: number, marker: boolean): void {
    this.mixes.push({ payload, timestamp, marker });
    const frame = Float32Array.from(this.#decode(payload), (sample) => sample / 32_768);
    this.#heard = Float32Array.from([...this.#heard, ...frame].slice(-5 * FRAME_SAMPLES));
  }
}

test('relayed participants hear each other, whatever their workers, and nobody themselves', async (t) => {
  for (const workers of [1, 2]) {
    const { server, run, settle } = await setUp(workers);
    const room = server.plane.openRoom({ levels: () => {} });
    const people = [700, 1300].map((frequencyHz) => new Person(room, frequencyHz)) as [Person, Person];
    t.same(people[0].log, [], 'the room learns of the seat first');
    await settle();
    t.same(
      people.map(({ log }) => log),
      [['connected'], ['connected']],
    );
    t.ok(people.every(({ seat }) => seat.kind === 'relayed'));
    await Promise.all([people[0].talk(40, run), people[1].talk(40, async () => {})]);
    t.ok(people[1].hears(700) > -40, `with ${workers} workers`);
    await people[0].talk(10, run);
    t.ok(people[1].hears(1300) < QUIET_DBFS);
    const timestamps = people[1].mixes.map(({ timestamp }) => timestamp);
    t.ok(people[1].mixes.some(({ marker }) => marker));
    t.ok(
      timestamps.every(
        (time, i) => i === 0 || time - timestamps[i - 1]! === FRAME_SAMPLES || people[1].mixes[i]!.marker,
      ),
    );
    const stats = server.plane.stats();
    const sum = (name: 'rtpPacketsIn' | 'rtpPacketsOut') =>
      stats.reduce((all, { counters }) => all + counters[name], 0);
    t.ok(sum('rtpPacketsIn') >= 40 && sum('rtpPacketsOut') >= 30);
    t.equal(
      stats.reduce((all, { gauges }) => all + gauges.connectionsRelayed, 0),
      2,
    );
    await server.close();
  }
});

test('a queue is played at its own pace, and its end is known', async (t) => {
  const { server, run, settle } = await setUp();
  const room = server.plane.openRoom({ levels: () => {} });
  const player = new Person(room, 700, { listens: false, kind: 'music' });
  const listener = new Person(room, 1300, { speaks: false });
  await settle();
  t.ok(player.enqueue(500).every(Boolean));
  t.same(player.enqueue(1), [false], 'ten seconds, and no more');
  t.equal(player.seat.enqueue(Uint8Array.of(3)), false, 'no Opus');
  t.equal(player.seat.queuedSamples, 500 * FRAME_SAMPLES);
  await run(1000);
  t.ok(listener.hears(700) > -40);
  t.ok(Math.abs(player.played - 48_000) < 8000, `${player.played}`);
  t.equal(player.seat.waitingSamples, 480_000 - player.played);
  player.seat.clearQueue();
  await run(400);
  t.equal(player.seat.waitingSamples, 0);
  listener.hears(700);
  await run(200);
  t.ok(listener.hears(700) < QUIET_DBFS);
  t.same(player.enqueue(10), Array(10).fill(true));
  await run(600);
  t.equal(player.played, 510 * FRAME_SAMPLES);
  t.same(player.mixes, []);
  await server.close();
});

test('the state holds, and a seat that is closed neither hears nor is heard', async (t) => {
  const { server, run, settle } = await setUp();
  const room = server.plane.openRoom({ levels: () => {} });
  const [talker, listener] = [new Person(room, 700), new Person(room, 1300)];
  await settle();
  talker.seat.setState({ ...STATE, muted: true });
  await talker.talk(20, run);
  t.ok(listener.hears(700) < QUIET_DBFS);
  talker.seat.setState(STATE);
  await talker.talk(30, run);
  t.ok(listener.hears(700) > -40);
  talker.seat.close();
  t.equal(talker.seat.send({ sequenceNumber: 1, timestamp: 1, payload: talker.frame(), levelDbov: null }), false);
  t.equal(talker.seat.enqueue(talker.frame()), false);
  await run(300);
  listener.hears(700);
  await run(200);
  t.ok(listener.hears(700) < QUIET_DBFS);
  t.equal(talker.log.length, 1);
  await server.close();
});

test('a relayed seat moves to another room', async (t) => {
  const { server, run, settle } = await setUp();
  const rooms = [0, 1].map(() => server.plane.openRoom({ levels: () => {} })) as [MediaRoom, MediaRoom];
  const talker = new Person(rooms[0], 700);
  const [left, found] = rooms.map((room) => new Person(room, 1300, { speaks: false })) as [Person, Person];
  await settle();
  await talker.talk(20, run);
  t.ok(left.hears(700) > -40);
  rooms[1].adopt(talker.seat, STATE);
  await talker.talk(20, run);
  left.hears(700);
  await talker.talk(20, run);
  t.ok(left.hears(700) < QUIET_DBFS);
  t.ok(found.hears(700) > -40);
  await server.close();
});

test('the death of the worker is told, once there is another', async (t) => {
  const { server, run, settle } = await setUp();
  const room = server.plane.openRoom({ levels: () => {} });
  const person = new Person(room, 700);
  await settle();
  person.enqueue(3);
  server.crashWorker(0);
  t.same(person.log, ['connected']);
  await run(100);
  t.same(person.log, ['connected', 'media_failed']);
  const again = new Person(room, 700, { returning: true });
  await settle();
  t.same(again.log, ['connected']);
  await server.close();
});

test('a seat that is closed at once is never connected', async (t) => {
  const { server, settle } = await setUp();
  const person = new Person(server.plane.openRoom({ levels: () => {} }), 700);
  person.seat.close();
  await settle();
  t.same(person.log, []);
  await server.close();
});
