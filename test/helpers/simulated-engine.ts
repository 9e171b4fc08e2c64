/**
 * A whole media engine in simulated time, and peers at the other end of its UDP port: real STUN, SRTP, RTCP and Opus,
 * but no socket. By default mixes are encoded with little effort. A test that judges how they sound passes `opusCodec`.
 */

import type { Clock } from '../../src/lib/clock.ts';
import type { ThreadLoad } from '../../src/lib/thread-load.ts';
import type { MediaNetwork } from '../../src/media/plane.ts';
import type { MediaFigures } from '../../src/media/statistics.ts';
import { MediaEngine } from '../../src/media/worker/engine.ts';
import type { MediaEngineOptions } from '../../src/media/worker/engine-options.ts';
import { FRAME_SAMPLES, PTIME_MS } from '../../src/mixer/format.ts';
import { JitterBuffer, type Playout } from '../../src/mixer/source/jitter-buffer.ts';
import { writeBindingRequest } from '../../src/rtc/ice/stun-writer.ts';
import type { UdpSocket } from '../../src/rtc/net/udp-port.ts';
import { ReceiveStatistics } from '../../src/rtc/rtp/receive-statistics.ts';
import { createRedBlocks, parseRed } from '../../src/rtc/rtp/red.ts';
import { writeReport } from '../../src/rtc/rtp/rtcp.ts';
import { createRtpHeader, parseRtpHeader, writeRtpHeader } from '../../src/rtc/rtp/rtp-packet.ts';
import type { Direction } from '../../src/rtc/sdp/sdp-offer.ts';
import type { SrtpKeys } from '../../src/rtc/srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from '../../src/rtc/srtp/srtp-session.ts';
import { createBytes } from '../rtc/bytes.ts';
import { FakeClock } from './fake-clock.ts';
import { lightOpus } from './light-opus.ts';
import { LossyLink, type LossyLinkOptions } from './lossy-link.ts';
import { counters } from './packet-stream.ts';
import { createPrng, type Prng } from './prng.ts';
import { simulatedPort } from './simulated-port.ts';

const OPUS = 111;
const RED = 63;
const ROOM = 1;
const HOST = '10.0.0.1';
const STEP_MS = 1;
const CONSENT_INTERVAL_MS = 5000;
const REPORT_INTERVAL_MS = 5000;
const IP_AND_UDP_BYTES = 28;

export class SimulatedEngine {
  readonly clock = new FakeClock();
  readonly engine: MediaEngine;
  readonly peers: SimulatedPeer[] = [];
  /** The latest figures that the engine reported. */
  stats: MediaFigures | undefined;
  /** By transport id: the latest network report of the engine. */
  readonly networks = new Map<number, MediaNetwork>();
  /** Overload levels that the engine reported. */
  readonly overload: number[] = [];
  /** Who hears whom in space, from the last levels; see the `levels` event. */
  heard: readonly number[] | undefined;
  /** What room taps have seen, one entry for each message. */
  readonly tapped: Uint8Array[] = [];
  /** Whether the engine's last report says that it is starved. */
  isStarved = false;
  /** The load that the engine sees. */
  load: ThreadLoad = { runningShare: 0, waitingShare: 0 };
  readonly #seed: number;
  readonly #port = simulatedPort();
  #lastId = 0;

  /** @param engineClock how the engine sees the time of the simulation */
  constructor(
    seed: number,
    {
      engineClock = (clock) => clock,
      ...options
    }: Partial<Omit<MediaEngineOptions, 'clock'>> & { readonly engineClock?: (clock: Clock) => Clock } = {},
  ) {
    this.#seed = seed;
    this.engine = new MediaEngine({
      port: this.#port,
      clock: engineClock(this.clock),
      emit: (event) => {
        if (event.type === 'stats') this.stats = event.stats;
        if (event.type === 'networks')
          for (const { memberId, network } of event.networks) this.networks.set(memberId, network);
        if (event.type === 'levels') this.heard = event.heard;
        if (event.type === 'room_tapped') this.tapped.push(event.records);
        if (event.type === 'overload') this.overload.push(event.level);
        if (event.type === 'starved') this.isStarved = event.isStarved;
        if (event.type === 'failure') throw new Error(event.message);
      },
      loadMeter: { measure: () => this.load },
      random: createPrng(seed),
      codec: lightOpus,
      ...options,
    });
  }

