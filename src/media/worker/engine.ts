/**
 * The work of one media worker: a media port, the members whose packets use it, their rooms, and the tick that mixes
 * them. It runs in a worker thread or in the main thread without knowing which: commands in, events out.
 */
import { randomInt } from 'node:crypto';
import type { Clock, Millis } from '../../lib/clock.ts';
import { ThreadLoadMeter } from '../../lib/thread-load.ts';
import { CodecPool } from '../../mixer/codec/codec-pool.ts';
import { opusCodec } from '../../mixer/codec/opus.ts';
import { PTIME_MS } from '../../mixer/format.ts';
import type { MixSettings } from '../../mixer/mix/mixer.ts';
import { Demultiplexer } from '../../rtc/demultiplexer.ts';
import type { MediaPort } from '../../rtc/net/media-port.ts';
import { RedundancyCache } from '../../rtc/rtp/redundancy-cache.ts';
import type { Heartbeat } from '../link/heartbeat.ts';
import type { AddMember, MediaCommand, MediaEvent, MemberCommand } from '../link/messages.ts';
import { TapRecordWriter } from '../link/tap-records.ts';
import type { MemberState, RoomTapRequest, TapRequest } from '../plane.ts';
import type { MediaFigures } from '../statistics.ts';
import { handleByKind, openEndpoint } from './endpoints.ts';
import type { LoadMeter, MediaEngineOptions } from './engine-options.ts';
import { EngineStats, STATS_INTERVAL_MS } from './engine-stats.ts';
import { RoomMember } from './member.ts';
import { OverloadController } from './overload.ts';
import { PcapTap } from './pcap-tap.ts';
import { RelayedTraffic } from './relayed-traffic.ts';
import { isRelayed, Rest } from './rest.ts';
import { MixedRoom } from './room.ts';
import { handleForRoom } from './room-commands.ts';
import { RoomTap } from './room-tap.ts';
import { StarvationWatch } from './starvation.ts';
import { TickLoop } from './tick-loop.ts';

/** 120 ms: often enough for a lively indicator, rarely enough for a large room. */
const LEVELS_EVERY_TICKS = 6;
/** Each member's timers are checked every 100 ms, some of the members in each tick. */
const HOUSEKEEPING_TICKS = 5;
const STATS_EVERY_TICKS = STATS_INTERVAL_MS / PTIME_MS;
const FAILURE_INTERVAL_MS = 1000;

export class MediaEngine {
  readonly #port: MediaPort;
  readonly #clock: Clock;
  readonly #emit: (event: MediaEvent) => void;
  readonly #demultiplexer: Demultiplexer;
  readonly #pool: CodecPool;
  readonly #rooms = new Map<number, MixedRoom>();
  readonly #members = new Map<number, RoomMember>();
  /** Members with receiver reports that the control plane does not know yet. */
  readonly #reported = new Set<RoomMember>();
  readonly #redundancy = new RedundancyCache();
  readonly #relayed = new RelayedTraffic((id, error) => this.#drop(id, this.#members.get(id), error));
  /** What the taps of rooms have seen since it was last posted. */
  readonly #tapped = new TapRecordWriter();
  readonly #stats: EngineStats;
  readonly #loop: TickLoop;
  readonly #rest = new Rest();
  readonly #loadMeter: LoadMeter;
  readonly #heartbeat: Heartbeat | undefined;
  readonly #random: () => number;
  readonly #overload = new OverloadController();
  readonly #starvation = new StarvationWatch();
  #lastTick = 0;
  #lastFailureMs = Number.NEGATIVE_INFINITY;

