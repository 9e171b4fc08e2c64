import { getHeapStatistics } from 'node:v8';
import { createBusyMeter } from '../../lib/busy-meter.ts';
import type { Millis } from '../../lib/clock.ts';
import { Histogram } from '../../lib/histogram.ts';
import type { CodecPool } from '../../mixer/codec/codec-pool.ts';
import type { Demultiplexer } from '../../rtc/demultiplexer.ts';
import type { MediaPort } from '../../rtc/net/media-port.ts';
import type { Reception } from '../../rtc/rtp/rtcp-session.ts';
import type { WorkerStats } from '../link/messages.ts';
import type { OverloadController } from './overload.ts';
import type { MixedRoom } from './room.ts';

/** How often a worker says what it has done. */
export const STATS_INTERVAL_MS = 500;

const LATENESS_BOUNDS = [0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1];
const LOSS_BOUNDS = [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const JITTER_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];
const ROUND_TRIP_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1];
const DURATION_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.04, 0.1];

/** What the transports of one worker have done, closed ones included. */
export interface TransportTotals {
  rtpPacketsIn: number;
  rtpPacketsOut: number;
  rtpBytesIn: number;
  rtpBytesOut: number;
  /** Of the packets sent, those that repeat the one before. */
  redundantPacketsOut: number;
  /** Of transports that are closed. */
  srtpRejected: number;
  /** Time spent in protecting and sending the mix. */
  sendMs: number;
}

export interface TickTimes {
  readonly latenessMs: number;
  readonly totalMs: number;
  readonly encodeMs: number;
  readonly sendMs: number;
}

export interface EngineState {
  readonly ticksSkipped: number;
  readonly rooms: Iterable<MixedRoom>;
  readonly roomCount: number;
  readonly connections: number;
  readonly connectionsOverTcp: number;
  readonly srtpRejected: number;
  readonly overload: OverloadController;
  readonly pool: CodecPool;
  readonly port: MediaPort;
  readonly demultiplexer: Demultiplexer;
}

/** Counts what one engine does; everything is a plain number until somebody asks. */
export class EngineStats {
  readonly totals: TransportTotals = {
    rtpPacketsIn: 0,
    rtpPacketsOut: 0,
    rtpBytesIn: 0,
    rtpBytesOut: 0,
    redundantPacketsOut: 0,
    srtpRejected: 0,
    sendMs: 0,
  };
  tickFailures = 0;
  #ticks = 0;
  readonly #lateness = new Histogram(LATENESS_BOUNDS);
  readonly #tick = new Histogram(DURATION_BOUNDS);
  readonly #mix = new Histogram(DURATION_BOUNDS);
  readonly #encode = new Histogram(DURATION_BOUNDS);
  readonly #send = new Histogram(DURATION_BOUNDS);
  /** Since the last snapshot. */
  #latenessMaxMs = 0;
  readonly #loss = { incoming: new Histogram(LOSS_BOUNDS), outgoing: new Histogram(LOSS_BOUNDS) };
  readonly #jitter = { incoming: new Histogram(JITTER_BOUNDS), outgoing: new Histogram(JITTER_BOUNDS) };
  readonly #roundTrip = new Histogram(ROUND_TRIP_BOUNDS);
  readonly #utilization = createBusyMeter();

