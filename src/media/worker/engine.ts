/**
 * One media worker's work: a media port, the transports behind it, the rooms they are in, and the tick that mixes them.
 * It runs in a worker thread or in the main thread and does not know which: commands in, events out.
 */
import { randomInt } from 'node:crypto';
import { createBusyMeter } from '../../lib/busy-meter.ts';
import type { Clock, Millis } from '../../lib/clock.ts';
import { CodecPool } from '../../mixer/codec/codec-pool.ts';
import { opusCodec } from '../../mixer/codec/opus.ts';
import { PTIME_MS } from '../../mixer/format.ts';
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import { Demultiplexer } from '../../rtc/demultiplexer.ts';
import type { MediaPort } from '../../rtc/net/media-port.ts';
import type { Heartbeat } from '../link/heartbeat.ts';
import type { MediaCommand, MediaEvent, WorkerStats } from '../link/messages.ts';
import { EngineStats, STATS_INTERVAL_MS } from './engine-stats.ts';
import { RoomMember } from './member.ts';
import { OverloadController } from './overload.ts';
import { PacketRecorder } from './packet-recorder.ts';
import { MixedRoom } from './room.ts';
import { TickLoop } from './tick-loop.ts';

/** 120 ms: often enough for a lively indicator, rarely enough for a large room. */
const LEVELS_EVERY_TICKS = 6;
/** Each transport's timers are looked at every 100 ms, a part of the transports in each tick. */
const HOUSEKEEPING_TICKS = 5;
const STATS_EVERY_TICKS = STATS_INTERVAL_MS / PTIME_MS;
const FAILURE_INTERVAL_MS = 1000;

/** A command to a transport that there is. */
type TransportCommand = Exclude<MediaCommand, { type: 'add_transport' | 'link_room' | 'set_mix' | 'close' }>;

export interface MediaEngineOptions {
  readonly port: MediaPort;
  readonly clock: Clock;
  readonly emit: (event: MediaEvent) => void;
  /** The share of its time, 0 to 1, that this thread was busy since the last call; measured by default. */
  readonly busyShare?: () => number;
  /** Beats with each tick. */
  readonly heartbeat?: Heartbeat;
  /** In [0, 1), where RTP wants what nobody can guess; from the system by default. */
  readonly random?: () => number;
}

export class MediaEngine {
  readonly #port: MediaPort;
  readonly #clock: Clock;
  readonly #emit: (event: MediaEvent) => void;
  readonly #demultiplexer: Demultiplexer;
  readonly #pool: CodecPool;
  readonly #rooms = new Map<number, MixedRoom>();
  readonly #members = new Map<number, RoomMember>();
  /** Those about whom there were receiver reports that the control plane does not know yet. */
  readonly #reported = new Set<RoomMember>();
  readonly #stats: EngineStats;
  readonly #loop: TickLoop;
  readonly #busyShare: () => number;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #random: () => number;
  readonly #overload = new OverloadController();
  #lastFailureMs = Number.NEGATIVE_INFINITY;

