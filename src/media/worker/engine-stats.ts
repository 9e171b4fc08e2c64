import { getHeapStatistics } from 'node:v8';
import type { Millis } from '../../lib/clock.ts';
import { Histogram } from '../../lib/histogram.ts';
import type { CodecPool } from '../../mixer/codec/codec-pool.ts';
import type { Demultiplexer } from '../../rtc/demultiplexer.ts';
import type { MediaPort } from '../../rtc/net/media-port.ts';
import { createVoiceCounters, type VoiceCounters } from '../../rtc/webrtc-counters.ts';
import type { Reception } from '../endpoint.ts';
import type { TapRecordWriter } from '../link/tap-records.ts';
import { forEachRow, MEDIA_HISTOGRAMS, type MediaFigures } from '../statistics.ts';
import type { RoomMember } from './member.ts';
import type { OverloadController } from './overload.ts';
import type { RelayedTraffic } from './relayed-traffic.ts';
import type { MixedRoom } from './room.ts';
import type { StarvationWatch } from './starvation.ts';

/** How often a worker reports its figures. */
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
  readonly relayed: RelayedTraffic;
  readonly tapped: Pick<TapRecordWriter, 'dropped'>;
}

/** The counters of one engine, as plain numbers until a snapshot is requested. */
export class EngineStats {
  /** For members that have left. */
  readonly closed = createVoiceCounters();
  /** Time spent protecting and sending the mix. */
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

  /**
   * One of our receiver reports (incoming), or one of a participant's (outgoing), which also contains the round trip.
   */
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
    const { ticksSkipped, rooms, members, overload, starvation, pool, port, demultiplexer, relayed, tapped } = state;
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
        connectionsRelayed: relayed.size,
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
        // Not `process.memoryUsage`, which opens a file and throws if no descriptor is left.
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
        relayedPacketsDropped: relayed.dropped,
        tappedPacketsDropped: tapped.dropped,
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

  /** The totals of present and former members. */
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

/** The number of talkers, and the mean time that their packets wait. */
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
