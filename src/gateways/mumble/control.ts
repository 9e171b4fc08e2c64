/**
 * Mumble clients in the rooms: their TLS connections, and what they share. A client is a participant like a browser;
 * voices are passed on to it as they were sent, and its own packets go into the mix.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { Cancel, Clock, Millis } from '../../lib/clock.ts';
import { addressKey } from '../../lib/net/client-address.ts';
import { withoutMapping } from '../../lib/net/ip-address.ts';
import type { LimitCounts } from '../../lib/rates/limit-counts.ts';
import { TokenBucket } from '../../lib/rates/token-bucket.ts';
import type { Room } from '../../rooms/room.ts';
import { roomOf } from '../../rooms/room-of.ts';
import { MumbleConnection } from './connection.ts';
import { Door } from './door.ts';
import type { EntranceOptions } from './entrance.ts';
import { type MumbleFigures, NO_UDP, NO_VOICE, sumOfVoice } from './figures.ts';
import type { ListFacts } from './list-ping.ts';
import { RoomRelay } from './room-relay.ts';
import { Roster } from './roster.ts';
import { MumbleSession } from './session.ts';
import { UdpPort } from './udp-port.ts';
import type { CryptKeys } from './wire/crypt-state.ts';

export interface MumbleSettings {
  readonly host: string;
  readonly port: number;
  /** The rooms that are shown as channels; see `Roster`. */
  readonly rooms: readonly string[];
  readonly defaultRoom: string | undefined;
  readonly serverName: string;
  readonly welcome: string;
  readonly maxUsers: number;
  /** Whether the list of servers may ask without connecting. */
  readonly listPing: boolean;
  /** Time for the TLS handshake and the login. */
  readonly joinTimeoutMs: Millis;
}

export interface MumbleOptions extends Omit<EntranceOptions, 'checkBan'> {
  readonly settings: MumbleSettings;
  readonly version: string;
  /** Whether the operator sees addresses. */
  readonly showAddresses: boolean;
  readonly limitCounts: LimitCounts;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A client pings every 5 s. */
const SILENCE_MS: Millis = 30_000;
const LOOK_MS: Millis = 1000;
/** The rooms are read so often because something has changed; beyond that, each time somebody looks. */
const REFRESHES = { perSecond: 10, burst: 50 };
const KEY_BYTES = 16;

export class MumbleGateway {
  readonly #options: MumbleOptions;
  readonly #door: Door;
  readonly #roster: Roster;
  #udp: UdpPort | undefined;
  readonly #sessions = new Set<MumbleSession>();
  readonly #relays = new Map<Room, RoomRelay>();
  readonly #relayOf = new Map<MumbleSession, RoomRelay>();
  /** Of sessions that have ended. */
  #endedVoice = NO_VOICE;
  readonly #refreshes: TokenBucket;
  #cancelLook: Cancel = () => {};
  #isRefreshDue = false;
  #isClosed = false;

  /** @param certificate what to present first */
  constructor(options: MumbleOptions, certificate: SecureContextOptions) {
    this.#options = options;
    const { rooms, serverName, joinTimeoutMs } = options.settings;
    const { registry, access, clock } = options;
    this.#refreshes = new TokenBucket({ ...REFRESHES, now: clock.now() });
    this.#roster = new Roster({ registry, access, rooms, serverName }, hashSecret(certificate));
    this.#door = new Door(
      {
        addresses: options.addresses,
        limitCounts: options.limitCounts,
        clock,
        log: options.log,
        maxConnections: options.settings.maxUsers,
        handshakeTimeoutMs: joinTimeoutMs,
        opened: (socket, loggedIn) => this.#open(socket, loggedIn),
      },
      certificate,
    );
  }

  /** Opens the port. Rejects with the error of the system. */
  async listen(): Promise<AddressInfo> {
    const { host, port } = this.#options.settings;
    const address = await this.#door.listen(port, host);
    const { clock, log, settings } = this.#options;
    const listFacts = (): ListFacts => ({ users: this.#roster.size, maxUsers: settings.maxUsers });
    this.#udp = new UdpPort({
      host: address.address,
      port: address.port,
      clock,
      log,
      listFacts: settings.listPing ? listFacts : null,
    });
    await this.#udp.open();
    this.#look();
    this.#options.log.info({ address: address.address, port: address.port }, 'Mumble clients can connect');
    return address;
  }

  /** From now on new connections are presented this certificate. */
  setCertificate(certificate: SecureContextOptions): void {
    this.#door.setCertificate(certificate);
  }

