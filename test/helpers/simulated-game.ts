/** People in a room with space on a `SimulatedServer`, and the game server that places them on its control connection. */
import pino from 'pino';
import type { Test } from 'tap';
import type { WebSocket } from 'ws';
import { ControlSession } from '../../src/admin/control/control-session.ts';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import type { ServerMessage } from '../../src/protocol/messages.ts';
import { createIdentity } from '../rtc/dtls-client.ts';
import { createFrameEncoder, createStereoDecoder, FRAME_SAMPLES, type StereoFrame } from './opus.ts';
import { type FramePosition, positionFrame } from './position-frame.ts';
import { concatInt16 } from './signal.ts';
import { SimulatedPerson } from './simulated-person.ts';
import { SimulatedServer, SimulatedSocket } from './simulated-server.ts';

const FRAME_MS = 20;
/** Little enough to be lost in the noise of anything else that codes the sound. */
const TALKER_CODEC = { application: 'audio', bitsPerSecond: 128_000 } as const;

interface HeardPacket {
  readonly atMs: number;
  readonly payload: Buffer;
}

interface HeardFrame extends HeardPacket, StereoFrame {}

/** Somebody in the room, who plays everything they are sent. */
export class SimulatedPlayer {
  readonly name: string;
  readonly number: number;
  /** With sound. */
  readonly packets: HeardPacket[] = [];
  readonly #heard: HeardFrame[] = [];
  readonly #decode = createStereoDecoder();
  readonly session: SimulatedPerson;
  /** What they say while they talk: these packets, over and over again. */
  says: readonly Buffer[] = [];
  talks = false;
  #sent = 0;

  constructor(
    name: string,
    number: number,
    open: (hear: (payload: Buffer) => void) => SimulatedPerson,
    now: () => number,
  ) {
    this.name = name;
    this.number = number;
    this.session = open((payload) => this.packets.push({ atMs: now(), payload: Buffer.from(payload) }));
  }

  get id(): string {
    return this.session.id;
  }

  /** The packets as they sound. Only those who listen take the time to decode. */
  get heard(): readonly HeardFrame[] {
    this.#decodeAll();
    return this.#heard;
  }

  /** Forgets what was heard so far. The decoder continues. */
  forget(): void {
    this.#decodeAll();
    this.packets.length = 0;
    this.#heard.length = 0;
  }

  #decodeAll(): void {
    for (const packet of this.packets.slice(this.#heard.length))
      this.#heard.push({ ...packet, ...this.#decode(packet.payload) });
  }

  /** Talks like this from now on; the sound has a whole number of frames. */
  talk(sound: Int16Array): void {
    const encode = createFrameEncoder(TALKER_CODEC);
    const frames = Array.from({ length: sound.length / FRAME_SAMPLES }, (_, n) =>
      sound.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES),
    );
    // Once around before, so that the end joins the beginning.
    for (const frame of frames) encode(frame);
    this.says = frames.map((frame) => encode(frame));
    this.talks = true;
  }

  /** Called once in each frame. */
  speak(): void {
    if (this.talks) this.session.sendFrame(this.says[this.#sent++ % this.says.length]!);
  }

  /** One side of what was heard in the last frames. */
  side(side: keyof StereoFrame, frames: number): Int16Array {
    return concatInt16(this.heard.slice(-frames).map((frame) => frame[side]));
  }
}

export interface SimulatedGameOptions {
  readonly seed: number;
  readonly names: readonly string[];
  readonly onMessage?: (name: string, message: ServerMessage) => void;
}

export class SimulatedGame {
  readonly server: SimulatedServer;
  readonly game: SimulatedSocket;
  readonly #players: readonly SimulatedPlayer[];

  private constructor(
    server: SimulatedServer,
    identity: Awaited<ReturnType<typeof createIdentity>>,
    { seed, names, onMessage }: SimulatedGameOptions,
  ) {
    this.server = server;
    const { clock, registry } = server;
    registry.create({ name: 'world', locked: false, levelling: false });
    this.#players = names.map((name, index) => {
      const options = { server, room: 'world', identity, seed: seed + 1 + index, takesStereo: true };
      const told = onMessage === undefined ? {} : { onMessage: (message: ServerMessage) => onMessage(name, message) };
      const open = (onPayload: (payload: Buffer) => void) => new SimulatedPerson({ ...options, ...told, onPayload });
      return new SimulatedPlayer(name, index + 1, open, () => clock.now());
    });
    this.game = new SimulatedSocket(
      () => {},
      () => {},
    );
    new ControlSession({
      socket: this.game as unknown as WebSocket,
      room: registry.room('world'),
      clock,
      limitCounts: new LimitCounts(),
      log: pino({ level: 'silent' }),
      onClosed: () => {},
    });
  }

  /** Waits until everybody is connected. */
  static async open(t: Test, options: SimulatedGameOptions): Promise<SimulatedGame> {
    t.comment(`SEED=${options.seed}`);
    const server = await SimulatedServer.start(1, options.seed);
    const game = new SimulatedGame(server, await createIdentity(), options);
    t.teardown(() => server.close());
    const isConnected = () => game.#players.every(({ session }) => session.connected);
    for (let turn = 0; turn < 2000 && !isConnected(); turn++) {
      await new Promise(setImmediate);
      server.clock.advance(1);
    }
    if (!isConnected()) throw new Error('not everybody is connected');
    game.say({ type: 'space', rules: {} });
    game.say({ type: 'numbers', numbers: Object.fromEntries(game.#players.map(({ id, number }) => [id, number])) });
    return game;
  }

  player(name: string): SimulatedPlayer {
    const player = this.#players.find((one) => one.name === name);
    if (player === undefined) throw new Error(`there is no ${name}`);
    return player;
  }

  /** What the game server says. */
  say(message: unknown): void {
    this.game.say(JSON.stringify(message));
  }

  /** Positions in binary. */
  place(places: Readonly<Record<string, Omit<FramePosition, 'number'>>>): void {
    const positions = Object.entries(places).map(([name, place]) => ({ ...place, number: this.player(name).number }));
    this.game.sayBinary(positionFrame(positions));
  }

  /** @param beforeFrame called when a frame begins, with the time that has passed */
  async run(ms: number, beforeFrame?: (passedMs: number) => void): Promise<void> {
    const { clock } = this.server;
    for (const { session } of this.#players) session.say({ type: 'ping' });
    for (let passed = 0; passed < ms; passed++) {
      clock.advance(1);
      if (Math.floor(clock.now()) % FRAME_MS !== 0) continue;
      beforeFrame?.(passed);
      for (const player of this.#players) player.speak();
    }
    await new Promise(setImmediate);
  }
}
