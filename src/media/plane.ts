/**
 * What the rooms know of the media plane: a room is opened in it, participants are connected to that room, levels come back.
 * Behind it are worker threads or, with `--workers 0`, the same classes in this thread.
 */
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { HistogramSnapshot } from '../lib/histogram.ts';
import type { MixSettings } from '../mixer/mix/mixer.ts';
import type { SharedTcp } from '../rtc/net/shared-tcp.ts';
import type { Reception } from '../rtc/rtp/rtcp-session.ts';

export type { MixSettings, Reception };

/** A host name that is to be announced has no address; the message says which. */
export class UnknownAnnouncementError extends Error {}

/** Why a participant's media ended without the room asking for it. */
export type MediaCloseReason =
  /** DTLS did not complete in time, or the peer is not who its session description says. */
  | 'handshake_failed'
  /** Nothing was received for the consent time (RFC 7675). */
  | 'silent'
  /** The browser closed its DTLS connection. */
  | 'closed_by_peer'
  /** The worker that mixed for this participant died; another has taken its place. */
  | 'media_failed';

export interface MediaConnectionEvents {
  /** DTLS is complete and the peer verified; sound flows both ways. */
  connected(): void;
  /** Nothing has been received for some seconds, or something again. Only after `connected`. */
  silent(silent: boolean): void;
  /** Media comes from another address than those where the peer can be answered: an ICE restart would tell where it is. */
  moved?(): void;
  /** The connection is gone; called at most once, never after `MediaConnection.close`. */
  closed(reason: MediaCloseReason): void;
}

export interface ConnectOptions {
  /** The browser's offer. */
  readonly sdp: string;
  readonly muted: boolean;
  readonly deafened: boolean;
  /** This participant has been connected before: they are taken back however busy the server is. */
  readonly returning?: boolean;
  /** Of the client, as `addressKey` makes it: handshakes of one address take turns. */
  readonly address?: string;
  readonly events: MediaConnectionEvents;
}

/** Takes a decrypted capture of one connection. */
export interface CaptureSink {
  /** Whole records of a capture file (`formats/pcap.ts`), up to the present. */
  records(bytes: Uint8Array): void;
  /** There is no room for the next packet; nothing more comes. */
  full(): void;
}

/** How the media of one connection gets through, by the latest receiver reports (RFC 3550 section 6.4.1). */
export interface MediaNetwork {
  /** What the participant sends, as it arrives here. Null before the first report. */
  readonly incoming: Reception | null;
  /** What the participant is sent, as it arrives there. Null before the first report. */
  readonly outgoing: Reception | null;
  readonly roundTripMs: Millis | null;
}

/** One participant's WebRTC connection, from the control plane's side. */
export interface MediaConnection {
  /** Unique in the server. */
  readonly id: number;
  /** The answer to the offer; it holds every candidate, nothing trickles. */
  readonly sdp: string;
  /** As the worker told it last; it does so within a second of a report. */
  readonly network: MediaNetwork;
  /**
   * The answer to an offer that restarts ICE of the same RTCPeerConnection (RFC 8445 section 2.4); DTLS and media go on.
   * Throws `AppError` `cannot_restart`, `sdp_too_large` or `invalid_sdp`.
   */
  restart(sdp: string): string;
  /** A muted participant is not heard by anybody. */
  setMuted(muted: boolean): void;
  /** A deafened participant is sent no mix. */
  setDeafened(deafened: boolean): void;
  /** From now on all that is sent and received goes to the sink in the clear, up to so many bytes; in place of another sink. */
  startCapture(maxBytes: number, sink: CaptureSink): void;
  stopCapture(): void;
  close(): void;
}

export interface SpeakerLevel {
  /** `MediaConnection.id` */
  readonly connectionId: number;
  /** 0 is full scale, -127 is silence (RFC 6464). */
  readonly levelDbov: number;
}

export interface MediaRoomEvents {
  /** 5 to 10 times a second while somebody speaks: those who speak now. Once with an empty list when they have stopped. */
  levels(speaking: readonly SpeakerLevel[]): void;
}

export interface MediaRoom {
  /** Starts to terminate one participant's connection. Throws `AppError` `sdp_too_large`, `invalid_sdp`, `media_unavailable` or `server_busy`. */
  connect(options: ConnectOptions): MediaConnection;
  /** Takes a connection over from another room of this plane: its media goes on here. */
  adopt(connection: MediaConnection, state: { readonly muted: boolean; readonly deafened: boolean }): void;
  /** How the room is mixed from now on; levelling holds for those who are connected afterwards. */
  setMix(mix: MixSettings): void;
  /** Closes every connection in the room. */
  close(): void;
}

export interface MediaPlane {
  /** How a room is mixed that is opened without saying how. */
  readonly mix: MixSettings;
  openRoom(events: MediaRoomEvents, mix?: MixSettings): MediaRoom;
  /**
   * Takes a TCP connection that has come to the shared port and begun with a STUN request to `localUfrag`, which must have been put back. False
   * if there is no connection of that name: then the socket stays with the caller.
   */
  acceptTcp(socket: Socket, localUfrag: string): boolean;
  /** The latest figures of each worker, at most about a second old. */
  stats(): readonly MediaStats[];
  /** Each worker that there should be, in order. */
  health(): readonly WorkerHealth[];
  close(): Promise<void>;
}

