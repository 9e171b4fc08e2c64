/**
 * The media plane as seen by the rooms: a room is opened in it, participants take seats in that room, levels come back.
 * Behind it are worker threads or, with `--workers 0`, the same classes in this thread.
 */
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Clock, Millis } from '../lib/clock.ts';
import type { AddressWatch } from '../lib/net/address-watch.ts';
import { distance32 } from '../lib/serial.ts';
import { FRAME_SAMPLES, PTIME_MS, SAMPLES_PER_MS } from '../mixer/format.ts';
import { type ChannelSound, PLAIN_CHANNEL } from '../mixer/mix/channel-sounds.ts';
import type { MixSettings } from '../mixer/mix/mixer.ts';
import type { SourceKind } from '../mixer/source/mix-source.ts';
import type { BodyFields } from '../mixer/space/body-fields.ts';
import type { Emitter, SpaceSettings } from '../mixer/space/space-settings.ts';
import type { UnboundAddress } from '../rtc/net/datagram-port.ts';
import type { SharedTcp } from '../rtc/net/shared-tcp.ts';
import type { MediaNetwork, Reception } from './endpoint.ts';
import type { OtherServersOptions, ServerConnection } from './other-servers.ts';
import type { RelayedOptions, RelayedPacket, RelayedSink } from './relayed.ts';
import type { MediaCloseReason, SeatEvents } from './seat-events.ts';
import type { MediaFigures } from './statistics.ts';

export { ROOM_CHANNEL } from '../mixer/mix/channel-set.ts';
export { MAX_MUSIC } from '../mixer/mix/talker-limits.ts';
export { MAX_BODIES } from '../mixer/space/body-table.ts';
export type {
  BodyFields,
  ChannelSound,
  Emitter,
  MediaCloseReason,
  MediaNetwork,
  MixSettings,
  OtherServersOptions,
  Reception,
  RelayedOptions,
  RelayedPacket,
  RelayedSink,
  SeatEvents,
  ServerConnection,
  SourceKind,
  SpaceSettings,
};
export { PLAIN_CHANNEL };

/** An announced host name has no address; the message says which. */
export class UnknownAnnouncementError extends Error {}

/** The combined decisions of a participant and the moderators about one member of a room. */
export interface ParticipantState {
  /** Nobody hears this member. */
  readonly muted: boolean;
  /** No mix is sent to this member. */
  readonly deafened: boolean;
}

/** Everything that is decided about one member of a room. */
export interface MemberState extends ParticipantState {
  /** The gains of other voices for this member. */
  readonly hearing: readonly VoiceGain[];
  /** Where their voice goes and what they hear; without it, only the room itself. */
  readonly plan?: VoicePlan;
}

/** Channels are known by their numbers; 0 is the room itself. */
export interface VoicePlan {
  readonly speaksInto: readonly number[];
  /** `Seat.id` of the listeners to whom this member whispers. */
  readonly whispersTo: readonly number[];
  readonly hears: readonly number[];
}

/** What channels sound like, by their numbers; those that are not listed are heard unchanged. */
export type ChannelSounds = ReadonlyMap<number, ChannelSound>;

/** How loud one member hears another. */
export interface VoiceGain {
  /** `Seat.id` of the speaker; ignored if that seat is not in the room. */
  readonly seatId: number;
  /** Linear: 1 is unchanged, 0 is silence. */
  readonly gain: number;
}

/** Omitted fields keep their value. */
export interface MemberStateChange {
  readonly muted?: boolean | undefined;
  readonly deafened?: boolean | undefined;
}

/** A client's offer for a WebRTC connection. */
export interface WebRtcOffer {
  readonly sdp: string;
  /** The client's address as `addressKey` writes it; handshakes of one address take turns. */
  readonly address: string;
  /** The client is on another machine, so loopback addresses would lead it to itself. */
  readonly isRemote?: boolean;
  /** What the client may do, whatever it offers; both if omitted. */
  readonly only?: 'sendonly' | 'recvonly';
}

/** What a participant takes a seat with. */
export interface SeatOptions {
  readonly state: MemberState;
  /** What the participant sends; a voice by default. */
  readonly kind?: SourceKind;
  /** This participant had a seat before and is accepted however busy the server is. */
  readonly returning?: boolean;
  /** Their last seat was not connected, perhaps because they do not reach another server, so they stay at this one. */
  readonly staysHere?: boolean;
  readonly events: SeatEvents;
}

/** A tap records every decrypted packet as records of a capture file (`formats/pcap.ts`). */
export interface TapRequest {
  readonly format: 'pcap';
  /** For all records together. */
  readonly maxBytes: number;
}

/** Receives the records of one seat's tap. */
export interface TapSink {
  /** Whole records since the last call. */
  records(bytes: Uint8Array): void;
  /** The next record does not fit; nothing follows. */
  full(): void;
}

/** What a recorder is shown of a room. */
export interface RoomTapRequest {
  /**
   * What participants send, as it arrives: without what they or moderators have muted, and without what they say only
   * to channels or to single people.
   */
  readonly voices: boolean;
  /** What somebody hears who is in the room and does not speak. */
  readonly mix: boolean;
  /** Voices are shown at once, and not only ten times a second. False if omitted. */
  readonly live?: boolean;
}

