/**
 * One participant's WebRTC connection on the media side: ICE, SRTP, RTCP and RED combined. It passes DTLS datagrams to
 * the handshake elsewhere. Time is an argument, nothing throws after construction, and no packet allocates more than
 * the runtime requires.
 */
import type { Millis } from '../lib/clock.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { DatagramEndpoint, Demultiplexer } from './demultiplexer.ts';
import { hasDtlsRecord } from './dtls/dtls-record.ts';
import { type IceCredentials, IceLite } from './ice/ice-lite.ts';
import type { StunMessage } from './ice/stun.ts';
import type { NetworkPath } from './net/network-path.ts';
import { SEND_BUFFER_LENGTH } from './net/send-buffer.ts';
import type { PacketTap } from './packet-tap.ts';
import { PeerSource } from './rtp/peer-source.ts';
import { ReceivedPacket } from './rtp/received-packet.ts';
import { RedReceiver } from './rtp/red-receiver.ts';
import type { RedundancyCache } from './rtp/redundancy-cache.ts';
import { type MediaNetwork, RtcpSession, type SentMedia } from './rtp/rtcp-session.ts';
import { parseRtpHeader, RTP_HEADER_LENGTH, type RtpHeader, withoutPadding, writeRtpHeader } from './rtp/rtp-packet.ts';
import type { Direction } from './sdp/sdp-offer.ts';
import type { SrtpKeys } from './srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from './srtp/srtp-session.ts';
import { countSrtpFailure, createWebRtcCounters, type VoiceCounters } from './webrtc-counters.ts';
import type { WebRtcEndpointEvents, WebRtcEndpointOptions } from './webrtc-options.ts';

const CONSENT_TIMEOUT_MS = 30_000;
/** Longer than the pauses between consent checks (RFC 7675 section 5.1) and between browsers' reports. */
const SILENT_AFTER_MS = 7000;
/**
 * If media stops on all valid paths while it arrives on another, the peer has moved. An attacker who only repeats its
 * packets does not stop them.
 */
const MOVED_AFTER_MS = 100;
const MOVED_INTERVAL_MS = 5000;
/**
 * Each datagram is handled in the main thread, where everybody's handshakes are. A handshake has a few datagrams, and
 * repeats them while they are lost.
 */
const EARLY_DTLS = { perSecond: 100, burst: 200 } as const;
/** After the handshake: each datagram is decrypted in another thread, only to be refused if it is forged. */
const LATE_DTLS = { perSecond: 20, burst: 40 } as const;
const MAX_PAYLOAD = SEND_BUFFER_LENGTH - RTP_HEADER_LENGTH - SRTP_MAX_OVERHEAD;

export class WebRtcEndpoint implements DatagramEndpoint {
  readonly id: number;
  readonly counters = createWebRtcCounters();
  // Everything that each sent packet needs is in this object, because every other object costs a memory access per
  // listener.
  readonly #ssrc: number;
  readonly #opusPayloadType: number;
  readonly #sentOpusPayloadType: number;
  readonly #redPayloadType: number | null;
  readonly #audioLevelExtensionId: number | null;
  /** Whether the peer receives media. */
  sends = false;
  /** Whether media of the peer is accepted. */
  receives = false;
  readonly takesStereo: boolean;
  #wantsRedundancy = false;
  #sentPackets = 0;
  #sentBytes = 0;
  #sentTimestamp = 0;
  #sentMs: Millis = 0;
  #redundantPackets = 0;
  /** RFC 3550 section 5.1: the initial timestamp should be random. */
  readonly #timestampOffset: number;
  /** The last sent payload and its timestamp, while the listener loses packets. */
  #previous: Uint8Array | null = null;
  #previousTimestamp = 0;
  readonly #redundancy: RedundancyCache;
  readonly #demultiplexer: Demultiplexer;
  readonly #events: WebRtcEndpointEvents;
  readonly #consentTimeoutMs: Millis;
  readonly #ice: IceLite;
  readonly #rtcp: RtcpSession;
  readonly #earlyDtls: TokenBucket;
  readonly #lateDtls: TokenBucket;
  readonly #packet = new ReceivedPacket();
  readonly #red: RedReceiver;
  #srtp: SrtpSession | null = null;
  readonly #peer = new PeerSource();
  /**
   * Below 2^15, so that the first wrap is far away: a receiver that misses the first packets still knows the rollover
   * counter.
   */
  #sequenceNumber: number;
  #lastHeardMs: Millis;
  #silent = false;
  /** Last RTP on a valid path. */
  #onPathMs: Millis = Number.NEGATIVE_INFINITY;
  #movedReportedMs: Millis = Number.NEGATIVE_INFINITY;
  #tap: PacketTap | null = null;
  #closed = false;