  get figures(): MumbleFigures {
    let voice = this.#endedVoice;
    for (const session of this.#sessions) voice = sumOfVoice(voice, session.figures);
    return { connections: this.#sessions.size, voice, udp: this.#udp?.figures ?? NO_UDP };
  }

  /** Ends all connections so that clients come back by themselves. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelLook();
    this.#door.close();
    this.#udp?.close();
    for (const session of this.#sessions) {
      session.connection.end();
      session.close('left');
    }
    this.#door.closeConnections();
    for (const relay of this.#relays.values()) relay.close();
    this.#relays.clear();
  }

  #open(socket: TLSSocket, loggedIn: () => void): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    const { settings, showAddresses, clock } = this.#options;
    const remote = withoutMapping(socket.remoteAddress ?? '');
    const local = withoutMapping(socket.localAddress ?? '');
    let session: MumbleSession | undefined;
    const connection = new MumbleConnection(socket, clock, {
      message: (message) => session?.receive(message),
      unknown: (type) => session?.receiveUnknown(type),
      voice: (packet) => session?.receiveTunnelled(packet),
      tooMany: () => this.#options.limitCounts.hit('messages_per_second'),
      closed: () => session?.close('left'),
    });
    session = new MumbleSession(connection, {
      ...this.#options,
      roster: this.#roster,
      defaultRoom: settings.defaultRoom,
      welcome: settings.welcome,
      maxUsers: () => settings.maxUsers,
      newKeys,
      loggedIn,
      from: addressKey(remote),
      checkBan: () => this.#options.addresses.checkBan(remote),
      address: showAddresses ? remote : null,
      changed: () => this.#changed(),
      refresh: () => this.#read(),
      roomChanged: (of) => this.#placed(of),
      hearsSounds: (of) => this.#relayOf.get(of)?.hasSounds === true,
      whispered: (of, talker, voice) => this.#relayOf.get(of)?.whisper(talker, voice),
      ended: (of) => {
        this.#udp?.delete(of, remote);
        this.#ended(of);
      },
    });
    this.#udp?.add(session, remote, local);
    this.#sessions.add(session);
  }

  /** The session is in another room, or in none. */
  #placed(session: MumbleSession): void {
    const { clock } = this.#options;
    const before = this.#relayOf.get(session);
    before?.delete(session);
    this.#relayOf.delete(session);
    const { participant } = session;
    if (participant !== null && !this.#isClosed) {
      const room = roomOf(this.#options.registry, participant);
      let relay = this.#relays.get(room);
      if (relay === undefined) {
        relay = new RoomRelay({
          room,
          clock,
          sessionOf: (id) => this.#roster.sessionOf(id),
          soundsSession: this.#roster.soundsSession,
          soundsChanged: () => this.#changed(),
        });
        this.#relays.set(room, relay);
      }
      relay.add(session);
      this.#relayOf.set(session, relay);
    }
    if (before?.isIdle) this.#forget(before);
  }

  #forget(relay: RoomRelay): void {
    relay.close();
    for (const [key, known] of this.#relays) if (known === relay) this.#relays.delete(key);
  }

  #ended(session: MumbleSession): void {
    this.#endedVoice = sumOfVoice(this.#endedVoice, session.figures);
    this.#sessions.delete(session);
    this.#roster.delete(session);
    this.#changed();
  }

  /** However much happens at once, clients are told once; if it does not end, a look is soon enough. */
  #changed(): void {
    if (this.#isRefreshDue || this.#isClosed || !this.#refreshes.take(this.#options.clock.now())) return;
    this.#isRefreshDue = true;
    queueMicrotask(() => this.#refresh());
  }

  #refresh(): void {
    this.#isRefreshDue = false;
    if (this.#isClosed) return;
    this.#read();
    for (const relay of this.#relays.values()) relay.look();
    for (const session of this.#sessions) session.show();
  }

  #read(): void {
    for (const session of this.#sessions)
      if (session.isReady || session.participant !== null) this.#roster.add(session);
    this.#roster.refresh();
  }

  #look(): void {
    const { clock, settings } = this.#options;
    this.#cancelLook = clock.setTimer(clock.now() + LOOK_MS, () => {
      const nowMs = clock.now();
      for (const session of this.#sessions) {
        const { heardMs } = session.connection;
        const isLate = session.isGreeting && nowMs - session.loggedInMs > settings.joinTimeoutMs;
        if (isLate || nowMs - heardMs > SILENCE_MS) {
          session.close('connection_lost');
          session.connection.terminate();
        } else session.look();
      }
      if (this.#sessions.size > 0) this.#refresh();
      this.#look();
    });
  }
}

function newKeys(): CryptKeys {
  return { key: randomBytes(KEY_BYTES), sendIv: randomBytes(KEY_BYTES), receiveIv: randomBytes(KEY_BYTES) };
}

/** As long as the server keeps its key, clients know people by the same hashes, also after a restart. */
function hashSecret({ key }: SecureContextOptions): string {
  const isKept = typeof key === 'string' || Buffer.isBuffer(key);
  return createHash('sha256')
    .update('hashes of people')
    .update(isKept ? key : randomBytes(KEY_BYTES))
    .digest('hex');
}