/** One packet that a room's tap has seen. */
export interface TappedPacket {
  readonly arrivalMs: Millis;
  /** 32 bits, in samples; that of the mix counts from the zero of the clock. */
  readonly timestamp: number;
  /** One Opus packet. Retaining it retains all that came with it. */
  readonly payload: Uint8Array;
}

/**
 * Where a tapped packet of the mix belongs, in samples at 48 kHz since `startMs`. Its timestamp is the number of its tick
 * in samples, in 32 bits; ticks are numbered from the zero of the clock, in all workers alike.
 */
export function positionInMix({ timestamp, arrivalMs }: TappedPacket, startMs: Millis): number {
  const expected = Math.floor(arrivalMs / PTIME_MS) * FRAME_SAMPLES;
  return expected + distance32(timestamp, expected >>> 0) - startMs * SAMPLES_PER_MS;
}

export interface TappedVoice extends TappedPacket {
  readonly seatId: number;
  /** Unique for each RTP stream of the server, whose time stamps are unrelated to those of others. */
  readonly stream: number;
  readonly levelDbov: number | null;
}

export interface RoomTapSubscription {
  readonly request: RoomTapRequest;
  readonly sink: RoomTapSink;
}

/** Receives what a room's tap sees, about ten times a second or at once. */
export interface RoomTapSink {
  voice(packet: TappedVoice): void;
  mix(packet: TappedPacket): void;
}

/** One participant's place in the media plane, as seen by the rooms, whatever its transport. */
export interface Seat {
  /** Unique within the server. */
  readonly id: number;
  /** As last reported by the worker, within a second of an RTCP report. */
  readonly network: MediaNetwork;
  setState(state: MemberState): void;
  /** From now on everything sent and received goes to the sink, replacing any other. */
  record(request: TapRequest, sink: TapSink): void;
  stopRecording(): void;
  close(): void;
}

/** The seat of a participant with an SDP offer. */
export interface WebRtcSeat extends Seat {
  readonly kind: 'webrtc';
  /** The answer to the offer, with every candidate (nothing trickles). */
  readonly answer: string;
  /**
   * The answer to an offer that restarts ICE of the same RTCPeerConnection (RFC 8445 section 2.4); DTLS and media
   * continue. Throws `AppError` `cannot_restart`, `sdp_too_large`, `invalid_sdp` or `media_unavailable`.
   */
  restart(offer: WebRtcOffer): string;
}

/**
 * The seat of a participant whose packets the caller brings and takes. Packets are sent as they come, or queued so that
 * the worker plays one after the other; a seat does one of both.
 */
export interface RelayedSeat extends Seat {
  readonly kind: 'relayed';
  /**
   * Sends one packet now.
   * @param startsStream its number and timestamp are unrelated to those before
   * @returns false if it was dropped
   */
  send(packet: RelayedPacket, startsStream?: boolean): boolean;
  /** How many samples were ever queued. */
  readonly queuedSamples: number;
  /** How many of them wait, as far as known: reported about ten times a second. */
  readonly waitingSamples: number;
  /**
   * Lets one packet wait for its turn.
   * @param levelDbov its level (RFC 6464), if known
   * @returns false if the queue is full (`MAX_QUEUED_SAMPLES`), or this is no Opus packet
   */
  enqueue(payload: Uint8Array, levelDbov?: number | null): boolean;
  /** Forgets what waits. */
  clearQueue(): void;
}

/** Every kind of seat. */
export type AnySeat = WebRtcSeat | RelayedSeat;

export interface SpeakerLevel {
  /** `Seat.id` */
  readonly seatId: number;
  /** 0 is full scale, -127 is silence (RFC 6464). */
  readonly levelDbov: number;
}

/** For each listener in space, by `Seat.id`: the seats whose voices they hear there. Others hear everybody. */
export type HeardInSpace = ReadonlyMap<number, ReadonlySet<number>>;

export interface MediaRoomEvents {
  /** The current speakers, 5 to 10 times a second while anyone speaks, and an empty list once when they have stopped. */
  levels(speaking: readonly SpeakerLevel[], heard: HeardInSpace): void;
}

/** How a room is linked to others. */
export interface RoomShouts {
  /** The channel of this room in which people shout, and hear the shouts of the others. */
  readonly channel: number;
  readonly rooms: readonly MediaRoom[];
}

