import { test } from 'tap';
import { eventually } from '../helpers/eventually.ts';
import { memoryBytes } from '../helpers/memory.ts';
import { createFrameEncoder, FRAME_SAMPLES } from '../helpers/opus.ts';
import { createPrng, type Prng } from '../helpers/prng.ts';
import { SimulatedPerson } from '../helpers/simulated-person.ts';
import { SimulatedServer } from '../helpers/simulated-server.ts';
import { type ClientIdentity, createIdentity } from '../rtc/dtls-client.ts';

const SEED = Number(process.env['SEED'] ?? 7200);
const MINUTE_MS = 60_000;
/** Two hours. After each half hour everybody leaves, and the empty server is inspected. */
const ROUNDS = 4;
const ROUND_MS = 30 * MINUTE_MS;
/** Everything that waits for somebody gives up within this time: a resume, consent, a handshake, a ping. */
const SILENCE_MS = 2 * MINUTE_MS;
const WORKERS = 2;
const ROOMS = ['a', 'b', 'c'] as const;
const MOST_PEOPLE = 8;
/** Average time between two events. */
const EVENT_MS = 8000;
const FRAME_MS = 20;
const MB = 1e6;
const MAX_GROWN_BYTES = 6 * MB;

/** Everybody who is in a room or trying to join, and what happens to them. */
class Life {
  readonly happened = new Map<string, number>();
  readonly #server: SimulatedServer;
  readonly #prng: Prng;
  readonly #identity: ClientIdentity;
  readonly #speech: readonly Uint8Array[];
  #people: SimulatedPerson[] = [];
  #count = 0;
  packetsHeard = 0;
  connections = 0;

  constructor(server: SimulatedServer, prng: Prng, identity: ClientIdentity, speech: readonly Uint8Array[]) {
    this.#server = server;
    this.#prng = prng;
    this.#identity = identity;
    this.#speech = speech;
  }

  async live(ms: number): Promise<void> {
    const { clock } = this.#server;
    const endMs = clock.now() + ms;
    while (clock.now() < endMs) {
      await this.#happen();
      await this.#pass(2 * EVENT_MS * this.#prng());
    }
    for (const person of this.#people) this.#remove(person, this.#pick(['leave', 'closePage', 'vanish'] as const));
    await this.#pass(SILENCE_MS);
  }

  async #happen(): Promise<void> {
    const person = this.#people[Math.floor(this.#prng() * this.#people.length)];
    const what = this.#pick([
      ...(['join', 'join', 'talk', 'talk', 'mute', 'deafen', 'lose socket', 'offer', 'babble'] as const),
      ...(['leave', 'closePage', 'vanish'] as const),
      ...(this.#prng() < 0.2 ? (['crash'] as const) : []),
    ]);
    this.happened.set(what, (this.happened.get(what) ?? 0) + 1);
    if (what === 'crash') {
      this.#server.crashWorker(Math.floor(this.#prng() * WORKERS));
      await this.#settle();
    } else if (person === undefined || what === 'join') await this.#join();
    else if (what === 'talk') await this.#talk();
    else if (what === 'mute') person.say({ type: 'mute', muted: this.#prng() < 0.5 });
    else if (what === 'deafen') person.say({ type: 'deafen', deafened: this.#prng() < 0.5 });
    else if (what === 'babble') person.babble();
    else if (what === 'lose socket') {
      person.dropSocket();
      await this.#pass(45_000 * this.#prng() ** 2);
      person.join();
      await this.#settle();
    } else if (what === 'offer') {
      person.offer();
      if (this.#prng() < 0.8) await this.#settle();
    } else this.#remove(person, what);
  }

  async #join(): Promise<void> {
    if (this.#people.length >= MOST_PEOPLE) return;
    const seed = SEED + ++this.#count;
    const room = this.#pick(ROOMS);
    this.#people.push(new SimulatedPerson({ server: this.#server, room, identity: this.#identity, seed }));
    if (this.#prng() < 0.9) await this.#settle();
  }

  async #talk(): Promise<void> {
    const talkers = this.#people.filter(() => this.#prng() < 0.4);
    const frames = 10 + 20 * this.#prng();
    for (let frame = 0; frame < frames; frame++) {
      for (const talker of talkers) talker.sendFrame(this.#speech[frame % this.#speech.length]!);
      this.#server.clock.advance(FRAME_MS);
    }
  }

  #remove(person: SimulatedPerson, how: 'leave' | 'closePage' | 'vanish'): void {
    person[how]();
    this.packetsHeard += person.packetsHeard;
    this.connections += person.connections;
    this.#people = this.#people.filter((other) => other !== person);
  }

  /** Handshakes need turns of the real event loop. */
  async #settle(): Promise<void> {
    const waiting = () => this.#people.some((person) => person.socketOpen && !person.connected);
    for (let turn = 0; turn < 400 && (turn < 4 || waiting()); turn++) {
      await new Promise(setImmediate);
      this.#server.clock.advance(turn < 40 ? 1 : FRAME_MS);
    }
  }

  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      this.#server.clock.advance(Math.min(1000, ms - passed));
      await new Promise(setImmediate);
    }
  }

  #pick<T>(of: readonly T[]): T {
    return of[Math.floor(this.#prng() * of.length)]!;
  }
}

/** Timers of the real clock. Handshakes of the clients leave some behind for a second or two. */
function realTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

/** The numbers of everything that a server counts. */
function inventory({ clock, registry, sessions, keys, plane }: SimulatedServer) {
  const { rooms, participants } = registry.figures;
  const workers = plane.stats().map(({ gauges }) => ({
    rooms: gauges.rooms,
    connections: gauges.connections,
    paths: gauges.paths,
    encoders: gauges.encodersInUse,
    decoders: gauges.decodersInUse,
    talkers: gauges.talkers,
  }));
  return {
    rooms,
    participants,
    sessions: sessions.size,
    keys: keys.size,
    timers: clock.pendingTimers,
    workers,
  };
}

test('two hours of joins, talk, broken connections, vanished people and crashed workers leave nothing behind', async (t) => {
  t.comment(`SEED=${SEED}`);
  const encode = createFrameEncoder();
  const sound = Int16Array.from({ length: FRAME_SAMPLES }, (_, i) => 8000 * Math.sin(i / 7));
  const speech = Array.from({ length: 20 }, () => Uint8Array.from(encode(sound)));
  const server = await SimulatedServer.start(WORKERS, SEED);
  t.teardown(() => server.close());
  const life = new Life(server, createPrng(SEED), await createIdentity(), speech);
  server.clock.advance(MINUTE_MS);
  const empty = inventory(server);
  t.match(empty, { rooms: 0, participants: 0, sessions: 0, workers: [{ connections: 0 }, { connections: 0 }] });
  const memory: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await life.live(ROUND_MS);
    t.same(
      inventory(server),
      empty,
      `seed ${SEED}: everything is as before after ${((round + 1) * ROUND_MS) / MINUTE_MS} minutes`,
    );
    memory.push(await memoryBytes());
  }
  t.comment(Object.fromEntries(life.happened), `${life.connections} connections, ${life.packetsHeard} packets heard`);
  t.ok(life.connections > 100, `${life.connections} connections`);
  t.ok(life.packetsHeard > 5000, `${life.packetsHeard} packets heard`);
  await eventually(() => realTimers() === 0 || `${realTimers()} real timers are left`);
  const grownBytes = memory.at(-1)! - memory[0]!;
  t.ok(
    grownBytes < MAX_GROWN_BYTES,
    `${(grownBytes / MB).toFixed(2)} MB more than after the first half hour, seed ${SEED}`,
  );
});
