/** The options and events of a WebRTC endpoint. */
import type { VoicePacket } from '../formats/voice-packet.ts';
import type { Millis } from '../lib/clock.ts';
import type { Demultiplexer } from './demultiplexer.ts';
import type { IceCredentials } from './ice/ice-lite.ts';
import type { RedundancyCache } from './rtp/redundancy-cache.ts';
import type { Direction } from './sdp/sdp-offer.ts';

/** The result of offer and answer. Plain data that may be posted to another thread. */
export interface WebRtcParameters extends IceCredentials {
  /** The SSRC of the stream that we send. */
  readonly localSsrc: number;
  /** At most 255 ASCII characters. */
  readonly cname: string;
  readonly opusPayloadType: number;
  /** The payload type of what we send, if it differs. */
  readonly sentOpusPayloadType?: number;
  /** The peer plays what we send in stereo. */
  readonly takesStereo?: boolean;
  readonly redPayloadType: number | null;
  readonly audioLevelExtensionId: number | null;
  /** Our direction, as in the answer. */
  readonly direction: Direction;
}

export interface WebRtcEndpointEvents {
  /** An authentic Opus packet, alone or as a block of RED. The object is reused for the next one. */
  packet(packet: VoicePacket, nowMs: Millis): void;
  /**
   * The next packet is the first of another stream of the peer, whose sequence numbers and timestamps are unrelated to
   * earlier ones.
   */
  sourceChanged?(): void;
  /** A new offer has changed `sends` or `receives`. */
  directionChanged?(): void;
  /** A DTLS datagram from an address that passed ICE. */
  dtls(datagram: Buffer): void;
  /** Nothing authentic has arrived for some seconds, or packets arrive again. */
  silent(silent: boolean): void;
  /** Media arrives from an address unknown to ICE, and no longer from known ones. Called occasionally. */
  moved?(): void;
  /** The peer was silent for the consent time (RFC 7675). The transport is closed; at most once. */
  closed(reason: 'silent'): void;
}

export interface WebRtcEndpointOptions {
  readonly id: number;
  readonly parameters: WebRtcParameters;
  readonly demultiplexer: Demultiplexer;
  /** Shared by all endpoints that send the same mixes. */
  readonly redundancy: RedundancyCache;
  readonly events: WebRtcEndpointEvents;
  readonly nowMs: Millis;
  /**
   * How long a peer may be silent; 30 s by default. Before the first authentic request the time counts from `nowMs`.
   */
  readonly consentTimeoutMs?: Millis;
  /** Returns a number in [0, 1), for the first sequence number and timestamp and the intervals of reports. */
  readonly random: () => number;
}
