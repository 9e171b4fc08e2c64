/** The options and events of one end of a link between servers. */
import type { VoicePacket } from '../formats/voice-packet.ts';
import type { Millis } from '../lib/clock.ts';
import type { Demultiplexer } from './demultiplexer.ts';
import type { RemoteAddress } from './net/datagram-port.ts';
import type { NetworkPath } from './net/network-path.ts';
import type { RedundancyCache } from './rtp/redundancy-cache.ts';
import { SRTP_PROFILES, type SrtpMasterKey } from './srtp/srtp-keys.ts';

/** What both ends of a link agree on, seen from one of them. Plain data that may be posted to another thread. */
export interface LinkParameters {
  /** Of AEAD_AES_128_GCM. They must be new for each link, or a keystream would be used twice. */
  readonly localKey: SrtpMasterKey;
  readonly remoteKey: SrtpMasterKey;
  /** The number of what is sent, and of what is received, between 1 and 2^32 - 1. */
  readonly localSsrc: number;
  readonly remoteSsrc: number;
  /** The local address from which the other end expects packets. */
  readonly from: string;
  /** The media port of the other end. */
  readonly to: RemoteAddress;
}

export interface LinkEndpointEvents {
  /** An authentic Opus packet, alone or as a block of RED. The object is reused for the next one. */
  packet(packet: VoicePacket, nowMs: Millis): void;
  /** Nothing authentic has arrived for two seconds, or packets arrive again. */
  silent(silent: boolean): void;
  /** Nothing arrived for so long that the link is lost. It is closed; at most once. */
  closed(reason: 'silent'): void;
}

export interface LinkEndpointOptions {
  readonly id: number;
  readonly parameters: LinkParameters;
  /** From `from` to `to`. */
  readonly path: NetworkPath;
  readonly demultiplexer: Demultiplexer;
  /** Shared by all endpoints that send the same mixes. */
  readonly redundancy: RedundancyCache;
  readonly events: LinkEndpointEvents;
  readonly nowMs: Millis;
  /** Returns a number in [0, 1), for the first sequence number and the intervals of reports. */
  readonly random: () => number;
}

/** Whether keys and numbers can be those of a link. */
export function isLinkParameters({ localKey, remoteKey, localSsrc, remoteSsrc }: LinkParameters): boolean {
  const { keyLength, saltLength } = SRTP_PROFILES.AEAD_AES_128_GCM;
  const areKeys = [localKey, remoteKey].every(
    ({ key, salt }) => key.length === keyLength && salt.length === saltLength,
  );
  const areNumbers = [localSsrc, remoteSsrc].every((ssrc) => Number.isInteger(ssrc) && ssrc > 0 && ssrc < 2 ** 32);
  return areKeys && areNumbers && localSsrc !== remoteSsrc;
}
