/**
 * An endpoint brings one participant's Opus packets into a media worker and takes packets of the mix out. WebRTC is one kind.
 * A member of a room holds an endpoint and a place in the mixer, and knows no more of the network than this.
 */
import type { VoicePacket } from '../formats/voice-packet.ts';
import type { Millis } from '../lib/clock.ts';
import type { PacketTap } from '../rtc/packet-tap.ts';
import type { MediaNetwork, Reception } from '../rtc/rtp/rtcp-session.ts';
import type { VoiceCounters } from '../rtc/webrtc-counters.ts';

export type { MediaNetwork, Reception, VoiceCounters };

/** Shows what a member sends and receives, before the jitter buffer, to whoever records it. It hands over in batches. */
export interface Tap extends PacketTap {
  /** Hands over what it has collected. The member calls it about ten times a second, and at the end. */
  flush(): void;
}

export interface EndpointEvents {
  /** The next packet is the first of another stream: its numbers and times have nothing to do with those before. */
  sourceChanged(): void;
  /** `sends` or `receives` has changed. */
  directionChanged(): void;
  /** An authentic packet, in an object that is filled again for the next one. */
  packet(packet: VoicePacket, nowMs: Millis): void;
  /** Nothing authentic has come for some seconds, or something has again. */
  silent(silent: boolean): void;
  /** Media comes from an address where the participant cannot be answered yet. Once in a while. */
  moved(): void;
  /** Nothing was heard for so long that the endpoint has closed itself. At most once. */
  closed(reason: 'silent'): void;
}

export interface Endpoint {
  /** Adds what this endpoint has done so far to the totals. */
  countInto(totals: VoiceCounters): void;
  readonly network: MediaNetwork;
  /** The participant takes the mix. */
  readonly sends: boolean;
  /** The participant sends voice. */
  readonly receives: boolean;
  /** What media goes over now; null before there is a way. */
  readonly protocol: 'udp' | 'tcp' | null;
  /**
   * Sends one packet of the mix.
   * @param timestamp of the mix, in samples; the endpoint adds an offset of its own
   * @param marker first packet after a silence (RFC 7587 section 4.2)
   */
  send(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis): void;
  /** The member calls it about ten times a second: time-outs and reports. */
  housekeeping(nowMs: Millis, wallNowMs: Millis): void;
  /** From now on the tap sees every packet in the clear; null: nobody does. */
  setTap(tap: Tap | null): void;
  /** Says goodbye and frees everything. Idempotent; no event comes from it. */
  close(nowMs: Millis, wallNowMs: Millis): void;
}
