/**
 * Media engines of several servers that share a room, in simulated time: real mixers, SRTP and RTCP, and a bad network
 * between them. People are relayed members, so nothing but the links is in the way of their sound.
 */
import type { Clock } from '../../src/lib/clock.ts';
import type { MediaEvent } from '../../src/media/link/messages.ts';
import { forEachMixPacket, SentPacketWriter } from '../../src/media/link/relayed-packets.ts';
import type { MediaFigures } from '../../src/media/statistics.ts';
import { MediaEngine } from '../../src/media/worker/engine.ts';
import type { Codec } from '../../src/mixer/codec/codec.ts';
import { opusCodec } from '../../src/mixer/codec/opus.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import type { DatagramSocket } from '../../src/rtc/net/datagram-port.ts';
import { createBytes } from '../rtc/bytes.ts';
import { FakeClock } from './fake-clock.ts';
import { LossyLink, type LossyLinkOptions } from './lossy-link.ts';
import { createFrameDecoder } from './opus.ts';
import { createPrng, type Prng } from './prng.ts';
import { simulatedPort } from './simulated-port.ts';

const ROOM = 1;
const PORT = 40_000;
const STEP_MS = 1;
/** After so long a decoder is as if it had decoded everything before. */
const PRIMED_MS = 1000;
const LAN: LossyLinkOptions = { delayMs: 1, jitterMs: 3, loss: 0, duplication: 0 };

export interface SimulatedServerOptions {
  /** When its ticks are due, 0 to 20. */
  readonly phaseMs?: number;
  /** How much faster its clock is. */
  readonly ppm?: number;
  readonly codec?: Codec;
  readonly maxTalkers?: number;
}

export interface HeardFrame {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly atMs: number;
}

/** Somebody at one server. */
export class LinkedPerson {
  readonly heard: HeardFrame[] = [];
  readonly id: number;
  /** Returns the n-th packet, or null for nothing. */
  readonly says: (n: number) => Uint8Array | null;
  /** When the first frame was sent. */
  startMs: number | undefined;
  readonly phaseMs: number;
  frames = 0;

  constructor(id: number, says: (n: number) => Uint8Array | null, phaseMs: number) {
    this.id = id;
    this.says = says;
    this.phaseMs = phaseMs;
  }

  /** What was heard from `fromMs` on, in mono, each frame when it came. */
  sound(fromMs: number, seconds: number): Int16Array {
    const samples = new Int16Array(Math.round(seconds * 48_000));
    const decode = createFrameDecoder();
    for (const { payload, atMs } of this.heard) {
      if (atMs < fromMs - PRIMED_MS) continue;
      const pcm = decode(payload);
      const at = Math.round((atMs - fromMs) * 48);
      if (at >= 0 && at + pcm.length <= samples.length) samples.set(pcm, at);
    }
    return samples;
  }
}

export class SimulatedServer {
  readonly address: string;
  readonly engine: MediaEngine;
  readonly events: MediaEvent[] = [];
  readonly people: LinkedPerson[] = [];
  stats: MediaFigures | undefined;
  readonly #port;
  readonly #clock: FakeClock;
  readonly #network: Network;
  readonly #sent = new SentPacketWriter();
  /** What has to wait while its process stands still. */
  #waiting: (() => void)[] | undefined;

  constructor(number: number, network: Network, options: SimulatedServerOptions = {}) {
    const { phaseMs = 0, ppm = 0, codec = opusCodec, maxTalkers = 8 } = options;
    this.address = `10.0.0.${number}`;
    this.#network = network;
    this.#clock = network.clock;
    const socket: DatagramSocket = {
      protocol: 'udp',
      send: (datagram, port, address) => {
        network.send(this.address, { address, port }, Buffer.from(datagram));
        return true;
      },
    };
    this.#port = Object.assign(simulatedPort(), { socketAt: () => socket });
    this.engine = new MediaEngine({
      port: this.#port,
      clock: drifting(network.clock, 1000 * number + phaseMs, ppm, (callback) => this.#soon(callback)),
      emit: (event) => this.#take(event),
      loadMeter: { measure: () => ({ runningShare: 0, waitingShare: 0 }) },
      random: createPrng(number),
      codec,
    });
    this.engine.handle({ type: 'open_room', roomId: ROOM, mix: { maxTalkers, levelling: false } });
    network.servers.set(this.address, (datagram, from) =>
      this.#soon(() => this.#port.listener(datagram, from, socket)),
    );
  }

  /** @param from where it seems to come from */
  receive(datagram: Buffer, from: string, port = PORT): void {
    this.#network.servers.get(this.address)?.(Buffer.from(datagram), { address: from, port });
  }

  join(says: (n: number) => Uint8Array | null = () => null, phaseMs = 3): LinkedPerson {
    const id = this.#network.nextId();
    const person = new LinkedPerson(id, says, phaseMs);
    this.engine.handle({
      type: 'add_member',
      memberId: id,
      roomId: ROOM,
      endpoint: { kind: 'relayed', parameters: { speaks: true, listens: true } },
      state: { muted: false, deafened: false, hearing: [] },
    });
    this.people.push(person);
    return person;
  }

  /** Its process stops. Its timers and what is sent to it wait until it goes on. */
  standStill(): void {
    this.#waiting ??= [];
  }

  goOn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const callback of waiting) callback();
  }

  #soon(callback: () => void): void {
    if (this.#waiting === undefined) callback();
    else this.#waiting.push(callback);
  }

  run(nowMs: number): void {
    if (this.#waiting !== undefined) return;
    for (const person of this.people) {
      if (nowMs % PTIME_MS !== person.phaseMs) continue;
      person.startMs ??= nowMs;
      const n = person.frames++;
      const payload = person.says(n);
      if (payload === null) continue;
      this.#sent.add(
        person.id,
        { sequenceNumber: n & 0xffff, timestamp: (n * FRAME_SAMPLES) >>> 0, payload, levelDbov: null },
        { queued: false, startsStream: n === 0 },
      );
    }
    const packets = this.#sent.take();
    if (packets !== null) this.engine.handle({ type: 'relayed_packets', packets });
  }

  #take(event: MediaEvent): void {
    if (event.type === 'failure') throw new Error(event.message);
    if (event.type === 'stats') this.stats = event.stats;
    if (event.type !== 'relayed_packets') {
      if (event.type !== 'stats') this.events.push(event);
      return;
    }
    this.engine.handle({ type: 'relayed_taken' });
    const atMs = this.#clock.now();
    forEachMixPacket(event.packets, {
      mix: (memberId, payload, timestamp) => {
        this.people.find(({ id }) => id === memberId)?.heard.push({ payload: payload.slice(), timestamp, atMs });
      },
      played: () => {},
    });
  }
}

