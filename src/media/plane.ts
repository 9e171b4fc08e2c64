/**
 * What the rooms know of the media plane: a room is opened in it, participants take seats in that room, levels come back.
 * Behind it are worker threads or, with `--workers 0`, the same classes in this thread.
 */
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';
import type { AddressWatch } from '../lib/net/address-watch.ts';
import type { MixSettings } from '../mixer/mix/mixer.ts';
import type { UnboundAddress } from '../rtc/net/datagram-port.ts';
import type { SharedTcp } from '../rtc/net/shared-tcp.ts';
import type { MediaNetwork, Reception } from './endpoint.ts';
import type { MediaFigures } from './statistics.ts';

export type { MediaNetwork, MixSettings, Reception };

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

/** What a participant and the moderators have decided about one member of a room. */
export interface MemberState {
  /** Nobody hears this member. */
  readonly muted: boolean;
  /** This member is sent no mix. */
  readonly deafened: boolean;
}

/** Omitted fields keep their value. */
export interface MemberStateChange {
  readonly muted?: boolean | undefined;
  readonly deafened?: boolean | undefined;
}

/** What a seat tells the room of. */
export interface SeatEvents {
  /** Sound flows both ways: with WebRTC, DTLS is complete and the peer verified. */
  connected(): void;
  /** Nothing has been received for some seconds, or something has again. Only after `connected`. */
  silent(silent: boolean): void;
  /** Media comes from an address where the participant cannot be answered yet: an ICE restart would tell where they are. */
  moved?(): void;
  /** The seat is gone; called at most once, never after `Seat.close`. */
  closed(reason: MediaCloseReason): void;
}

/** A client's offer of a WebRTC connection. */
export interface WebRtcOffer {
  readonly sdp: string;
  /** Of the client, as `addressKey` makes it: handshakes of one address take turns. */
  readonly address: string;
  /** They come over a network, so that loopback addresses would lead them to their own machine. */
  readonly isRemote?: boolean;
}

/** With what a participant takes a seat. */
export interface SeatOptions {
  readonly state: MemberState;
  /** This participant had a seat before: they are taken back however busy the server is. */
  readonly returning?: boolean;
  readonly events: SeatEvents;
}

/** What a tap records: every packet in the clear, as records of a capture file (`formats/pcap.ts`). */
export interface TapRequest {
  readonly format: 'pcap';
  /** Of all records together. */
  readonly maxBytes: number;
}

/** Takes what the tap of one seat records. */
export interface TapSink {
  /** Whole records, up to the present. */
  records(bytes: Uint8Array): void;
  /** The next record does not fit; nothing more comes. */
  full(): void;
}

/** One participant's place in the media plane, as the rooms see it: whatever their packets come and go by. */
export interface Seat {
  /** Unique in the server. */
  readonly id: number;
  /** As the worker told it last; it does so within a second of a report. */
  readonly network: MediaNetwork;
  setState(state: MemberState): void;
  /** From now on everything that is sent and received goes to the sink, in place of another one. */
  record(request: TapRequest, sink: TapSink): void;
  stopRecording(): void;
  close(): void;
}

/** The seat of a participant who came with an SDP offer. */
export interface WebRtcSeat extends Seat {
  readonly kind: 'webrtc';
  /** The answer to the offer; it holds every candidate, nothing trickles. */
  readonly answer: string;
  /**
   * The answer to an offer that restarts ICE of the same RTCPeerConnection (RFC 8445 section 2.4); DTLS and media go on.
   * Throws `AppError` `cannot_restart`, `sdp_too_large`, `invalid_sdp` or `media_unavailable`.
   */
  restart(offer: WebRtcOffer): string;
}

/** Every kind of seat. */
export type AnySeat = WebRtcSeat;

export interface SpeakerLevel {
  /** `Seat.id` */
  readonly seatId: number;
  /** 0 is full scale, -127 is silence (RFC 6464). */
  readonly levelDbov: number;
}

export interface MediaRoomEvents {
  /** 5 to 10 times a second while somebody speaks: those who speak now. Once with an empty list when they have stopped. */
  levels(speaking: readonly SpeakerLevel[]): void;
}

export interface MediaRoom {
  /** Starts a WebRTC connection. Throws `AppError` `sdp_too_large`, `invalid_sdp`, `media_unavailable` or `server_busy`. */
  connectWebRtc(offer: WebRtcOffer, options: SeatOptions): WebRtcSeat;
  /** Takes a seat over from another room of this plane: its media goes on here. */
  adopt(seat: Seat, state: MemberState): void;
  /** Changes how the room is mixed. */
  setMix(mix: MixSettings): void;
  /** Closes every seat in the room. */
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
  /** Where the workers are reached now. */
  reach(): MediaReach;
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
  /** Where `hosts` is empty, addresses that come and go are followed by it; without it they are read at the start only. */
  readonly watch?: AddressWatch;
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

/** Where browsers find media. */
export interface MediaReach {
  /** What they are told, as `udp 192.0.2.1:40000`. */
  readonly candidates: readonly string[];
  /** Where media should be received and cannot be now; it is tried again every few seconds. */
  readonly unbound: readonly UnboundAddress[];
  /** This machine has no address but loopback: nobody on another machine can be heard. */
  readonly isLoopbackOnly: boolean;
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
  /** Its ticks are late although it has time to spare: others have the processor. */
  readonly starved: boolean;
}

/** What one media worker has done. */
export interface MediaStats extends MediaFigures {
  /** 0, 1, …; a worker that replaces a dead one takes its index, and its counters start at 0 again. */
  readonly worker: number;
  /** Since the last tick that this worker finished, as seen when the figures are read. */
  readonly tickAgeMs: number;
  readonly restarts: number;
}
