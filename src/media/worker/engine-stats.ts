import { getHeapStatistics } from 'node:v8';
import type { Millis } from '../../lib/clock.ts';
import { Histogram } from '../../lib/histogram.ts';
import type { CodecPool } from '../../mixer/codec/codec-pool.ts';
import type { Demultiplexer } from '../../rtc/demultiplexer.ts';
import type { MediaPort } from '../../rtc/net/media-port.ts';
import { createVoiceCounters, type VoiceCounters } from '../../rtc/webrtc-counters.ts';
import type { Reception } from '../endpoint.ts';
import { forEachRow, MEDIA_HISTOGRAMS, type MediaFigures } from '../statistics.ts';
import type { RoomMember } from './member.ts';
import type { OverloadController } from './overload.ts';
import type { MixedRoom } from './room.ts';
import type { StarvationWatch } from './starvation.ts';

/** How often a worker says what it has done. */
export const STATS_INTERVAL_MS = 500;

export interface TickTimes {
  readonly latenessMs: number;
  readonly totalMs: number;
  readonly encodeMs: number;
  readonly sendMs: number;
}

export interface EngineState {
  readonly ticksSkipped: number;
  readonly rooms: ReadonlyMap<number, MixedRoom>;
  readonly members: ReadonlyMap<number, RoomMember>;
  readonly overload: OverloadController;
  readonly starvation: StarvationWatch;
  readonly pool: CodecPool;
  readonly port: MediaPort;
  readonly demultiplexer: Demultiplexer;
}

/** Counts what one engine does; everything is a plain number until somebody asks. */
export class EngineStats {
  /** Of members that have left. */
  readonly closed = createVoiceCounters();
  /** Time spent in protecting and sending the mix. */
  readonly sendTime = { ms: 0 };
  tickFailures = 0;
  #ticks = 0;
  readonly #histograms = forEachRow(MEDIA_HISTOGRAMS, ({ bounds }) => new Histogram(bounds));
  /** Since the last snapshot. */
  #latenessMaxMs = 0;

  observeTick({ latenessMs, totalMs, encodeMs, sendMs }: TickTimes): void {
    const { tickLatenessSeconds, tickSeconds, mixSeconds, encodeSeconds, sendSeconds } = this.#histograms;
    this.#ticks++;
    tickLatenessSeconds.observe(latenessMs / 1000);
    if (latenessMs > this.#latenessMaxMs) this.#latenessMaxMs = latenessMs;
    tickSeconds.observe(totalMs / 1000);
    mixSeconds.observe((totalMs - encodeMs - sendMs) / 1000);
    encodeSeconds.observe(encodeMs / 1000);
    sendSeconds.observe(sendMs / 1000);
  }

  /** A receiver report of ours (incoming), or of a participant (outgoing), which also tells the round trip. */
  observeReport(
    direction: 'incoming' | 'outgoing',
    { lossRatio, jitterMs }: Reception,
    roundTripMs: Millis | null,
  ): void {
    this.#histograms[`${direction}LossRatio`].observe(lossRatio);
    this.#histograms[`${direction}JitterSeconds`].observe(jitterMs / 1000);
    if (direction === 'outgoing' && roundTripMs !== null) this.#histograms.roundTripSeconds.observe(roundTripMs / 1000);
  }

  snapshot(state: EngineState): MediaFigures {
    const { ticksSkipped, rooms, members, overload, starvation, pool, port, demultiplexer } = state;
    const { udpCounters, tcp } = port;
    const { talkers, talkersUnheard, jitterBufferDelayMs } = countTalkers(rooms.values());
    const { voice, connectionsOverTcp } = this.#countMembers(members.values());
    const { unknownKind, unknownUfrag, unknownAddress, foreignAddress } = demultiplexer.counters;
    const { encodeMs: _, ...codecCounters } = pool.counters;
    const tickLatenessMaxMs = this.#latenessMaxMs;
    this.#latenessMaxMs = 0;
    return {
      gauges: {
        rooms: rooms.size,
        connections: members.size,
        connectionsOverTcp,
        paths: demultiplexer.pathCount,
        tcpSockets: tcp?.connectionCount.all ?? 0,
        talkers,
        talkersUnheard,
        encodersInUse: pool.encodersInUse,
        decodersInUse: pool.decodersInUse,
        jitterBufferDelayMs,
        tickLatenessMaxMs,
        utilization: overload.runningShare,
        waitingShare: overload.waitingShare,
        overloadLevel: overload.level,
        starved: starvation.isStarved ? 1 : 0,
        // Not `process.memoryUsage`, which opens a file, and throws when there is no descriptor left.
        heapUsedBytes: getHeapStatistics().used_heap_size,
      },
      counters: {
        ...codecCounters,
        ticks: this.#ticks,
        ticksSkipped,
        tickFailures: this.tickFailures,
        datagramsIn: udpCounters.datagramsIn,
        datagramsDropped: unknownKind + unknownUfrag + unknownAddress + foreignAddress,
        rtpPacketsIn: voice.packetsIn,
        rtpPacketsOut: voice.packetsOut,
        rtpBytesIn: voice.bytesIn,
        rtpBytesOut: voice.bytesOut,
        redundantPacketsOut: voice.redundantPacketsOut,
        srtpRejected: voice.packetsRejected,
        overloadTransitions: overload.transitions,
        sendFailures: udpCounters.sendFailures,
        tcpAccepted: tcp?.counters.accepted ?? 0,
        tcpRefused: tcp?.counters.refused ?? 0,
        tcpPacketsDropped: port.tcpPacketsDropped,
      },
      histograms: forEachRow(this.#histograms, (histogram) => histogram.snapshot()),
    };
  }

  /** What those have done who are here and those who were here. */
  #countMembers(members: Iterable<RoomMember>): { readonly voice: VoiceCounters; readonly connectionsOverTcp: number } {
    const voice = { ...this.closed };
    let connectionsOverTcp = 0;
    for (const { endpoint } of members) {
      endpoint.countInto(voice);
      if (endpoint.protocol === 'tcp') connectionsOverTcp++;
    }
    return { voice, connectionsOverTcp };
  }
}

interface TalkerFigures {
  readonly talkers: number;
  readonly talkersUnheard: number;
  readonly jitterBufferDelayMs: number;
}

/** How many speak, and how long their packets wait on average. */
function countTalkers(rooms: Iterable<MixedRoom>): TalkerFigures {
  let talkers = 0;
  let talkersUnheard = 0;
  let delayMs = 0;
  for (const room of rooms) {
    room.mixer.forEachSpeaker((_participant, { admitted, jitterBufferDelayMs }) => {
      talkers++;
      if (!admitted) talkersUnheard++;
      delayMs += jitterBufferDelayMs;
    });
  }
  return { talkers, talkersUnheard, jitterBufferDelayMs: talkers > 0 ? delayMs / talkers : 0 };
}