  /** Throws an Error if the local ufrag is taken on this port. */
  constructor(options: WebRtcEndpointOptions) {
    const { parameters, nowMs } = options;
    this.id = options.id;
    this.#ssrc = parameters.localSsrc;
    this.#opusPayloadType = parameters.opusPayloadType;
    this.#sentOpusPayloadType = parameters.sentOpusPayloadType ?? parameters.opusPayloadType;
    this.takesStereo = parameters.takesStereo ?? false;
    this.#redPayloadType = parameters.redPayloadType;
    this.#audioLevelExtensionId = parameters.audioLevelExtensionId;
    this.#follows(parameters.direction);
    this.#demultiplexer = options.demultiplexer;
    this.#redundancy = options.redundancy;
    this.#events = options.events;
    this.#red = new RedReceiver(parameters.opusPayloadType, options.events.packet);
    this.#consentTimeoutMs = options.consentTimeoutMs ?? CONSENT_TIMEOUT_MS;
    this.#lastHeardMs = nowMs;
    this.#ice = new IceLite(parameters);
    this.#earlyDtls = new TokenBucket({ ...EARLY_DTLS, now: nowMs });
    this.#lateDtls = new TokenBucket({ ...LATE_DTLS, now: nowMs });
    const { random } = options;
    this.#timestampOffset = Math.floor(random() * 2 ** 32);
    this.#sequenceNumber = Math.floor(random() * 0x8000);
    this.#rtcp = new RtcpSession({ ssrc: parameters.localSsrc, cname: parameters.cname, nowMs, random });
    if (!this.#demultiplexer.register(parameters.localUfrag, this)) throw new Error('the ICE ufrag is in use');
  }

  /** The quality of the media path, from the latest receiver reports. */
  get network(): MediaNetwork {
    return this.#rtcp.network;
  }

  /** Our stream so far. */
  get sent(): SentMedia {
    return {
      packets: this.#sentPackets,
      bytes: this.#sentBytes,
      timestamp: this.#sentTimestamp,
      atMs: this.#sentMs,
    };
  }

  /** The current transport of the media. */
  get protocol(): 'udp' | 'tcp' | null {
    return this.#ice.selected?.socket.protocol ?? null;
  }

  /**
   * Media flows from here on. Only the first keys count, because packets would otherwise reuse indices under the same
   * keys.
   */
  setKeys(keys: SrtpKeys): void {
    if (!this.#closed) this.#srtp ??= new SrtpSession(keys);
  }

  /** Applies the result of a new offer and answer. */
  setDirection(direction: Direction): void {
    this.#follows(direction);
    this.#events.directionChanged?.();
  }

  /** From now on the tap sees all decrypted packets; null removes it. */
  setTap(tap: PacketTap | null): void {
    this.#tap = tap;
  }

  /** Sends a datagram of the DTLS handshake; false without a valid path. */
  sendDtls(datagram: Uint8Array): boolean {
    const path = this.#ice.selected;
    if (path === null || this.#closed) return false;
    path.send(datagram);
    return true;
  }

  /** Adds what was received and sent so far. */
  countInto(totals: VoiceCounters): void {
    const { rtpPacketsIn, rtpBytesIn, srtpForged, srtpReplayed, srtpMalformed } = this.counters;
    totals.packetsIn += rtpPacketsIn;
    totals.bytesIn += rtpBytesIn;
    totals.packetsOut += this.#sentPackets;
    totals.bytesOut += this.#sentBytes;
    totals.redundantPacketsOut += this.#redundantPackets;
    totals.packetsRejected += srtpForged + srtpReplayed + srtpMalformed;
  }

  /**
   * Sends one packet of the mix, with a copy of the previous one (RFC 2198) while the listener loses packets.
   * @param timestamp of the mix, in samples
   */
  send(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis): void {
    const repeats = this.#wantsRedundancy;
    const red = repeats ? this.#withPrevious(payload, timestamp) : null;
    const rtpTimestamp = (timestamp + this.#timestampOffset) >>> 0;
    if (!this.#sendRtp(red ?? payload, rtpTimestamp, marker, nowMs, red !== null)) return;
    // Storing a young object in an old one costs time.
    if (repeats || this.#previous !== null) this.#previous = repeats ? payload : null;
    this.#previousTimestamp = timestamp;
    if (red !== null) this.#redundantPackets++;
  }

  /** Handles consent and reports. Call about ten times a second. */
  housekeeping(nowMs: Millis, wallNowMs: Millis): void {
    if (this.#closed) return;
    if (nowMs - this.#lastHeardMs > this.#consentTimeoutMs) {
      this.close(nowMs, wallNowMs);
      this.#events.closed('silent');
      return;
    }
    const silent = nowMs - this.#lastHeardMs > SILENT_AFTER_MS;
    if (silent !== this.#silent) {
      this.#silent = silent;
      this.#events.silent(silent);
    }
    if (this.#rtcp.isDue(nowMs)) this.#sendRtcp('report', nowMs, wallNowMs);
  }

  /** Sets new ICE credentials; see `IceLite.restart`. Throws an Error if the ufrag is taken on this port. */
  restartIce(credentials: IceCredentials): void {
    if (this.#closed) return;
    if (!this.#demultiplexer.register(credentials.localUfrag, this)) throw new Error('the ICE ufrag is in use');
    const forgotten = this.#ice.restart(credentials);
    if (forgotten !== null) this.#demultiplexer.unregister(forgotten);
  }

  /** Says goodbye and releases everything. Idempotent; no event follows. */
  close(nowMs: Millis, wallNowMs: Millis): void {
    if (this.#closed) return;
    this.#sendRtcp('bye', nowMs, wallNowMs);
    this.#closed = true;
    this.#srtp = null;
    if (this.#peer.ssrc !== null) this.#demultiplexer.forgetSource(this.#peer.ssrc, this);
    for (const ufrag of this.#ice.localUfrags) this.#demultiplexer.unregister(ufrag);
    for (const path of this.#ice.paths) this.#demultiplexer.unbind(path, this);
  }

  /** For the demultiplexer. */
  receiveStun(request: StunMessage, datagram: Buffer, path: NetworkPath, nowMs: Millis): void {
    const accepted = this.#ice.receive(request, datagram, path, nowMs);
    if (!accepted.authentic) return;
    this.#lastHeardMs = nowMs;
    if (accepted.retiredUfrag !== null) this.#demultiplexer.unregister(accepted.retiredUfrag);
    if (accepted.removed !== null) this.#demultiplexer.unbind(accepted.removed, this);
    if (accepted.added !== null) this.#demultiplexer.bind(accepted.added, this);
  }

  /** For the demultiplexer. */
  receiveDtls(datagram: Buffer, _path: NetworkPath, nowMs: Millis): void {
    // A peer that missed our last flight repeats its own: unencrypted records and an encrypted one, possibly in one
    // datagram.
    const isEarly = this.#srtp === null;
    const allowance = isEarly ? this.#earlyDtls : this.#lateDtls;
    if (hasDtlsRecord(datagram, isEarly ? 0 : 1) && allowance.take(nowMs)) this.#events.dtls(datagram);
    else this.counters.dtlsDropped++;
  }

  /** For the demultiplexer. */
  receiveRtp(datagram: Buffer, path: NetworkPath, nowMs: Millis): void {
    if (this.#srtp === null) {
      this.counters.beforeKeys++;
      return;
    }
    const packet = this.#packet;
    if (!parseRtpHeader(datagram, packet, this.#audioLevelExtensionId)) {
      this.counters.srtpMalformed++;
      return;
    }
    const end = this.#srtp.unprotectRtp(datagram, packet);
    if (typeof end === 'string') {
      countSrtpFailure(this.counters, end);
      return;
    }
    this.#tap?.received(datagram.subarray(0, end), path, nowMs);
    if (this.#ice.heardMedia(path, nowMs)) this.#onPathMs = nowMs;
    else this.#heardOffPath(nowMs);
    this.#lastHeardMs = nowMs;
    if (!this.receives) {
      this.counters.againstDirection++;
      return;
    }
    if (packet.payloadType !== this.#opusPayloadType && packet.payloadType !== this.#redPayloadType) {
      this.counters.unknownPayloadType++;
      return;
    }
    const payloadEnd = withoutPadding(datagram, packet, end);
    if (payloadEnd < 0) {
      this.counters.srtpMalformed++;
      return;
    }
    if (!this.#follow(packet, nowMs)) {
      this.counters.unknownSsrc++;
      return;
    }
    this.counters.rtpPacketsIn++;
    this.counters.rtpBytesIn += payloadEnd - packet.headerLength;
    packet.payload = datagram.subarray(packet.headerLength, payloadEnd);
    packet.redundant = false;
    if (packet.payloadType === this.#redPayloadType) this.#red.receive(packet, nowMs);
    else this.#events.packet(packet, nowMs);
  }

  /** For the demultiplexer. */
  receiveRtcp(datagram: Buffer, path: NetworkPath, nowMs: Millis): void {
    if (this.#srtp === null) {
      this.counters.beforeKeys++;
      return;
    }
    const length = this.#srtp.unprotectRtcp(datagram);
    if (typeof length === 'string') {
      countSrtpFailure(this.counters, length);
      return;
    }
    this.#tap?.received(datagram.subarray(0, length), path, nowMs);
    this.#lastHeardMs = nowMs;
    this.#ice.heardMedia(path, nowMs);
    if (this.#rtcp.receive(datagram, length, this.#peer.ssrc, nowMs)) this.counters.rtcpPacketsIn++;
    else this.counters.srtpMalformed++;
    this.#wantsRedundancy = this.#rtcp.lossTrigger.on && this.#redPayloadType !== null;
  }

  /** For the demultiplexer. */
  losePath(path: NetworkPath, nowMs: Millis): void {
    this.#ice.lose(path, nowMs);
  }

  /**
   * Sends one payload of Opus or, if negotiated, of RED around Opus. False if the connection is not ready, the peer
   * receives no media, or the payload is too large for a packet.
   */
  #sendRtp(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis, isRed: boolean): boolean {
    const path = this.#ice.selected;
    if (path === null || this.#srtp === null || !this.sends || payload.length > MAX_PAYLOAD) return false;
    const buffer = this.#demultiplexer.sendBuffer;
    const payloadType = isRed && this.#redPayloadType !== null ? this.#redPayloadType : this.#sentOpusPayloadType;
    writeRtpHeader(buffer.bytes, payloadType, this.#sequenceNumber, timestamp, this.#ssrc, marker);
    buffer.bytes.set(payload, RTP_HEADER_LENGTH);
    this.#tap?.sent(buffer.bytes.subarray(0, RTP_HEADER_LENGTH + payload.length), path, nowMs);
    const length = this.#srtp.protectRtp(buffer.bytes, RTP_HEADER_LENGTH, RTP_HEADER_LENGTH + payload.length);
    if (length === 0) return false;
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    if (!path.send(buffer.view(length))) buffer.renew();
    this.#sentPackets++;
    this.#sentBytes += payload.length;
    this.#sentTimestamp = timestamp;
    this.#sentMs = nowMs;
    return true;
  }

  #withPrevious(payload: Uint8Array, timestamp: number): Uint8Array | null {
    const previous = this.#previous;
    if (previous === null) return null;
    return this.#redundancy.payload(previous, this.#previousTimestamp, payload, timestamp, this.#opusPayloadType);
  }

  #heardOffPath(nowMs: Millis): void {
    if (nowMs - this.#onPathMs < MOVED_AFTER_MS || nowMs - this.#movedReportedMs < MOVED_INTERVAL_MS) return;
    this.#movedReportedMs = nowMs;
    this.#events.moved?.();
  }

  /** One source is heard at a time. The SRTP session bounds how many there may be over time. */
  #follow(packet: RtpHeader, nowMs: Millis): boolean {
    const before = this.#peer.ssrc;
    const followed = this.#peer.follow(packet.ssrc, nowMs);
    if (followed === 'rival') return false;
    if (followed === 'new') this.#changeSource(before, packet.ssrc);
    this.#peer.statistics.receive(packet.sequenceNumber, packet.timestamp, nowMs);
    return true;
  }

  #changeSource(before: number | null, ssrc: number): void {
    if (before !== null) {
      this.counters.ssrcChanges++;
      this.#demultiplexer.forgetSource(before, this);
      this.#events.sourceChanged?.();
    }
    this.#rtcp.forgetPeer();
    this.#demultiplexer.knowSource(ssrc, this);
  }

  #follows(direction: Direction): void {
    this.sends = direction === 'sendrecv' || direction === 'sendonly';
    this.receives = direction === 'sendrecv' || direction === 'recvonly';
  }

  #sendRtcp(kind: 'report' | 'bye', nowMs: Millis, wallNowMs: Millis): void {
    const path = this.#ice.selected;
    if (path === null || this.#srtp === null) return;
    const buffer = this.#demultiplexer.sendBuffer;
    const { ssrc, statistics } = this.#peer;
    const peer = ssrc === null ? null : { ssrc, statistics };
    const written = this.#rtcp.write(buffer.bytes, { sent: this.sent, peer, nowMs, wallNowMs, kind });
    this.#tap?.sent(buffer.bytes.subarray(0, written), path, nowMs);
    const length = this.#srtp.protectRtcp(buffer.bytes, written);
    if (length === 0) return;
    if (!path.send(buffer.view(length))) buffer.renew();
    this.counters.rtcpPacketsOut++;
  }
}