type Deliver = (datagram: Buffer, from: { readonly address: string; readonly port: number }) => void;

class Network {
  readonly clock = new FakeClock();
  readonly servers = new Map<string, Deliver>();
  readonly wires = new Map<string, LossyLink<Buffer>>();
  /** Sees everything that is sent. */
  onSent: ((from: string, to: string, datagram: Buffer) => void) | undefined;
  #lastId = 0;

  nextId(): number {
    return ++this.#lastId;
  }

  send(from: string, to: { readonly address: string; readonly port: number }, datagram: Buffer): void {
    this.onSent?.(from, to.address, datagram);
    this.wires.get(`${from} ${to.address}`)?.send(datagram, this.clock.now());
  }
}

export class LinkedServers {
  readonly network = new Network();
  readonly servers: SimulatedServer[] = [];
  readonly #prng: Prng;
  readonly #seed: number;
  #links = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#prng = createPrng(seed);
  }

  get clock(): FakeClock {
    return this.network.clock;
  }

  add(options: SimulatedServerOptions = {}): SimulatedServer {
    const server = new SimulatedServer(this.servers.length + 1, this.network, options);
    this.servers.push(server);
    return server;
  }

  /** Returns the ids of the link at the home and at the leaf. */
  link(home: SimulatedServer, leaf: SimulatedServer, options: Partial<LossyLinkOptions> = {}) {
    const bytes = createBytes(this.#seed + ++this.#links);
    const key = () => ({ key: bytes(16), salt: bytes(12) });
    const [down, up] = [key(), key()];
    const ssrc = 100 * this.#links;
    const ends = [
      { at: home, other: leaf, kind: 'leaf', localKey: down, remoteKey: up, localSsrc: ssrc, remoteSsrc: ssrc + 1 },
      { at: leaf, other: home, kind: 'home', localKey: up, remoteKey: down, localSsrc: ssrc + 1, remoteSsrc: ssrc },
    ] as const;
    const [atHome = 0, atLeaf = 0] = ends.map(({ at, other, kind, ...parameters }) => {
      this.network.wires.set(`${at.address} ${other.address}`, new LossyLink(this.#prng, { ...LAN, ...options }));
      const memberId = this.network.nextId();
      at.engine.handle({
        type: 'add_member',
        memberId,
        roomId: ROOM,
        endpoint: {
          kind: 'link',
          parameters: { ...parameters, from: at.address, to: { address: other.address, port: PORT } },
        },
        kind,
        state: { muted: false, deafened: false, hearing: [] },
      });
      return memberId;
    });
    return { atHome, atLeaf };
  }

  run(seconds: number): void {
    const endMs = this.clock.now() + seconds * 1000;
    while (this.clock.now() < endMs) {
      this.clock.advance(STEP_MS);
      const nowMs = this.clock.now();
      for (const [ends, wire] of this.network.wires) {
        const [from = '', to = ''] = ends.split(' ');
        for (const { item } of wire.receive(nowMs)) this.network.servers.get(to)?.(item, { address: from, port: PORT });
      }
      for (const server of this.servers) server.run(nowMs);
    }
  }

  async close(): Promise<void> {
    for (const { engine } of this.servers) await engine.close();
  }
}

/**
 * The clock of another machine: it began at another time, and is faster or slower.
 * @param run a timer that is due
 */
function drifting(clock: FakeClock, aheadMs: number, ppm: number, run: (callback: () => void) => void): Clock {
  const rate = 1 + ppm * 1e-6;
  return {
    now: () => clock.now() * rate + aheadMs,
    wallNow: () => clock.wallNow(),
    setTimer: (at, callback) => {
      let isCancelled = false;
      const due = (): void => {
        if (!isCancelled) callback();
      };
      const cancel = clock.setTimer((at - aheadMs) / rate, () => run(due));
      return () => {
        isCancelled = true;
        cancel();
      };
    },
  };
}
