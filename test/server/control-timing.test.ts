/** How soon what a game server or a client says is heard, and levels are shown, through the whole server in simulated time. */

import type { Test } from 'tap';
import { test } from 'tap';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import { createPrng, type Prng } from '../helpers/prng.ts';
import { rmsDbfs, sharedTone } from '../helpers/signal.ts';
import { SimulatedGame } from '../helpers/simulated-game.ts';

const SEED = Number(process.env['SEED'] ?? 3150);
const FRAME_MS = 20;
/** High enough that an ear that is turned away hears it 16 dB quieter. */
const HIGH_HZ = 4000;
/** Only the gain of an ear for low frequencies counts. */
const LOW_HZ = 400;
const MOVES = 60;
/** Until the gains have arrived where they glide to. */
const REST_MS = 400;

/** Gains are ramps, so a packet shows at its end how far it has come. The tones have whole periods in this. */
const END_SAMPLES = 240;

interface Heard {
  readonly atMs: number;
  /** In the left ear. */
  readonly dbfs: number;
}

/** One who talks and two who listen, and a game server that places them. */
class World {
  readonly game: SimulatedGame;
  readonly levels = new Map<string, number[]>();

  private constructor(game: SimulatedGame, frequencyHz: number) {
    this.game = game;
    game.place({ talker: { at: [2, 0, 0] }, near: { at: [0, 0, 0] }, far: { at: [500, 0, 0] } });
    const talker = game.player('talker');
    talker.talk(sharedTone({ frequencyHz, samples: 48_000, amplitude: 0.1 }));
    talker.talks = false;
  }

  static async open(t: Test, frequencyHz = HIGH_HZ): Promise<World> {
    const told: { world?: World } = {};
    const onMessage = (name: string, message: ServerMessage) => told.world?.take(name, message);
    const game = await SimulatedGame.open(t, { seed: SEED, names: ['talker', 'near', 'far'], onMessage });
    told.world = new World(game, frequencyHz);
    return told.world;
  }

  take(name: string, message: ServerMessage): void {
    const { id } = this.game.player('talker');
    const shows = message.type === 'levels' && message.speaking.some(([speaker]) => speaker === id);
    if (shows) this.levels.set(name, [...(this.levels.get(name) ?? []), this.game.server.clock.now()]);
  }

  set talks(talks: boolean) {
    this.game.player('talker').talks = talks;
  }

  get heard(): Heard[] {
    const { heard } = this.game.player('near');
    return heard.map(({ atMs, left }) => ({ atMs, dbfs: rmsDbfs(left.subarray(-END_SAMPLES)) }));
  }

  forget(): void {
    this.game.player('near').forget();
    this.levels.clear();
  }

  run(ms: number): Promise<void> {
    return this.game.run(ms);
  }

  /** How long after `move` the first packet shows it, and how long until most of the change is heard, in milliseconds. */
  async timeOf(move: () => void): Promise<{ readonly firstMs: number; readonly mostMs: number }> {
    const before = this.heard.at(-1)!.dbfs;
    const { clock } = this.game.server;
    const atMs = clock.now();
    this.forget();
    move();
    await this.run(REST_MS);
    const since = this.heard;
    const after = since.at(-1)!.dbfs;
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
    world.game.place({ talker: { at: [isOdd ? 10 : 2, 0, 0] } }),
  );
  t.comment(`p95 ${firstMs} and ${mostMs} ms`);
  t.ok(firstMs <= 45, `p95 ${firstMs} ms`);
  t.ok(mostMs <= 70, `63 % of the change: p95 ${mostMs} ms`);
});

test('a direction that a client turns to is in a packet within 45 ms, and most of its effect within 70 ms', async (t) => {
  // The gains of an ear for low and high frequencies glide alike, but above the corner their sum does not.
  const world = await World.open(t, LOW_HZ);
  const { firstMs, mostMs } = await measure(world, createPrng(SEED), (isOdd) =>
    world.game.player('near').session.say({ type: 'turn', yaw: isOdd ? 90 : 0 }),
  );
  t.comment(`p95 ${firstMs} and ${mostMs} ms`);
  t.ok(firstMs <= 45, `p95 ${firstMs} ms`);
  t.ok(mostMs <= 70, `63 % of the change: p95 ${mostMs} ms`);
});

test('levels reach those who hear the voice within 120 ms, and nobody else', async (t) => {
  const world = await World.open(t);
  await world.run(1000);
  for (let n = 0; n < 20; n++) {
    world.forget();
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
