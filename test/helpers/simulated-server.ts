/**
 * The whole server except its sockets, in simulated time: real sessions, rooms, media plane, engines, DTLS and Opus.
 * `SimulatedPerson` replaces WebSockets and UDP sockets.
 */
import { EventEmitter } from 'node:events';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { LimitCounts } from '../../src/lib/rates/limit-counts.ts';
import type { MediaHost, MediaHostEvents } from '../../src/media/control/host.ts';
import { openMediaPlane } from '../../src/media/control/media-plane.ts';
import type { MediaCommand } from '../../src/media/link/messages.ts';
import type { MediaPlane } from '../../src/media/plane.ts';
import { MediaEngine } from '../../src/media/worker/engine.ts';
import { AccessControl } from '../../src/rooms/access.ts';
import { RoomRegistry } from '../../src/rooms/registry.ts';
import type { UdpSocket } from '../../src/rtc/net/udp-port.ts';
import type { SrtpKeys } from '../../src/rtc/srtp/srtp-keys.ts';
import { Session } from '../../src/signaling/session.ts';
import type { SignalingCounters } from '../../src/signaling/session-options.ts';
import { FakeClock } from './fake-clock.ts';
import { createPrng, type Prng } from './prng.ts';
import { simulatedPort } from './simulated-port.ts';

const FIRST_PORT = 40_000;
const LIMITS = {
  maxRooms: 100,
  maxRoomsPerAddress: 0,
  maxParticipants: 100,
  resumeTimeoutMs: 30_000,
  maxMessageBytes: 32_768,
  maxMessagesPerSecond: 100,
  maxUnsentBytes: 1e6,
  joinTimeoutMs: 10_000,
  pingIntervalMs: 5000,
};

export class SimulatedServer {
  readonly clock: FakeClock;
  readonly registry: RoomRegistry;
  readonly plane: MediaPlane;
  readonly counters: SignalingCounters = { messagesIn: 0, joins: new Map(), errors: new Map() };
  readonly sessions = new Set<Session>();
  /** By the server's ufrag: the server's keys for participants that have completed the handshake. */
  readonly keys = new Map<string, SrtpKeys>();
  readonly #hosts: SimulatedHost[];

  private constructor(clock: FakeClock, plane: MediaPlane, hosts: SimulatedHost[], keys: Map<string, SrtpKeys>) {
    this.clock = clock;
    this.plane = plane;
    this.#hosts = hosts;
    this.keys = keys;
    const access = new AccessControl({ mode: 'open', tokenSecret: '', roomPasswords: {}, clock });
    this.registry = new RoomRegistry({ plane, access, limits: LIMITS, clock, log: pino({ level: 'silent' }) });
  }

  static async start(workers: number, seed: number): Promise<SimulatedServer> {
    const clock = new FakeClock();
    const hosts: SimulatedHost[] = [];
    const keys = new Map<string, SrtpKeys>();
    const random = createPrng(seed);
    const plane = await openMediaPlane(
      {
        workers,
        hosts: [],
        port: FIRST_PORT,
        tcp: false,
        announce: [],
        hideLoopback: false,
        spanLoad: 0.6,
        mix: { maxTalkers: 8, levelling: true },
        sdpLimits: { maxBytes: 16_384, maxLines: 300 },
        workerEntry: new URL('file:///none'),
        clock,
        log: pino({ level: 'silent' }),
      },
      async ({ events }, index) => {
        const host = new SimulatedHost({ index, clock, events, keys, random });
        hosts[index] = host;
        return host;
      },
    );
    return new SimulatedServer(clock, plane, hosts, keys);
  }

  /** Opens a WebSocket. Messages from the server go to `hear`. */
  connect(hear: (text: string) => void, onClosed: () => void): SimulatedSocket {
    const socket = new SimulatedSocket(hear, onClosed);
    const session = new Session({
      limitCounts: new LimitCounts(),
      socket: socket as unknown as WebSocket,
      registry: this.registry,
      limits: LIMITS,
      iceServers: () => [],
      counters: this.counters,
      clock: this.clock,
      log: pino({ level: 'silent' }),
      onClosed: () => this.sessions.delete(session),
    });
    this.sessions.add(session);
    return socket;
  }