  join(options: Partial<PeerOptions> = {}): SimulatedPeer {
    const memberId = ++this.#lastId;
    const bytes = createBytes(this.#seed + memberId);
    const key = () => ({ key: bytes(16), salt: bytes(12) });
    const keys: SrtpKeys = { profile: 'AEAD_AES_128_GCM', local: key(), remote: key() };
    const peer = new SimulatedPeer(
      { id: memberId, loss: 0, red: true, payload: () => null, ...options },
      keys,
      this.#seed,
    );
    const parameters = {
      localUfrag: `server${memberId}`,
      localPassword: 'secret',
      remoteUfrag: 'peer',
      localSsrc: memberId,
      cname: 'mixer',
      opusPayloadType: OPUS,
      redPayloadType: peer.options.red ? RED : null,
      audioLevelExtensionId: null,
      direction: peer.options.direction ?? 'sendrecv',
      takesStereo: peer.options.takesStereo ?? false,
    };
    if (this.peers.length === 0)
      this.engine.handle({ type: 'open_room', roomId: ROOM, mix: { maxTalkers: 0, levelling: false } });
    this.engine.handle({
      type: 'add_member',
      memberId,
      roomId: ROOM,
      endpoint: { kind: 'webrtc', parameters },
      state: { muted: false, deafened: false, hearing: [] },
    });
    this.engine.handle({ type: 'set_keys', memberId, keys });
    this.peers.push(peer);
    return peer;
  }

  leave(peer: SimulatedPeer): void {
    this.engine.handle({ type: 'remove_member', memberId: peer.options.id });
    this.peers.splice(this.peers.indexOf(peer), 1);
    if (this.peers.length === 0) this.engine.handle({ type: 'close_room', roomId: ROOM });
  }

  run(seconds: number): void {
    const endMs = this.clock.now() + seconds * 1000;
    while (this.clock.now() < endMs) {
      this.clock.advance(STEP_MS);
      const nowMs = this.clock.now();
      for (const peer of this.peers) {
        peer.run(nowMs);
        for (const { item } of peer.uplink.receive(nowMs)) {
          this.#port.listener(item, { address: HOST, port: peer.port }, peer.socket);
        }
      }
    }
  }

  async close(): Promise<void> {
    await this.engine.close();
  }
}

export interface PeerOptions {
  readonly id: number;
  /** 0 to 1, in both directions. */
  readonly loss: number;
  readonly red: boolean;
  /** What the engine does, according to the session description; both directions by default. */
  readonly direction?: Direction;
  /** By default not. */
  readonly takesStereo?: boolean;
  /** By default 5 s, as in browsers. */
  readonly reportIntervalMs?: number;
  /** Other defects of the network, in both directions. */
  readonly network?: Partial<LossyLinkOptions>;
  /** Called with what this peer plays, every 20 ms. */
  readonly onPlayed?: (playout: Playout, payload: Uint8Array) => void;
  /** Returns the Opus packet of the n-th frame that this peer sends, or null while it sends nothing. */
  readonly payload: (n: number) => Uint8Array | null;
}

/**
 * Sends a copy of the previous packet in each packet, as Chromium does. Receives, reports and plays as a browser would.
 */
export class SimulatedPeer {
  readonly options: PeerOptions;
  readonly port: number;
  uplink: LossyLink<Buffer>;
  /** The socket that the engine sends to. */
  readonly socket: UdpSocket;
  readonly played = { frames: 0, concealed: 0 };
  /** Sizes and kinds of the packets that arrived. */
  readonly received = { opus: 0, red: 0, redundantBlocks: 0, largestBytes: 0 };
  readonly #prng: Prng;
  #downlink: LossyLink<Buffer>;
  readonly #srtp: SrtpSession;
  readonly #bytes: (length: number) => Buffer;
  readonly #jitter = new JitterBuffer(counters());
  readonly #statistics = new ReceiveStatistics(48_000);
  readonly #header = createRtpHeader();
  readonly #blocks = createRedBlocks();
  readonly #phaseMs: number;
  #frames = 0;
  #sequenceNumber: number;
  #previous: Uint8Array | null = null;

  constructor(options: PeerOptions, keys: SrtpKeys, seed: number) {
    this.options = options;
    this.port = 5000 + options.id;
    const prng = createPrng(seed + 100 * options.id);
    this.#prng = prng;
    this.uplink = this.#link(options.loss);
    this.#downlink = this.#link(options.loss);
    this.#bytes = createBytes(seed + options.id);
    this.#srtp = new SrtpSession({ ...keys, local: keys.remote, remote: keys.local });
    this.#sequenceNumber = Math.floor(prng() * 2 ** 15);
    this.#phaseMs = Math.floor(prng() * PTIME_MS);
    this.socket = {
      send: (datagram: Uint8Array) => {
        this.#downlink.send(Buffer.from(datagram), this.#nowMs, datagram.length + IP_AND_UDP_BYTES);
        return true;
      },
    } as unknown as UdpSocket;
  }

  #nowMs = 0;

  /** Changes the loss in both directions. Packets under way are lost. */
  setLoss(loss: number): void {
    this.uplink = this.#link(loss);
    this.#downlink = this.#link(loss);
  }

