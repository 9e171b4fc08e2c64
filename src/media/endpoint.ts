/**
 * An endpoint brings one participant's Opus packets into a media worker and sends packets of the mix out. WebRTC is one
 * kind. A room member has an endpoint and a place in the mixer, and does not depend on anything else of the network.
 */
import type { VoicePacket } from '../formats/voice-packet.ts';
import type { Millis } from '../lib/clock.ts';
import type { PacketTap } from '../rtc/packet-tap.ts';
import type { MediaNetwork, Reception } from '../rtc/rtp/rtcp-session.ts';
import type { VoiceCounters } from '../rtc/webrtc-counters.ts';

export type { MediaNetwork, Reception, VoiceCounters };

/** Shows a recorder what a member sends and receives, before the jitter buffer. It delivers in batches. */
export interface Tap extends PacketTap {
  /** Delivers what it has collected. The member calls it about ten times a second, and at the end. */
  flush(): void;
}

export interface EndpointEvents {
  /**
   * The next packet is the first of a new stream, whose sequence numbers and timestamps are unrelated to earlier ones.
   */
  sourceChanged(): void;
  /** `sends` or `receives` has changed. */
  directionChanged(): void;
  /** An authenticated packet, in an object that is reused for the next one. */
  packet(packet: VoicePacket, nowMs: Millis): void;
  /** Nothing authenticated has arrived for some seconds, or packets arrive again. */
  silent(silent: boolean): void;
  /** Media comes from an address to which replies cannot be sent yet. Called occasionally. */
  moved(): void;
  /** The endpoint closed itself after a long silence. At most once. */
  closed(reason: 'silent'): void;
}

export interface Endpoint {
  /** Adds this endpoint's counters to the totals. */
  countInto(totals: VoiceCounters): void;
  readonly network: MediaNetwork;
  /** The participant receives the mix. */
  readonly sends: boolean;
  /** The participant sends voice. */
  readonly receives: boolean;
  /** The participant's client plays stereo. */
  readonly takesStereo: boolean;
  /** The current transport of the media; null before there is a path. */
  readonly protocol: 'udp' | 'tcp' | null;
  /**
   * Sends one packet of the mix.
   * @param timestamp of the mix, in samples; the endpoint adds its own offset
   * @param marker first packet after a silence (RFC 7587 section 4.2)
   */
  send(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis): void;
  /** Handles time-outs and reports. The member calls it about ten times a second. */
  housekeeping(nowMs: Millis, wallNowMs: Millis): void;
  /** From now on the tap sees every decrypted packet; null removes it. */
  setTap(tap: Tap | null): void;
  /** Says goodbye and releases everything. Idempotent; no event follows. */
  close(nowMs: Millis, wallNowMs: Millis): void;
}