  constructor(options: MediaEngineOptions) {
    const { port, clock, emit, busyShare = createBusyMeter(), heartbeat, random = systemRandom } = options;
    this.#port = port;
    this.#clock = clock;
    this.#emit = emit;
    this.#busyShare = busyShare;
    this.#heartbeat = heartbeat;
    this.#random = random;
    this.#demultiplexer = new Demultiplexer(port, clock);
    this.#pool = new CodecPool(opusCodec, () => clock.now());
    this.#stats = new EngineStats();
    this.#loop = new TickLoop({
      clock,
      intervalMs: PTIME_MS,
      onTick: (tick, nowMs, latenessMs) => this.#tick(tick, nowMs, latenessMs),
    });
  }

  handle(command: MediaCommand): void {
    switch (command.type) {
      case 'add_transport':
        this.#add(command);
        return;
      case 'link_room':
        this.#rooms.get(command.roomId)?.link(command.own, command.others);
        return;
      case 'set_mix':
        this.#rooms.get(command.roomId)?.setMix(command.mix);
        return;
      case 'close':
        void this.close();
        return;
      default: {
        // A command may cross the event that its transport has closed.
        const member = this.#members.get(command.transportId);
        if (member !== undefined) this.#handleFor(member, command);
      }
    }
  }

  /** Since the last finished tick. */
  tickAgeMs(): Millis {
    return this.#loop.tickAgeMs();
  }

  async close(): Promise<void> {
    this.#loop.close();
    for (const member of this.#members.values()) this.#remove(member);
    for (const room of this.#rooms.values()) this.#forget(room);
    await this.#port.close();
  }

  #add({ transportId, roomId, mix, parameters, muted, deafened }: MediaCommand & { type: 'add_transport' }): void {
    const member = new RoomMember({
      id: transportId,
      room: this.#roomOf(roomId, mix),
      parameters,
      muted,
      deafened,
      demultiplexer: this.#demultiplexer,
      clock: this.#clock,
      totals: this.#stats.totals,
      random: this.#random,
      events: {
        dtls: (datagram) => this.#emit({ type: 'dtls', transportId, datagram }),
        silent: (silent) => this.#emit({ type: 'transport_silent', transportId, silent }),
        moved: () => this.#emit({ type: 'transport_moved', transportId }),
        closed: (reason) => {
          this.#remove(member);
          this.#emit({ type: 'transport_closed', transportId, reason });
        },
        reported: (direction, reception) => {
          this.#stats.observeReport(direction, reception, member.transport.roundTripMs);
          this.#reported.add(member);
        },
      },
    });
    this.#members.set(transportId, member);
  }

  #roomOf(roomId: number, mix: MixSettings): MixedRoom {
    let room = this.#rooms.get(roomId);
    if (room === undefined) {
      room = new MixedRoom(roomId, this.#pool, mix);
      room.limitTalkers(this.#overload.measures.maxTalkers);
      this.#rooms.set(roomId, room);
    } else if (room.empty) {
      room.setMix(mix);
    }
    return room;
  }

  #handleFor(member: RoomMember, command: TransportCommand): void {
    switch (command.type) {
      case 'restart_ice':
        member.transport.restartIce(command.credentials);
        return;
      case 'set_direction':
        member.setDirection(command.direction);
        return;
      case 'set_keys':
        member.transport.setKeys(command.keys);
        return;
      case 'send_dtls':
        member.transport.sendDtls(command.datagram);
        return;
      case 'set_muted':
        member.setMuted(command.muted);
        return;
      case 'set_deafened':
        member.setDeafened(command.deafened);
        return;
      case 'set_capture':
        this.#capture(member, command.maxBytes);
        return;
      case 'move_transport':
        member.moveTo(this.#roomOf(command.roomId, command.mix), command);
        return;
      case 'remove_transport':
        this.#remove(member);
        return;
    }
  }

  #capture(member: RoomMember, maxBytes: number | null): void {
    const { id: transportId } = member;
    const emit = (records: Uint8Array, isFull: boolean): void =>
      this.#emit({ type: 'captured', transportId, records, isFull });
    member.setRecorder(maxBytes === null ? null : new PacketRecorder({ maxBytes, clock: this.#clock, emit }));
  }

  #remove(member: RoomMember): void {
    if (!this.#members.delete(member.id)) return;
    this.#reported.delete(member);
    member.close();
  }

  #forget(room: MixedRoom): void {
    room.close();
    this.#rooms.delete(room.id);
  }

  #tick(tick: number, nowMs: Millis, latenessMs: Millis): void {
    const { totals } = this.#stats;
    const encodeMs = this.#pool.counters.encodeMs;
    const sendMs = totals.sendMs;
    for (const room of this.#rooms.values()) {
      try {
        room.tick(tick, nowMs);
        if (room.over) this.#forget(room);
      } catch (error) {
        this.#fail(error, nowMs);
        if (room.empty) this.#forget(room);
      }
    }
    this.#stats.observeTick({
      latenessMs,
      totalMs: this.#clock.now() - nowMs,
      encodeMs: this.#pool.counters.encodeMs - encodeMs,
      sendMs: totals.sendMs - sendMs,
    });
    if (this.#overload.observe(this.#busyShare(), latenessMs, nowMs)) this.#takeMeasures();
    this.#housekeeping(tick, nowMs);
    this.#heartbeat?.beat(this.#clock.now());
  }

  #takeMeasures(): void {
    const { level, busyShare, latenessMs, measures } = this.#overload;
    this.#pool.limitComplexity(measures.maxComplexity);
    for (const room of this.#rooms.values()) room.limitTalkers(measures.maxTalkers);
    this.#emit({ type: 'overload', level, busyShare, latenessMs });
  }

  /** What is not sound comes after the sound has been sent. */
  #housekeeping(tick: number, nowMs: Millis): void {
    if (tick % LEVELS_EVERY_TICKS === 0) {
      for (const room of this.#rooms.values()) {
        const speaking = room.takeLevels();
        if (speaking !== undefined) this.#emit({ type: 'levels', roomId: room.id, speaking });
      }
    }
    const wallNowMs = this.#clock.wallNow();
    for (const member of this.#members.values()) {
      if ((member.id + tick) % HOUSEKEEPING_TICKS === 0) member.housekeeping(nowMs, wallNowMs);
    }
    if (tick % STATS_EVERY_TICKS === 0) {
      this.#tellNetworks();
      this.#emit({ type: 'stats', stats: this.#snapshot() });
    }
  }

  #tellNetworks(): void {
    if (this.#reported.size === 0) return;
    const networks = Array.from(this.#reported, ({ id: transportId, network }) => ({ transportId, network }));
    this.#reported.clear();
    this.#emit({ type: 'networks', networks });
  }

  #snapshot(): WorkerStats {
    let srtpRejected = this.#stats.totals.srtpRejected;
    let connectionsOverTcp = 0;
    for (const member of this.#members.values()) {
      srtpRejected += member.srtpRejected;
      if (member.transport.protocol === 'tcp') connectionsOverTcp++;
    }
    return this.#stats.snapshot({
      ticksSkipped: this.#loop.ticksSkipped,
      rooms: this.#rooms.values(),
      roomCount: this.#rooms.size,
      connections: this.#members.size,
      connectionsOverTcp,
      srtpRejected,
      overload: this.#overload,
      pool: this.#pool,
      port: this.#port,
      demultiplexer: this.#demultiplexer,
    });
  }

  /** One room's failure must not silence the others, nor fill the log. */
  #fail(error: unknown, nowMs: Millis): void {
    this.#stats.tickFailures++;
    if (nowMs - this.#lastFailureMs < FAILURE_INTERVAL_MS) return;
    this.#lastFailureMs = nowMs;
    this.#emit({ type: 'failure', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function systemRandom(): number {
  return randomInt(2 ** 32) / 2 ** 32;
}