  /** Delivers a datagram to the media port with that number. */
  receive(datagram: Buffer, port: number, fromPort: number, socket: UdpSocket): void {
    this.#hosts[port - FIRST_PORT]?.receive(datagram, fromPort, socket);
  }

  crashWorker(index: number): void {
    this.#hosts[index]!.crash();
  }

  async close(): Promise<void> {
    this.registry.close();
    for (const session of this.sessions) session.terminate();
    await this.plane.close();
  }
}

interface SimulatedHostOptions {
  readonly index: number;
  readonly clock: FakeClock;
  readonly events: MediaHostEvents;
  readonly keys: Map<string, SrtpKeys>;
  readonly random: Prng;
}

/** One engine behind a simulated port. */
class SimulatedHost implements MediaHost {
  readonly addresses;
  readonly #events: MediaHostEvents;
  readonly #engine: MediaEngine;
  readonly #keys: Map<string, SrtpKeys>;
  readonly #ufrags = new Map<number, string>();
  readonly #port: ReturnType<typeof simulatedPort>;
  #alive = true;

  constructor({ index, clock, events, keys, random }: SimulatedHostOptions) {
    this.addresses = [{ protocol: 'udp', family: 4, address: '10.0.0.1', port: FIRST_PORT + index } as const];
    this.#events = events;
    this.#keys = keys;
    this.#port = simulatedPort(this.addresses);
    this.#engine = new MediaEngine({
      port: this.#port,
      clock,
      emit: (event) => {
        if (event.type === 'failure') throw new Error(event.message);
        if (this.#alive) events.event(event);
      },
      loadMeter: { measure: () => ({ runningShare: 0.1, waitingShare: 0 }) },
      random,
    });
  }

  tickAgeMs(): number {
    return this.#engine.tickAgeMs();
  }

  post(command: MediaCommand): void {
    if (command.type === 'add_member' && command.endpoint.kind === 'webrtc')
      this.#ufrags.set(command.memberId, command.endpoint.parameters.localUfrag);
    if (command.type === 'set_keys') this.#keys.set(this.#ufrags.get(command.memberId)!, command.keys);
    if (command.type === 'remove_member') {
      this.#keys.delete(this.#ufrags.get(command.memberId) ?? '');
      this.#ufrags.delete(command.memberId);
    }
    this.#engine.handle(command);
  }

  acceptTcp(): never {
    throw new Error('there is no TCP here');
  }

  receive(datagram: Buffer, port: number, socket: UdpSocket): void {
    if (this.#alive) this.#port.listener(datagram, { address: '10.0.0.2', port }, socket);
  }

  crash(): void {
    this.#alive = false;
    for (const ufrag of this.#ufrags.values()) this.#keys.delete(ufrag);
    void this.#engine.close();
    this.#events.died('planted');
  }

  async close(): Promise<void> {
    this.#alive = false;
    await this.#engine.close();
  }
}

/** The server's end of a WebSocket, as far as a session uses it. */
export class SimulatedSocket extends EventEmitter {
  readyState: number = WebSocket.OPEN;
  readonly bufferedAmount = 0;
  /** Nothing gets through any more, and nobody is notified. */
  vanished = false;
  readonly #hear: (text: string) => void;
  readonly #onClosed: () => void;

  constructor(hear: (text: string) => void, onClosed: () => void) {
    super();
    this.#hear = hear;
    this.#onClosed = onClosed;
  }

  send(text: string): void {
    if (!this.vanished) this.#hear(text);
  }

  ping(): void {
    if (!this.vanished) this.emit('pong', Buffer.alloc(0));
  }

  close(code = 1005): void {
    this.drop(code);
  }

  terminate(): void {
    this.drop(1006);
  }

  /** The client sends something. */
  say(text: string): void {
    if (!this.vanished && this.readyState === WebSocket.OPEN) this.emit('message', Buffer.from(text), false);
  }

  /** The client sends a binary message. */
  sayBinary(bytes: Uint8Array): void {
    if (!this.vanished && this.readyState === WebSocket.OPEN) this.emit('message', Buffer.from(bytes), true);
  }

  /** Ends the connection, from either side. */
  drop(code: number): void {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.emit('close', code);
    if (!this.vanished) this.#onClosed();
  }
}
