/** How soon what a game server or a client says is heard, and levels are shown, through the whole server in simulated time. */
import pino from 'pino';
import { type Test, test } from 'tap';
import type { WebSocket } from 'ws';
import { ControlSession } from '../../src/admin/control/control-session.ts';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import { createFrameEncoder, createStereoDecoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { positionFrame } from '../helpers/position-frame.ts';
import { createPrng, type Prng } from '../helpers/prng.ts';
import { rmsDbfs, toInt16, tone } from '../helpers/signal.ts';
import { SimulatedPerson } from '../helpers/simulated-person.ts';
import { SimulatedServer, SimulatedSocket } from '../helpers/simulated-server.ts';
import { createIdentity } from '../rtc/dtls-client.ts';

const SEED = Number(process.env['SEED'] ?? 3150);
const FRAME_MS = 20;
/** High enough that an ear that is turned away hears it 16 dB quieter. */
const HZ = 4000;
const MOVES = 60;
/** Until the gains have arrived where they glide to. */
const REST_MS = 400;

/** Gains are ramps, so a packet shows at its end how far it has come. */
const END_SAMPLES = 240;

interface Heard {
  readonly atMs: number;
  /** In the left ear. */
  readonly dbfs: number;
}

/** One who talks and two who listen, and a game server that places them. */
class World {
  readonly server: SimulatedServer;
  readonly heard: Heard[] = [];
  readonly levels = new Map<string, number[]>();
  readonly game: SimulatedSocket;
  readonly #people: Readonly<Record<'talker' | 'near' | 'far', SimulatedPerson>>;
  readonly #frames: readonly Buffer[];
  #sent = 0;
  talks = false;

  private constructor(server: SimulatedServer, identity: Awaited<ReturnType<typeof createIdentity>>) {
    this.server = server;
    const { clock, registry } = server;
    registry.create({ name: 'world', locked: false, levelling: false });
    const decode = createStereoDecoder();
    const person = (name: string, seed: number, onPayload?: (payload: Buffer) => void) =>
      new SimulatedPerson({
        ...{ server, room: 'world', identity, seed, takesStereo: true },
        ...(onPayload !== undefined && { onPayload }),
        onMessage: (message) => {
          const shows = message.type === 'levels' && message.speaking.some(([id]) => id === this.id('talker'));
          if (shows) this.levels.set(name, [...(this.levels.get(name) ?? []), clock.now()]);
        },
      });
    this.#people = {
      talker: person('talker', SEED + 1),
      near: person('near', SEED + 2, (payload) =>
        this.heard.push({ atMs: clock.now(), dbfs: rmsDbfs(decode(payload).left.subarray(-END_SAMPLES)) }),
      ),
      far: person('far', SEED + 3),
    };
    this.game = new SimulatedSocket(
      () => {},
      () => {},
    );
    new ControlSession({
      socket: this.game as unknown as WebSocket,
      ...{ room: registry.room('world'), clock, limitCounts: new LimitCounts(), log: pino({ level: 'silent' }) },
      onClosed: () => {},
    });
    const encode = createFrameEncoder({ application: 'audio', bitsPerSecond: 96_000 });
    this.#frames = Array.from({ length: 50 }, (_, n) =>
      encode(
        toInt16(tone({ frequencyHz: HZ, samples: FRAME_SAMPLES, startSample: n * FRAME_SAMPLES, amplitude: 0.1 })),
      ),
    );
  }

  static async open(t: Test): Promise<World> {
    t.comment(`SEED=${SEED}`);
    const server = await SimulatedServer.start(1, SEED);
    const world = new World(server, await createIdentity());
    t.teardown(() => server.close());
    for (let turn = 0; turn < 2000 && !world.#isConnected; turn++) {
      await new Promise(setImmediate);
      server.clock.advance(1);
    }
    if (!world.#isConnected) throw new Error('not everybody is connected');
    const { talker, near, far } = world.#people;
    world.say({ type: 'space', rules: {} });
    world.say({ type: 'numbers', numbers: { [talker.id]: 1, [near.id]: 2, [far.id]: 3 } });
    world.game.sayBinary(
      positionFrame([
        { number: 1, at: [2, 0, 0] },
        { number: 2, at: [0, 0, 0] },
        { number: 3, at: [500, 0, 0] },
      ]),
    );
    return world;
  }

  get #isConnected(): boolean {
    return Object.values(this.#people).every(({ connected }) => connected);
  }

  get near(): SimulatedPerson {
    return this.#people.near;
  }

  id(who: 'talker' | 'near' | 'far'): string {
    return this.#people[who].id;
  }

  say(message: unknown): void {
    this.game.say(JSON.stringify(message));
  }

  async run(ms: number): Promise<void> {
    const { clock } = this.server;
    for (const person of Object.values(this.#people)) person.say({ type: 'ping' });
    for (let passed = 0; passed < ms; passed++) {
      clock.advance(1);
      const isDue = Math.floor(clock.now()) % FRAME_MS === 0;
      if (this.talks && isDue) this.#people.talker.sendFrame(this.#frames[this.#sent++ % this.#frames.length]!);
    }
    await new Promise(setImmediate);
  }

  /** How long after `move` the first packet shows it, and how long until most of the change is heard, in milliseconds. */
  async timeOf(move: () => void): Promise<{ readonly firstMs: number; readonly mostMs: number }> {
    const before = this.heard.at(-1)!.dbfs;
    const atMs = this.server.clock.now();
    move();
    await this.run(REST_MS);
    const after = this.heard.at(-1)!.dbfs;
    const since = this.heard.filter((packet) => packet.atMs > atMs);
    const share = ({ dbfs }: Heard) => (amplitude(dbfs) - amplitude(before)) / (amplitude(after) - amplitude(before));
    const timeTo = (part: number) =>
      (since.find((packet) => share(packet) >= part)?.atMs ?? Number.POSITIVE_INFINITY) - atMs;
    return { firstMs: timeTo(0.1), mostMs: timeTo(0.63) };
  }
}

function amplitude(dbfs: number): number {
  return 10 ** (dbfs / 20);
}

function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(0.95 * values.length) - 1]!;
}