export interface MediaPlaneOptions {
  /** Worker threads; 0 runs the media plane in this thread. */
  readonly workers: number;
  /** Addresses to bind; empty binds every address of the machine, each with a socket of its own. */
  readonly hosts: readonly string[];
  /** UDP and TCP port of the first worker, the next worker takes the next; 0 lets the system choose. */
  readonly port: number;
  /** Whether browsers that UDP does not reach may send media over TCP (RFC 6544). */
  readonly tcp: boolean;
  /** Where the caller listens for their TCP connections, and hands them to `MediaPlane.acceptTcp`, in place of the workers. */
  readonly sharedTcp?: SharedTcp | undefined;
  /**
   * Addresses or host names, as `parseEndpoint` reads them, for the candidates in place of those bound; for a server behind NAT. A port in
   * them is that of the first worker. Empty uses the addresses bound.
   */
  readonly announce: readonly string[];
  /** Host names that lead to this server. Where nothing is announced and all addresses are private, the public ones behind them are. */
  readonly names?: readonly string[];
  /** Leave loopback addresses out of the candidates when there are others: nobody reaches this server by them. */
  readonly hideLoopback: boolean;
  /** The load of a worker, 0 to 1, above which a room goes on in another worker that has less to do. */
  readonly spanLoad: number;
  /** How a room is mixed that is opened without saying how. */
  readonly mix: MixSettings;
  /** What a session description may be, at most. */
  readonly sdpLimits: { readonly maxBytes: number; readonly maxLines: number };
  /** The file of the worker thread (`media/worker/thread.ts` as built), or its code. */
  readonly workerEntry: URL | string;
  readonly clock: Clock;
  readonly log: Logger;
  /** For a minute no worker was sound: this process cannot help itself any more. */
  readonly onFailed?: (reason: string) => void;
}

/** Whether one worker does its work. */
export interface WorkerHealth {
  readonly worker: number;
  /** False while one that died is not replaced yet. */
  readonly running: boolean;
  /** Its workers die again and again; rooms of others are kept away from it. */
  readonly failing: boolean;
  readonly restarts: number;
  /** Since the last finished tick, or since the start before the first; null while there is none running. */
  readonly tickAgeMs: number | null;
}

/** What one media worker has done. Counters only grow while the worker lives, gauges are of now. */
export interface MediaStats {
  /** 0, 1, …; a worker that replaces a dead one takes its index, and its counters start at 0 again. */
  readonly worker: number;
  /** Since the last tick that this worker finished, as seen when the figures are read. */
  readonly tickAgeMs: number;
  readonly restarts: number;
  readonly gauges: Readonly<Record<MediaGauge, number>>;
  readonly counters: Readonly<Record<MediaCounter, number>>;
  readonly histograms: Readonly<Record<MediaHistogram, HistogramSnapshot>>;
}

export type MediaGauge =
  | 'rooms'
  | 'connections'
  /** Of these, those whose media goes over TCP. */
  | 'connectionsOverTcp'
  /** Addresses from which media may come. */
  | 'paths'
  /** TCP connections, those included that have not shown yet whose they are. */
  | 'tcpSockets'
  | 'talkers'
  /** Of these, those whom the talker limit keeps from being heard. */
  | 'talkersUnheard'
  | 'encodersInUse'
  | 'decodersInUse'
  | 'jitterBufferDelayMs'
  | 'tickLatenessMaxMs'
  /** The share of its time that the worker is busy, 0 to 1. */
  | 'utilization'
  /** 0 is normal; see `overloadMeasures`. */
  | 'overloadLevel'
  | 'heapUsedBytes';

export type MediaCounter =
  | 'ticks'
  | 'ticksSkipped'
  | 'tickFailures'
  | 'datagramsIn'
  | 'datagramsDropped'
  | 'rtpPacketsIn'
  | 'rtpPacketsOut'
  | 'rtpBytesIn'
  | 'rtpBytesOut'
  | 'redundantPacketsOut'
  | 'srtpRejected'
  | 'packetsLost'
  | 'packetsLate'
  | 'packetsDuplicate'
  | 'packetsDiscarded'
  | 'framesDecoded'
  | 'framesConcealed'
  | 'framesRecovered'
  | 'timeStretches'
  | 'framesEncoded'
  | 'framesPrimed'
  | 'overloadTransitions'
  | 'sendFailures'
  | 'tcpAccepted'
  | 'tcpRefused'
  | 'tcpPacketsDropped';

export type MediaHistogram =
  | 'tickLatenessSeconds'
  | 'tickSeconds'
  | 'mixSeconds'
  | 'encodeSeconds'
  | 'sendSeconds'
  /** One observation for each receiver report, of ours and of the participants. */
  | 'incomingLossRatio'
  | 'incomingJitterSeconds'
  | 'outgoingLossRatio'
  | 'outgoingJitterSeconds'
  | 'roundTripSeconds';