  constructor(options: MediaEngineOptions) {
    const { port, clock, emit, heartbeat, random = systemRandom, codec = opusCodec } = options;
    this.#port = port;
    this.#clock = clock;
    this.#emit = emit;
    this.#loadMeter = options.loadMeter ?? new ThreadLoadMeter(clock.now());
    this.#heartbeat = heartbeat;
    this.#random = random;
    this.#demultiplexer = new Demultiplexer(port, clock);
    this.#pool = new CodecPool(codec, () => clock.now(), undefined, random);
    this.#stats = new EngineStats();
    this.#loop = new TickLoop({
      clock,
      intervalMs: PTIME_MS,
      onTick: (tick, nowMs, latenessMs) => this.#tick(tick, nowMs, latenessMs),
      restTicks: () => this.#rest.ticks,
    });
  }

  handle(command: MediaCommand): void {
    // Relayed packets wake it like others. But whoever has posted something counts on a sign of life.
    if (!isRelayed(command) || this.#isIdle) this.#wake();
    else if (this.#loop.rests) this.#heartbeat?.beat(this.#clock.now(), this.#rest.ticks * PTIME_MS);
    switch (command.type) {
      case 'open_room':
        this.#openRoom(command.roomId, command.mix);
        return;
      case 'close_room':
      case 'link_room':
      case 'set_shouts':
      case 'set_space':
      case 'set_channel_sounds':
      case 'set_mix':
        handleForRoom(this.#rooms.get(command.roomId), command);
        return;
      case 'set_room_tap':
        this.#setRoomTap(command.roomId, command.tap);
        return;
      case 'relayed_packets':
        this.#relayed.receive(command.packets, this.#clock.now());
        if (this.#relayed.isPlaying) this.#wake();
        return;
      case 'relayed_taken':
        this.#relayed.taken();
        return;
      case 'follow_hosts':
        void this.#follow(command.hosts);
        return;
      case 'close':
        void this.close();
        return;
      default:
        this.#tryForMember(command);
    }
  }

  /** An error that concerns one member must not end the worker, and with it all other conversations. */
  #tryForMember(command: AddMember | MemberCommand): void {
    const { memberId } = command;
    const member = this.#members.get(memberId);
    try {
      if (command.type === 'add_member') this.#add(command);
      // The command may have crossed the event that its member has closed.
      else if (member !== undefined) this.#handleFor(member, command);
    } catch (error) {
      this.#drop(memberId, member, error);
    }
  }

  /** Removes a member whose code has failed. */
  #drop(memberId: number, member: RoomMember | undefined, error: unknown): void {
    this.#fail(error, this.#clock.now());
    try {
      if (member !== undefined) this.#remove(member);
    } catch {
      // It is no longer among the members, and the first error says more.
    }
    this.#emit({ type: 'member_closed', memberId, reason: 'media_failed' });
  }

  /** Time since the last completed tick. */
  tickAgeMs(): Millis {
    return this.#loop.tickAgeMs();
  }

  async close(): Promise<void> {
    this.#loop.close();
    for (const member of this.#members.values()) this.#remove(member);
    for (const room of this.#rooms.values()) this.#forget(room);
    this.#loadMeter.close?.();
    await this.#port.close();
  }

  async #follow(hosts: readonly string[]): Promise<void> {
    const unbound = await this.#port.follow(hosts);
    this.#emit({ type: 'addresses', addresses: this.#port.addresses, unbound });
  }

  #openRoom(roomId: number, mix: MixSettings): void {
    const open = this.#rooms.get(roomId);
    if (open !== undefined) {
      open.reopen(mix);
      return;
    }
    const room = new MixedRoom(roomId, this.#pool, mix);
    room.limitTalkers(this.#overload.measures.maxTalkers);
    room.limitSpace(this.#overload.measures.space);
    this.#rooms.set(roomId, room);
  }

  #add({ memberId, roomId, endpoint, kind, loudness, state }: AddMember): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw new Error(`member ${memberId} is for room ${roomId}, which is not open`);
    const member: RoomMember = new RoomMember({
      id: memberId,
      room,
      state,
      ...(kind !== undefined && { kind }),
      loudness,
      openEndpoint: (events) =>
        openEndpoint(endpoint, {
          memberId,
          events: { ...events, dtls: (datagram) => this.#emit({ type: 'dtls', memberId, datagram }) },
          demultiplexer: this.#demultiplexer,
          redundancy: this.#redundancy,
          relayed: this.#relayed,
          socketAt: (address) => this.#port.socketAt(address),
          random: this.#random,
          nowMs: this.#clock.now(),
        }),
      clock: this.#clock,
      sendTime: this.#stats.sendTime,
      events: {
        silent: (silent) => this.#emit({ type: 'member_silent', memberId, silent }),
        moved: () => this.#emit({ type: 'member_moved', memberId }),
        sounds: () => this.#wake(),
        closed: (reason) => {
          this.#remove(member);
          this.#emit({ type: 'member_closed', memberId, reason });
        },
        reported: (direction, reception) => {
          this.#stats.observeReport(direction, reception, member.network.roundTripMs);
          this.#reported.add(member);
        },
      },
    });
    this.#members.set(memberId, member);
  }

  #handleFor(member: RoomMember, command: MemberCommand): void {
    switch (command.type) {
      case 'set_state':
        member.setState(command.state);
        return;
      case 'move_member':
        this.#move(member, command.roomId, command.state);
        return;
      case 'set_tap':
        this.#setTap(member, command.tap);
        return;
      case 'remove_member':
        this.#remove(member);
        return;
      default:
        handleByKind(member.endpoint, command);
    }
  }

  #move(member: RoomMember, roomId: number, state: MemberState): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) throw new Error(`member ${member.id} cannot move to room ${roomId}, which is not open`);
    member.moveTo(room, state);
  }

  #setTap(member: RoomMember, tap: TapRequest | null): void {
    const { id: memberId } = member;
    const emit = (records: Uint8Array, isFull: boolean): void =>
      this.#emit({ type: 'tapped', memberId, records, isFull });
    member.setTap(tap === null ? null : new PcapTap({ maxBytes: tap.maxBytes, clock: this.#clock, emit }));
  }

  #setRoomTap(roomId: number, request: RoomTapRequest | null): void {
    const shared = { roomId, records: this.#tapped, clock: this.#clock, post: () => this.#postTapped() };
    this.#rooms.get(roomId)?.setTap(request === null ? null : new RoomTap({ ...request, ...shared }));
  }

  #postTapped(): void {
    const records = this.#tapped.take();
    if (records !== null) this.#emit({ type: 'room_tapped', records });
  }

  #remove(member: RoomMember): void {
    if (!this.#members.delete(member.id)) return;
    this.#reported.delete(member);
    member.close();
    member.endpoint.countInto(this.#stats.closed);
  }

  #forget(room: MixedRoom): void {
    room.close();
    this.#rooms.delete(room.id);
  }

  #tick(tick: number, nowMs: Millis, latenessMs: Millis): void {
    const { sendTime } = this.#stats;
    const encodeMs = this.#pool.counters.encodeMs;
    const sendMs = sendTime.ms;
    this.#relayed.play(tick, nowMs);
    for (const room of this.#rooms.values()) {
      try {
        room.tick(tick, nowMs);
        if (room.over) this.#forget(room);
      } catch (error) {
        this.#fail(error, nowMs);
        if (room.closing) this.#forget(room);
      }
    }
    const relayed = this.#relayed.take(tick);
    if (relayed !== null) this.#emit({ type: 'relayed_packets', packets: relayed });
    this.#stats.observeTick({
      latenessMs,
      totalMs: this.#clock.now() - nowMs,
      encodeMs: this.#pool.counters.encodeMs - encodeMs,
      sendMs: sendTime.ms - sendMs,
    });
    this.#watchLoad(latenessMs, nowMs);
    this.#housekeeping(tick);
    this.#rest.observe(this.#isIdle, this.#rooms, this.#relayed);
    this.#heartbeat?.beat(this.#clock.now(), this.#rest.ticks * PTIME_MS);
  }

  get #isIdle(): boolean {
    return this.#rooms.size === 0 && this.#members.size === 0;
  }

  #wake(): void {
    this.#rest.end();
    if (!this.#loop.rests) return;
    this.#heartbeat?.beat(this.#clock.now());
    this.#loop.wake();
  }

  #watchLoad(latenessMs: Millis, nowMs: Millis): void {
    if (this.#overload.observe(this.#loadMeter.measure(nowMs), nowMs)) this.#takeMeasures();
    if (!this.#starvation.observe(latenessMs, this.#overload.isHigh, nowMs)) return;
    const { runningShare, waitingShare } = this.#overload;
    const { isStarved, latenessMs: meanLatenessMs } = this.#starvation;
    this.#emit({ type: 'starved', isStarved, runningShare, waitingShare, latenessMs: meanLatenessMs });
  }

  #takeMeasures(): void {
    const { level, runningShare, waitingShare, measures } = this.#overload;
    this.#pool.limitComplexity(measures.maxComplexity);
    for (const room of this.#rooms.values()) {
      room.limitTalkers(measures.maxTalkers);
      room.limitSpace(measures.space);
    }
    this.#emit({ type: 'overload', level, runningShare, waitingShare });
  }

  /** Everything other than audio runs after the audio has been sent. */
  #housekeeping(tick: number): void {
    // Read the clock again: the tick took some time, and reports carry the time at which they are sent.
    const nowMs = this.#clock.now();
    // Work that was due in a tick skipped by a starved worker must still be done.
    const passed = tick - this.#lastTick;
    this.#lastTick = tick;
    const isDue = (every: number, offset = 0): boolean => (tick + offset) % every < passed;
    if (isDue(LEVELS_EVERY_TICKS)) {
      for (const room of this.#rooms.values()) {
        try {
          this.#reportLevels(room);
        } catch (error) {
          this.#fail(error, nowMs);
        }
      }
    }
    if (isDue(HOUSEKEEPING_TICKS)) this.#postTapped();
    const wallNowMs = this.#clock.wallNow();
    for (const member of this.#members.values()) {
      if (!isDue(HOUSEKEEPING_TICKS, member.id)) continue;
      try {
        member.housekeeping(nowMs, wallNowMs);
      } catch (error) {
        this.#drop(member.id, member, error);
      }
    }
    // Before it rests, the figures say that nobody is here.
    if (isDue(STATS_EVERY_TICKS) || this.#isIdle) {
      this.#reportNetworks();
      this.#emit({ type: 'stats', stats: this.#snapshot() });
    }
  }

  #reportLevels(room: MixedRoom): void {
    const speaking = room.takeLevels();
    if (speaking === undefined) return;
    const heard = room.takeHeard();
    this.#emit({ type: 'levels', roomId: room.id, speaking, ...(heard !== undefined && { heard }) });
  }

  #reportNetworks(): void {
    if (this.#reported.size === 0) return;
    const networks = Array.from(this.#reported, ({ id: memberId, network }) => ({ memberId, network }));
    this.#reported.clear();
    this.#emit({ type: 'networks', networks });
  }

  #snapshot(): MediaFigures {
    return this.#stats.snapshot({
      ticksSkipped: this.#loop.ticksSkipped,
      rooms: this.#rooms,
      members: this.#members,
      overload: this.#overload,
      starvation: this.#starvation,
      pool: this.#pool,
      port: this.#port,
      demultiplexer: this.#demultiplexer,
      relayed: this.#relayed,
      tapped: this.#tapped,
    });
  }

  /** One room's failure must not silence the others or flood the log. */
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
