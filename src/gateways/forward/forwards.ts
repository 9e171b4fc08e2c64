/** The sound of rooms that is sent elsewhere: to where it may go, how much of it, and until when. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Clock, isoTime } from '../../lib/clock.ts';
import { AppError } from '../../lib/errors.ts';
import { parseEndpoint } from '../../lib/net/host-port.ts';
import { OPERATOR_LISTENER } from '../../rooms/admission.ts';
import type { ForwardError, ForwardInfo, Forwarding, NewForward } from '../../rooms/forwarding.ts';
import type { RoomListener } from '../../rooms/listeners.ts';
import type { Room } from '../../rooms/room.ts';
import type { RoomStreams } from '../live/room-streams.ts';
import { IcecastForward } from './icecast.ts';

export interface ForwardsOptions {
  /** Hosts, each with or without a port, as `parseEndpoint` accepts them. Empty: nothing may be sent anywhere. */
  readonly targets: readonly string[];
  readonly streams: RoomStreams;
  /** One no longer works, or has not from the start. Must neither throw nor block. */
  readonly onFailed: (forward: ForwardInfo) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Forward {
  readonly id: string;
  readonly room: Room;
  readonly wanted: NewForward;
  readonly listener: RoomListener;
  readonly connection: IcecastForward;
}

const MAX_OF_ROOM = 5;
const MAX_IN_ALL = 50;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

export class Forwards implements Forwarding {
  readonly #options: ForwardsOptions;
  readonly #all = new Map<string, Forward>();
  #failures = 0;

  constructor(options: ForwardsOptions) {
    this.#options = options;
  }

  get figures(): { readonly forwards: number; readonly connected: number; readonly failures: number } {
    let connected = 0;
    for (const { connection } of this.#all.values()) if (connection.state === 'connected') connected++;
    return { forwards: this.#all.size, connected, failures: this.#failures };
  }

  start(room: Room, wanted: NewForward): ForwardInfo {
    const url = new URL(wanted.url);
    if (!isTarget(url, this.#options.targets)) throw new AppError('forbidden_target');
    if (this.#all.size >= MAX_IN_ALL || this.#of(room).length >= MAX_OF_ROOM) throw new AppError('too_many_forwards');
    const id = randomUUID();
    const { clock, streams } = this.#options;
    // The people in the room are told how many listen; whoever listens there is one of them.
    const listener = room.listeners.add(OPERATOR_LISTENER, {
      via: 'forward',
      address: null,
      ended: () => this.#ended(id),
    });
    listener.hears();
    const { user, password, description } = wanted;
    const name = wanted.name ?? room.name;
    const log = this.#options.log.child({ room: room.name, forward: id, host: url.host });
    const connection = new IcecastForward({
      target: { url, user, password, name, description, public: wanted.public },
      play: (write) => streams.play(room, 'opus', write),
      clock,
      events: {
        connected: () => log.info('forward connected'),
        failed: (error) => this.#failed(id, error, log),
      },
    });
    const forward: Forward = { id, room, wanted, listener, connection };
    this.#all.set(id, forward);
    log.info('forward started');
    return infoOf(forward);
  }

  list(room: Room): readonly ForwardInfo[] {
    return this.#of(room).map(infoOf);
  }

  get(room: Room, id: string): ForwardInfo {
    return infoOf(this.#find(room, id));
  }

  end(room: Room, id: string): void {
    this.#find(room, id).listener.end('ended');
  }

  #find(room: Room, id: string): Forward {
    const forward = this.#all.get(id);
    if (forward?.room !== room) throw new AppError('unknown_forward');
    return forward;
  }

  #of(room: Room): Forward[] {
    return [...this.#all.values()].filter((forward) => forward.room === room);
  }

  #failed(id: string, { code, message }: ForwardError, log: Logger): void {
    this.#failures++;
    log.warn({ code }, `forward failed: ${message}`);
    const forward = this.#all.get(id);
    if (forward !== undefined) this.#options.onFailed(infoOf(forward));
  }

  #ended(id: string): void {
    this.#all.get(id)?.connection.close();
    this.#all.delete(id);
    this.#options.log.info({ forward: id }, 'forward ended');
  }
}

/** Whether the operator allows it. Names are compared as they are, without looking up their addresses. */
export function isTarget(url: URL, targets: readonly string[]): boolean {
  const { protocol, username, password, hash } = url;
  if (username !== '' || password !== '' || hash !== '' || DEFAULT_PORTS[protocol] === undefined) return false;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port);
  return targets.some((text) => {
    const target = parseEndpoint(text);
    return target?.host.toLowerCase() === host && (target.port ?? port) === port;
  });
}

function infoOf({ id, room, wanted, connection }: Forward): ForwardInfo {
  const { state, sinceMs, retryAtMs, error, failures, bytesSent } = connection;
  return {
    id,
    kind: wanted.kind,
    room: room.name,
    url: wanted.url,
    user: wanted.user,
    name: wanted.name ?? room.name,
    state,
    since: isoTime(sinceMs),
    retryAt: retryAtMs === null ? null : isoTime(retryAtMs),
    error,
    failures,
    bytesSent,
  };
}
