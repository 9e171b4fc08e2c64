/** The game server: it knows who plays and where, and informs the pages and the voice server. */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { type GameMessage, type PageMessage, pageMessageSchema } from './messages.ts';
import { type ControlMessage, VoiceRoom } from './voice-room.ts';
import { type Direction, EARSHOT, isWallBetween, type Place, startPlace, walk } from './world.ts';

const ROOM = 'web-game';
const TICK_MS = 50;
const MAX_PLAYERS = 50;
/** Nobody presses more keys than this between two ticks. */
const MAX_MESSAGES_PER_TICK = 10;
/** Limit for bytes that a page has not read yet. It gets the newest places when it catches up. */
const MAX_WAITING_BYTES = 65_536;
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

const VOICE_RULES = {
  axes: 'godot',
  ranges: { normal: EARSHOT },
  // Seen from above, what is on the left of the screen is on the left of everybody's ears, however they walk.
  turn: 'server',
};

interface Player {
  readonly id: string;
  readonly name: string;
  readonly socket: WebSocket;
  place: Place;
  direction: Direction;
}

export interface GameOptions {
  /** The address of the voice server, without a slash at the end. */
  readonly voiceServer: string;
  readonly adminToken: string;
}

export class Game {
  readonly #players = new Map<string, Player>();
  readonly #voice: VoiceRoom;
  readonly #voiceUrl: string;
  /** What the voice server last received for each pair, `VOICE EARS`: 0 is nothing between them, 1 the wall. */
  readonly #walls = new Map<string, number>();
  readonly #ticks: NodeJS.Timeout;
  #messages = new Map<WebSocket, number>();
  #entered = 0;

  constructor({ voiceServer, adminToken }: GameOptions) {
    this.#voiceUrl = `${voiceServer.replace(/^http/, 'ws')}/ws`;
    this.#voice = new VoiceRoom({
      ...{ server: voiceServer, adminToken, room: ROOM },
      onConnected: () => this.#tellVoiceEverything(),
      onAudible: (pairs) => this.#tellWalls(pairs),
    });
    this.#ticks = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Resolves when players can enter. */
  async open(): Promise<void> {
    await this.#voice.open();
  }

  /** Somebody has opened the page. */
  connect(socket: WebSocket): void {
    const id = randomUUID();
    socket.on('message', (data) => {
      const sent = (this.#messages.get(socket) ?? 0) + 1;
      this.#messages.set(socket, sent);
      const message = sent > MAX_MESSAGES_PER_TICK ? undefined : parse(String(data));
      if (message === undefined) socket.close(POLICY_VIOLATION);
      else if (message.type === 'walk') this.#turn(id, message);
      else void this.#enter(id, message.name, socket).catch(() => socket.close(TRY_AGAIN_LATER));
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#leave(id));
  }

  close(): void {
    clearInterval(this.#ticks);
    this.#voice.close();
    for (const { socket } of this.#players.values()) socket.terminate();
  }

  async #enter(id: string, name: string, socket: WebSocket): Promise<void> {
    if (this.#players.has(id)) return;
    if (this.#players.size >= MAX_PLAYERS) {
      socket.close(TRY_AGAIN_LATER);
      return;
    }
    const player = { id, name, socket, place: startPlace(this.#entered++), direction: { x: 0, z: 0 } };
    this.#players.set(id, player);
    // Players are placed before they join, so that nobody hears them without a position.
    this.#voice.send(positionsOf([player]));
    this.#tellRadio();
    const token = await this.#voice.joinToken(id, name);
    tell(socket, { type: 'entered', id, voice: { url: this.#voiceUrl, room: ROOM, name, token } });
    this.#tellPages();
  }

  #turn(id: string, { x, z }: Direction): void {
    const player = this.#players.get(id);
    if (player !== undefined) player.direction = { x, z };
  }

  #leave(id: string): void {
    if (!this.#players.delete(id)) return;
    for (const pair of this.#walls.keys()) if (pair.includes(id)) this.#walls.delete(pair);
    this.#voice.send({ type: 'space', players: { [id]: null } });
    this.#tellRadio();
    this.#tellPages();
  }

  #tick(): void {
    this.#messages = new Map();
    const moved = [...this.#players.values()].filter((player) => {
      const { x, z } = player.place;
      player.place = walk(player.place, player.direction, TICK_MS / 1000);
      return player.place.x !== x || player.place.z !== z;
    });
    if (moved.length === 0) return;
    this.#voice.send(positionsOf(moved));
    this.#tellPages();
  }

  #tellPages(): void {
    const players = Array.from(this.#players.values(), ({ id, name, place }) => ({ id, name, ...place }));
    for (const { socket } of this.#players.values())
      if (socket.bufferedAmount < MAX_WAITING_BYTES) tell(socket, { type: 'players', players });
  }

  #tellVoiceEverything(): void {
    this.#walls.clear();
    this.#voice.send({ ...positionsOf([...this.#players.values()]), rules: VOICE_RULES });
    this.#tellRadio();
    this.#voice.send({ type: 'subscribe', audibleHz: 5 });
  }

  /** Everybody has a radio. They speak on it while they hold the key, as their page requests. */
  #tellRadio(): void {
    const everybody = [...this.#players.keys()];
    const radio = { effect: 'radio', speak: everybody, hear: everybody };
    this.#voice.send({ type: 'channels', channels: { radio } });
  }

  /** Looks for the wall only between players who could hear each other, and sends only changes. */
  #tellWalls(audible: readonly (readonly [voice: string, ears: string])[]): void {
    const pairs = audible.flatMap(([voice, ears]) => {
      const [talker, listener] = [this.#players.get(voice), this.#players.get(ears)];
      if (talker === undefined || listener === undefined) return [];
      const muffle = isWallBetween(talker.place, listener.place) ? 1 : 0;
      const pair = `${voice} ${ears}`;
      if ((this.#walls.get(pair) ?? 0) === muffle) return [];
      this.#walls.set(pair, muffle);
      return [[voice, ears, muffle]];
    });
    if (pairs.length > 0) this.#voice.send({ type: 'space', pairs });
  }
}

function positionsOf(players: readonly Player[]): ControlMessage {
  return { type: 'space', positions: players.map(({ id, place }) => [id, place.x, 0, place.z]) };
}

function tell(socket: WebSocket, message: GameMessage): void {
  socket.send(JSON.stringify(message));
}

function parse(text: string): PageMessage | undefined {
  try {
    return pageMessageSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
