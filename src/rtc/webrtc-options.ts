/** What a WebRTC endpoint is made with, and what it tells of. */
import type { VoicePacket } from '../formats/voice-packet.ts';
import type { Millis } from '../lib/clock.ts';
import type { Demultiplexer } from './demultiplexer.ts';
import type { IceCredentials } from './ice/ice-lite.ts';
import type { RedundancyCache } from './rtp/redundancy-cache.ts';
import type { Direction } from './sdp/sdp-offer.ts';

/** What offer and answer agreed on. Plain data that may be posted to another thread. */
export interface WebRtcParameters extends IceCredentials {
  /** Of the stream that we send. */
  readonly localSsrc: number;
  /** At most 255 ASCII characters. */
  readonly cname: string;
  readonly opusPayloadType: number;
  readonly redPayloadType: number | null;
  readonly audioLevelExtensionId: number | null;
  /** What we do, as the answer says it. */
  readonly direction: Direction;
}

export interface WebRtcEndpointEvents {
  /** An authentic Opus packet, alone or as a block of RED. The object is filled again for the next one. */
  packet(packet: VoicePacket, nowMs: Millis): void;
  /** The next packet is the first of another stream of the peer: its sequence numbers and timestamps have nothing to do with those before. */
  sourceChanged?(): void;
  /** A new offer has changed `sends` or `receives`. */
  directionChanged?(): void;
  /** A DTLS datagram from an address that passed ICE. */
  dtls(datagram: Buffer): void;
  /** Nothing authentic has come for some seconds, or something again. */
  silent(silent: boolean): void;
  /** Media comes from an address that is not known to ICE, and nothing any more from those that are. Once in a while. */
  moved?(): void;
  /** The peer was not heard of for the consent time (RFC 7675). The transport is closed; at most once. */
  closed(reason: 'silent'): void;
}

export interface WebRtcEndpointOptions {
  readonly id: number;
  readonly parameters: WebRtcParameters;
  readonly demultiplexer: Demultiplexer;
  /** Of all endpoints that send the same mixes. */
  readonly redundancy: RedundancyCache;
  readonly events: WebRtcEndpointEvents;
  readonly nowMs: Millis;
  /** How long a peer may be silent; 30 s by default. Before the first authentic request the time counts from `nowMs`. */
  readonly consentTimeoutMs?: Millis;
  /** In [0, 1), for the first sequence number and timestamp and the spacing of reports. */
  readonly random: () => number;
}