async function measure(world: World, prng: Prng, move: (isOdd: boolean) => void) {
  world.talks = true;
  await world.run(2000);
  const times: Awaited<ReturnType<World['timeOf']>>[] = [];
  for (let n = 0; n < MOVES; n++) {
    await world.run(Math.floor(FRAME_MS * prng()));
    times.push(await world.timeOf(() => move(n % 2 === 0)));
  }
  return { firstMs: p95(times.map(({ firstMs }) => firstMs)), mostMs: p95(times.map(({ mostMs }) => mostMs)) };
}

test('a position that a game server sends is in a packet within 45 ms, and most of its effect within 70 ms', async (t) => {
  const world = await World.open(t);
  const { firstMs, mostMs } = await measure(world, createPrng(SEED), (isOdd) =>
    world.game.sayBinary(positionFrame([{ number: 1, at: [isOdd ? 10 : 2, 0, 0] }])),
  );
  t.comment(`p95 ${firstMs} and ${mostMs} ms`);
  t.ok(firstMs <= 45, `p95 ${firstMs} ms`);
  t.ok(mostMs <= 70, `63 % of the change: p95 ${mostMs} ms`);
});

// The two gains of an ear move at the same pace as for a position, but their sum does not.
test('a direction that a client turns to is in a packet within 45 ms', async (t) => {
  const world = await World.open(t);
  const { firstMs } = await measure(world, createPrng(SEED), (isOdd) =>
    world.near.say({ type: 'turn', yaw: isOdd ? 90 : 0 }),
  );
  t.ok(firstMs <= 45, `p95 ${firstMs} ms`);
});

test('levels reach those who hear the voice within 120 ms, and nobody else', async (t) => {
  const world = await World.open(t);
  await world.run(1000);
  for (let n = 0; n < 20; n++) {
    world.heard.length = 0;
    world.levels.clear();
    world.talks = true;
    await world.run(600 + 7 * n);
    const heardMs = world.heard.find(({ dbfs }) => dbfs > -40)?.atMs ?? Number.NaN;
    const shownMs = world.levels.get('near')?.[0] ?? Number.POSITIVE_INFINITY;
    t.ok(shownMs - heardMs <= 120, `shown ${shownMs - heardMs} ms after it is heard`);
    t.notOk(world.levels.has('far'));
    world.talks = false;
    await world.run(1500);
  }
});
