import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { AppError, toAppError } from '../../lib/errors.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import { checkedJson } from '../../protocol/checked.ts';
import { type ControlAnswer, type ControlMessage, controlMessageSchema } from '../../protocol/control.ts';
import type { ChannelSettings } from '../../rooms/channels.ts';
import { type GameServer, GONE_AFTER_MS, type PlayerLevel } from '../../rooms/game-servers.ts';
import { publicKeyOf } from '../../rooms/hearing.ts';
import type { RoomEndReason } from '../../rooms/ports.ts';
import type { Room } from '../../rooms/room.ts';
import { channelSettings } from '../channel-settings.ts';
import { PlayerNumbers } from './player-numbers.ts';
import { PositionFrames } from './position-frame.ts';
import { Reports } from './reports.ts';

export interface ControlSessionOptions {
  readonly socket: WebSocket;
  readonly room: Room;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onClosed: () => void;
}

/** Sixty batches a second, and as many other messages. */
const MESSAGES = { perSecond: 120, burst: 240 } as const;
/** Three hundred players as JSON, twenty times a second, take half a megabyte. */
const BYTES = { perSecond: 2_000_000, burst: 4_000_000 } as const;
const MAX_UNSENT_BYTES = 1_000_000;
const PING_MS = 1500;
const HALF_OF_TIMES = 2 ** 31;

/** The connection of one game server to one room. Throws `too_many_connections` if the room has enough of them. */
export class ControlSession implements GameServer {
  readonly #options: ControlSessionOptions;
  readonly #numbers = new PlayerNumbers();
  readonly #frames = new PositionFrames();
  readonly #reports: Reports;
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;
  #lastTimeMs = 0;
  #heardMs: Millis;
  #cancelWatch: Cancel;
  #ended = false;

  constructor(options: ControlSessionOptions) {
    const { socket, room, clock } = options;
    this.#options = options;
    this.#heardMs = clock.now();
    this.#messages = new TokenBucket({ ...MESSAGES, now: clock.now() });
    this.#bytes = new TokenBucket({ ...BYTES, now: clock.now() });
    this.#reports = new Reports({ room, clock, send: (answer) => this.#send(answer) });
    room.gameServers.connect(this);
    this.#cancelWatch = this.#watch();
    socket.on('message', (data, isBinary) => this.#guard(() => this.#receive(data as Buffer, isBinary)));
    socket.on('ping', (data) => this.#guard(() => this.#count(data)));
    socket.on('pong', (data) => this.#guard(() => this.#count(data)));
    socket.on('error', (error) => options.log.debug({ err: error }, 'control websocket error'));
    socket.on('close', (code) => this.#closed(code));
    const players = room.everybody.map(publicKeyOf);
    this.#send({ type: 'ready', room: room.name, players });
  }

  joined(player: string, participantId: string): void {
    this.#reports.joined(player, participantId);
  }

  left(player: string, reason: Extract<ControlAnswer, { type: 'left' }>['reason'] | 'kicked'): void {
    this.#reports.left(player, reason);
  }

  levels(speaking: readonly PlayerLevel[]): void {
    this.#reports.levels(speaking);
  }

  closed(reason: RoomEndReason): void {
    this.#fail(new AppError(reason === 'server_closing' ? reason : 'room_closed'));
  }

  /** The server is closing. */
  close(): void {
    this.#fail(new AppError('server_closing'));
  }

  /** Ends the connection without the closing handshake. */
  terminate(): void {
    this.#options.socket.terminate();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return;
    this.#count(data);
    if (isBinary) this.#place(data);
    else this.#handle(checkedJson(controlMessageSchema, data));
  }

  #handle(message: ControlMessage): void {
    const { room } = this.#options;
    switch (message.type) {
      case 'space': {
        const { type, ...update } = message;
        room.space.update(update);
        break;
      }
      case 'numbers':
        this.#numbers.set(message.numbers);
        break;
      case 'channels':
        room.sound.putChannels(channelsOf(message.channels));
        break;
      case 'strengths':
        room.sound.setStrengths(message.strengths);
        break;
      case 'links':
        room.change({ links: message.links });
        break;
      case 'subscribe':
        this.#reports.subscribe(message);
        break;
      case 'ping':
        this.#send({ type: 'pong', ...(message.id !== undefined && { id: message.id }) });
        break;
    }
  }

  #place(frame: Buffer): void {
    const count = this.#frames.read(frame, this.#numbers.playerOf);
    const { placements, timeMs } = this.#frames;
    // Times start again from 0 after 49 days. Without a time, every frame counts.
    if (timeMs !== 0 && this.#lastTimeMs !== 0 && (timeMs - this.#lastTimeMs) >>> 0 >= HALF_OF_TIMES) return;
    this.#options.room.space.place(placements, count);
    this.#lastTimeMs = timeMs;
  }

  /** Counts everything that arrives, because it shows that the game server is alive. */
  #count({ length }: Buffer): void {
    const { clock, limitCounts } = this.#options;
    this.#heardMs = clock.now();
    if (!this.#messages.take(this.#heardMs)) limitCounts.hit('messages_per_second');
    else if (!this.#bytes.take(this.#heardMs, length)) limitCounts.hit('bytes_per_second');
    else return;
    throw new AppError('too_many_messages');
  }

  /** A game server that hangs or vanishes does not answer pings. */
  #watch(): Cancel {
    const { clock, socket, log } = this.#options;
    const silentAtMs = this.#heardMs + GONE_AFTER_MS;
    return clock.setTimer(Math.min(silentAtMs, clock.now() + PING_MS), () => {
      if (clock.now() >= this.#heardMs + GONE_AFTER_MS) {
        log.debug('game server does not answer pings');
        socket.terminate();
        return;
      }
      socket.ping();
      this.#cancelWatch = this.#watch();
    });
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    if (this.#ended) return;
    const { log, socket } = this.#options;
    const { code, message, kind } = toAppError(thrown);
    if (kind.fault === 'server' && code === 'internal') log.error({ err: thrown }, 'control message failed');
    this.#send({ type: 'error', code, message });
    if (kind.closeCode === null) return;
    this.#end();
    socket.close(kind.closeCode, code);
  }

  #closed(code: number): void {
    this.#end();
    const { log, room, onClosed } = this.#options;
    log.info({ room: room.name, code }, 'game server disconnected');
    onClosed();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelWatch();
    this.#reports.close();
    this.#options.room.gameServers.disconnect(this, this.#heardMs);
  }

  #send(answer: ControlAnswer): void {
    const { socket, limitCounts } = this.#options;
    if (socket.readyState !== WebSocket.OPEN || this.#ended) return;
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) {
      limitCounts.hit('unsent_bytes');
      socket.terminate();
      return;
    }
    socket.send(JSON.stringify(answer));
  }
}

function channelsOf(
  wanted: Extract<ControlMessage, { readonly type: 'channels' }>['channels'],
): ReadonlyMap<string, ChannelSettings | null> {
  return new Map(Object.entries(wanted).map(([name, said]) => [name, said && channelSettings(said)]));
}