  #link(loss: number): LossyLink<Buffer> {
    const { network } = this.options;
    return new LossyLink(this.#prng, { delayMs: 20, jitterMs: 4, loss, duplication: 0, ...network });
  }

  /** One millisecond of this peer's life. */
  run(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const { item, atMs } of this.#downlink.receive(nowMs)) this.#receive(item, atMs);
    if (nowMs % CONSENT_INTERVAL_MS === 1) this.#check(nowMs);
    const { reportIntervalMs = REPORT_INTERVAL_MS } = this.options;
    if (nowMs % reportIntervalMs === 2 % reportIntervalMs && this.#statistics.received > 0) this.#report(nowMs);
    if (nowMs % PTIME_MS !== this.#phaseMs) return;
    this.#send(nowMs);
    this.#play(nowMs);
  }

  #check(nowMs: number): void {
    const request = writeBindingRequest({
      transactionId: this.#bytes(12),
      username: `server${this.options.id}:peer`,
      key: 'secret',
      priority: 1,
      tieBreaker: 1n,
      useCandidate: true,
    });
    this.uplink.send(request, nowMs);
  }

  #report(nowMs: number): void {
    const datagram = Buffer.alloc(200);
    const report = {
      ssrc: this.options.id,
      fractionLost: this.#statistics.takeFractionLost(),
      cumulativeLost: this.#statistics.lost,
      highestSequenceNumber: this.#statistics.highestSequenceNumber,
      jitter: this.#statistics.jitter,
      lastSenderReport: 0,
      delaySinceLastSenderReport: 0,
    };
    const length = this.#srtp.protectRtcp(datagram, writeReport(datagram, 0, 1000 + this.options.id, null, [report]));
    this.uplink.send(datagram.subarray(0, length), nowMs);
  }

  #send(nowMs: number): void {
    const n = this.#frames++;
    const payload = this.options.payload(n);
    if (payload === null) return;
    const body = this.options.red ? redOf(this.#previous, payload) : payload;
    this.#previous = payload;
    const datagram = Buffer.alloc(12 + body.length + SRTP_MAX_OVERHEAD);
    const payloadType = this.options.red ? RED : OPUS;
    writeRtpHeader(datagram, payloadType, this.#sequenceNumber, n * FRAME_SAMPLES, 1000 + this.options.id, false);
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    datagram.set(body, 12);
    const length = this.#srtp.protectRtp(datagram, 12, 12 + body.length);
    this.uplink.send(datagram.subarray(0, length), nowMs, length + IP_AND_UDP_BYTES);
  }

  #receive(datagram: Buffer, nowMs: number): void {
    if (datagram[0]! < 128 || (datagram[1]! >= 192 && datagram[1]! <= 223)) return;
    const header = this.#header;
    parseRtpHeader(datagram, header, null);
    const end = this.#srtp.unprotectRtp(datagram, header);
    if (end === 'replay') return;
    if (typeof end === 'string') throw new Error(`a packet of the engine is not authentic: ${end}`);
    const { sequenceNumber, timestamp, payloadType } = header;
    this.#statistics.receive(sequenceNumber, timestamp, nowMs);
    this.received.largestBytes = Math.max(this.received.largestBytes, datagram.length);
    const payload = datagram.subarray(header.headerLength, end);
    if (payloadType === OPUS) {
      this.received.opus++;
      this.#jitter.push(sequenceNumber, timestamp, payload, null, false, nowMs);
      return;
    }
    this.received.red++;
    if (!parseRed(payload, OPUS, this.#blocks)) throw new Error('the engine sent RED that is not well-formed');
    const { blocks, count } = this.#blocks;
    this.received.redundantBlocks += count - 1;
    for (let i = 0; i < count; i++) {
      const { timestampOffset, start, end: blockEnd } = blocks[i]!;
      const age = count - 1 - i;
      this.#jitter.push(
        (sequenceNumber - age) & 0xffff,
        (timestamp - timestampOffset) >>> 0,
        payload.subarray(start, blockEnd),
        null,
        age > 0,
        nowMs,
      );
    }
  }

  #play(nowMs: number): void {
    const playout = this.#jitter.pop(nowMs);
    this.options.onPlayed?.(playout, this.#jitter.packet.payload);
    if (playout === 'idle') return;
    this.played.frames++;
    if (playout !== 'packet') this.played.concealed++;
  }
}

/** RFC 2198 with one redundant block, 20 ms older. */
function redOf(previous: Uint8Array | null, payload: Uint8Array): Uint8Array {
  if (previous === null) return Buffer.concat([Uint8Array.of(OPUS), payload]);
  const header = 2 ** 31 + OPUS * 2 ** 24 + FRAME_SAMPLES * 2 ** 10 + previous.length;
  const bytes = Buffer.alloc(5);
  bytes.writeUInt32BE(header);
  bytes[4] = OPUS;
  return Buffer.concat([bytes, previous, payload]);
}