export interface MediaRoom {
  /** Starts a WebRTC connection. Throws `AppError` `sdp_too_large`, `invalid_sdp`, `media_unavailable` or `server_busy`. */
  connectWebRtc(offer: WebRtcOffer, options: SeatOptions): WebRtcSeat;
  /** Gives a seat to somebody whose packets the caller brings. Throws `AppError` `media_unavailable` or `server_busy`. */
  connectRelayed(options: RelayedOptions): RelayedSeat;
  /** Takes over a seat from another room of this plane; its media continues here. */
  adopt(seat: Seat, state: MemberState): void;
  /** Changes how the room is mixed. */
  setMix(mix: MixSettings): void;
  /** Changes what the channels sound like. */
  setChannelSounds(sounds: ChannelSounds): void;
  /**
   * From now on, shouts are exchanged with these rooms of the same plane, for which the same must be said; null ends
   * that.
   */
  setShouts(shouts: RoomShouts | null): void;
  /** From now on the sink is shown what is said in the room, wherever its workers are; null ends that. */
  setTap(tap: RoomTapSubscription | null): void;
  /** Where everybody is, if the room has a space. */
  readonly bodies: BodyFields;
  /** From now on voices are heard from where their bodies are; null ends that. */
  setSpace(settings: SpaceSettings | null): void;
  /** Whether everybody hears the same, so that people may be at other servers. Not by default. */
  setPlain(isPlain: boolean): void;
  /** People get their sound at other servers. */
  readonly isSpread: boolean;
  /** Closes every seat in the room. */
  close(): void;
}

export interface MediaPlane {
  /** How a room is mixed if it does not specify that. */
  readonly mix: MixSettings;
  openRoom(events: MediaRoomEvents, mix?: MixSettings): MediaRoom;
  /**
   * Takes over a TCP connection that arrived at the shared port and started with a STUN request to `localUfrag`, which
   * must have been put back. False if no connection has that ufrag; the caller then keeps the socket.
   */
  acceptTcp(socket: Socket, localUfrag: string): boolean;
  /** From now on rooms may go on at these servers of the cluster and no others. */
  followServers(names: readonly string[]): void;
  /** Another server of the cluster has rooms here from now on, as long as its connection lasts. */
  lendWorker(connection: ServerConnection): void;
  /** Where browsers reach the workers now. */
  reach(): MediaReach;
  /** The latest figures of each worker, at most about a second old. */
  stats(): readonly MediaStats[];
  /** Every worker that should be running, in order. */
  health(): readonly WorkerHealth[];
  close(): Promise<void>;
}

export interface MediaPlaneOptions {
  /** Worker threads; 0 runs the media plane in this thread. */
  readonly workers: number;
  /** Addresses to bind; empty binds every address of the machine, each with its own socket. */
  readonly hosts: readonly string[];
  /** If `hosts` is empty, follows the machine's changing addresses; without it they are only read at the start. */
  readonly watch?: AddressWatch;
  /** UDP and TCP port of the first worker, the next worker takes the next; 0 lets the system choose. */
  readonly port: number;
  /** Whether browsers that cannot be reached over UDP may use media over TCP (RFC 6544). */
  readonly tcp: boolean;
  /** Set if the caller accepts the TCP connections instead of the workers, and passes them to `acceptTcp`. */
  readonly sharedTcp?: SharedTcp | undefined;
  /**
   * Addresses or host names, as accepted by `parseEndpoint`, for the candidates instead of the bound ones; for a server
   * behind NAT. A port in them is that of the first worker. Empty uses the bound addresses.
   */
  readonly announce: readonly string[];
  /**
   * Host names of this server. If nothing is announced and all addresses are private, their public addresses are used.
   */
  readonly names?: readonly string[];
  /**
   * Leaves loopback addresses out of the candidates if there are others, because nobody can reach this server there.
   */
  readonly hideLoopback: boolean;
  /** The worker load, 0 to 1, above which a room continues on a less busy worker. */
  readonly spanLoad: number;
  readonly others?: OtherServersOptions | undefined;
  /** How a room is mixed if it does not specify that. */
  readonly mix: MixSettings;
  /** Limits of a session description. */
  readonly sdpLimits: { readonly maxBytes: number; readonly maxLines: number };
  /** The file of the worker thread (`media/worker/thread.ts` as built), or its code. */
  readonly workerEntry: URL | string;
  readonly clock: Clock;
  readonly log: Logger;
  /** No worker was healthy for a minute: this process cannot recover by itself. */
  readonly onFailed?: (reason: string) => void;
}

/** Where browsers find media. */
export interface MediaReach {
  /** The announced addresses, such as `udp 192.0.2.1:40000`. */
  readonly candidates: readonly string[];
  /** Addresses that cannot be bound now. The server tries again every few seconds. */
  readonly unbound: readonly UnboundAddress[];
  /** This machine has no address but loopback: nobody on another machine can be heard. */
  readonly isLoopbackOnly: boolean;
}

/** Whether one worker does its work. */
export interface WorkerHealth {
  readonly worker: number;
  /** False while a worker that died is not yet replaced. */
  readonly running: boolean;
  /** Its workers keep dying; other rooms avoid it. */
  readonly failing: boolean;
  readonly restarts: number;
  /** Time since the last completed tick, or since the start before the first one; null while none is running. */
  readonly tickAgeMs: number | null;
  /** Its ticks are late although it has spare capacity, because other programs use the CPU. */
  readonly starved: boolean;
}

/** The figures of one media worker. */
export interface MediaStats extends MediaFigures {
  /** 0, 1, …; a replacement takes the index of the worker that died, and its counters restart at 0. */
  readonly worker: number;
  /** Time since this worker's last completed tick, when the figures are read. */
  readonly tickAgeMs: number;
  readonly restarts: number;
}