  observeTick({ latenessMs, totalMs, encodeMs, sendMs }: TickTimes): void {
    this.#ticks++;
    this.#lateness.observe(latenessMs / 1000);
    if (latenessMs > this.#latenessMaxMs) this.#latenessMaxMs = latenessMs;
    this.#tick.observe(totalMs / 1000);
    this.#mix.observe((totalMs - encodeMs - sendMs) / 1000);
    this.#encode.observe(encodeMs / 1000);
    this.#send.observe(sendMs / 1000);
  }

  /** A receiver report of ours (incoming), or of a participant (outgoing), which also tells the round trip. */
  observeReport(
    direction: 'incoming' | 'outgoing',
    { lossRatio, jitterMs }: Reception,
    roundTripMs: Millis | null,
  ): void {
    this.#loss[direction].observe(lossRatio);
    this.#jitter[direction].observe(jitterMs / 1000);
    if (direction === 'outgoing' && roundTripMs !== null) this.#roundTrip.observe(roundTripMs / 1000);
  }

  snapshot(state: EngineState): WorkerStats {
    const { totals } = this;
    const { udpCounters, tcp } = state.port;
    const { counters, encodersInUse, decodersInUse } = state.pool;
    const { talkers, talkersUnheard, jitterBufferDelayMs } = countTalkers(state.rooms);
    const tickLatenessMaxMs = this.#latenessMaxMs;
    this.#latenessMaxMs = 0;
    const { unknownKind, unknownUfrag, unknownAddress, foreignAddress } = state.demultiplexer.counters;
    return {
      gauges: {
        rooms: state.roomCount,
        connections: state.connections,
        connectionsOverTcp: state.connectionsOverTcp,
        paths: state.demultiplexer.pathCount,
        tcpSockets: tcp?.connectionCount.all ?? 0,
        talkers,
        talkersUnheard,
        encodersInUse,
        decodersInUse,
        jitterBufferDelayMs,
        tickLatenessMaxMs,
        utilization: this.#utilization(),
        overloadLevel: state.overload.level,
        // Not `process.memoryUsage`, which opens a file, and throws when there is no descriptor left.
        heapUsedBytes: getHeapStatistics().used_heap_size,
      },
      counters: {
        ticks: this.#ticks,
        ticksSkipped: state.ticksSkipped,
        tickFailures: this.tickFailures,
        datagramsIn: udpCounters.datagramsIn,
        datagramsDropped: unknownKind + unknownUfrag + unknownAddress + foreignAddress,
        rtpPacketsIn: totals.rtpPacketsIn,
        rtpPacketsOut: totals.rtpPacketsOut,
        rtpBytesIn: totals.rtpBytesIn,
        rtpBytesOut: totals.rtpBytesOut,
        redundantPacketsOut: totals.redundantPacketsOut,
        srtpRejected: state.srtpRejected,
        packetsLost: counters.packetsLost,
        packetsLate: counters.packetsLate,
        packetsDuplicate: counters.packetsDuplicate,
        packetsDiscarded: counters.packetsDiscarded,
        framesDecoded: counters.framesDecoded,
        framesConcealed: counters.framesConcealed,
        framesRecovered: counters.framesRecovered,
        timeStretches: counters.timeStretches,
        framesEncoded: counters.framesEncoded,
        framesPrimed: counters.framesPrimed,
        overloadTransitions: state.overload.transitions,
        sendFailures: udpCounters.sendFailures,
        tcpAccepted: tcp?.counters.accepted ?? 0,
        tcpRefused: tcp?.counters.refused ?? 0,
        tcpPacketsDropped: state.port.tcpPacketsDropped,
      },
      histograms: {
        tickLatenessSeconds: this.#lateness.snapshot(),
        tickSeconds: this.#tick.snapshot(),
        mixSeconds: this.#mix.snapshot(),
        encodeSeconds: this.#encode.snapshot(),
        sendSeconds: this.#send.snapshot(),
        incomingLossRatio: this.#loss.incoming.snapshot(),
        incomingJitterSeconds: this.#jitter.incoming.snapshot(),
        outgoingLossRatio: this.#loss.outgoing.snapshot(),
        outgoingJitterSeconds: this.#jitter.outgoing.snapshot(),
        roundTripSeconds: this.#roundTrip.snapshot(),
      },
    };
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
    room.mixer.forEachSpeaker(({ source }) => {
      talkers++;
      if (!source.admitted) talkersUnheard++;
      delayMs += source.jitterBufferDelayMs;
    });
  }
  return { talkers, talkersUnheard, jitterBufferDelayMs: talkers > 0 ? delayMs / talkers : 0 };
}
