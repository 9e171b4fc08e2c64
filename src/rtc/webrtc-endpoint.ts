/**
 * One participant's transport on the media side: ICE, SRTP and RTCP put together, and DTLS datagrams passed on to whoever does the handshake.
 * Time comes in as an argument, nothing throws after construction, and no packet allocates more than the runtime forces.
 */
import type { Millis } from '../lib/clock.ts';
import { TokenBucket } from '../lib/rates/token-bucket.ts';
import type { DatagramEndpoint, Demultiplexer } from './demultiplexer.ts';
import { hasDtlsRecord } from './dtls/dtls-record.ts';
import { type IceCounters, type IceCredentials, IceLite } from './ice/ice-lite.ts';
import type { StunMessage } from './ice/stun.ts';
import type { NetworkPath } from './net/network-path.ts';
import { SEND_BUFFER_LENGTH } from './net/send-buffer.ts';
import type { PacketTap } from './packet-tap.ts';
import { ReceiveStatistics } from './rtp/receive-statistics.ts';
import { type Reception, RtcpSession, type SentMedia } from './rtp/rtcp-session.ts';
import {
  createRtpHeader,
  parseRtpHeader,
  RTP_HEADER_LENGTH,
  type RtpHeader,
  withoutPadding,
  writeRtpHeader,
} from './rtp/rtp-packet.ts';
import type { Direction } from './sdp/sdp-offer.ts';
import type { SrtpKeys } from './srtp/srtp-keys.ts';
import { SRTP_MAX_OVERHEAD, type SrtpFailure, SrtpSession } from './srtp/srtp-session.ts';
import { createTransportCounters } from './transport-counters.ts';

/** What offer and answer agreed on. Plain data that may be posted to another thread. */
export interface WebRtcTransportParameters extends IceCredentials {
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

/** A decrypted packet. The object is filled again for the next one; the payload's bytes may be kept. */
export interface ReceivedRtp extends RtpHeader {
  /** Without header, padding and tag. */
  payload: Uint8Array;
}

export interface WebRtcTransportEvents {
  /** An authentic packet of a negotiated payload type. */
  rtp(packet: ReceivedRtp, nowMs: Millis): void;
  /** The next packet is the first of another stream of the peer: its sequence numbers and timestamps have nothing to do with those before. */
  sourceChanged?(): void;
  /** A DTLS datagram from an address that passed ICE. */
  dtls(datagram: Buffer): void;
  /** Nothing authentic has come for some seconds, or something again. */
  silent(silent: boolean): void;
  /** Media comes from an address that is not known to ICE, and nothing any more from those that are. Once in a while. */
  moved?(): void;
  /** The peer was not heard of for the consent time (RFC 7675). The transport is closed; at most once. */
  closed(reason: 'silent'): void;
}

export interface WebRtcTransportOptions {
  readonly id: number;
  readonly parameters: WebRtcTransportParameters;
  readonly demultiplexer: Demultiplexer;
  readonly events: WebRtcTransportEvents;
  readonly nowMs: Millis;
  /** How long a peer may be silent; 30 s by default. Before the first authentic request the time counts from `nowMs`. */
  readonly consentTimeoutMs?: Millis;
  /** In [0, 1), for the first sequence number and the spacing of reports. */
  readonly random: () => number;
}

const CONSENT_TIMEOUT_MS = 30_000;
/** Beyond the pauses between consent checks (RFC 7675 section 5.1) and between reports of browsers. */
const SILENT_AFTER_MS = 7000;
/** Without media on a valid path, while it comes on another, the peer has moved. Somebody who only repeats its packets does not stop them. */
const MOVED_AFTER_MS = 100;
const MOVED_INTERVAL_MS = 5000;
const CLOCK_RATE_HZ = 48_000;
/** After the handshake: each is decrypted on another thread only to be refused, if it is forged. */
const LATE_DTLS = { perSecond: 20, burst: 40 } as const;
/** A new source takes over when the old one has been silent for this long, or when so many packets in a row are of the new one. */
const SSRC_HANDOVER = { afterMs: 500, packets: 5 } as const;
const MAX_PAYLOAD = SEND_BUFFER_LENGTH - RTP_HEADER_LENGTH - SRTP_MAX_OVERHEAD;

export class WebRtcTransport implements DatagramEndpoint {
  readonly id: number;
  readonly counters = createTransportCounters();
  // What every packet that is sent needs lies in this object: each other one is a walk to memory for each listener.
  readonly #ssrc: number;
  readonly #opusPayloadType: number;
  readonly #redPayloadType: number | null;
  readonly #audioLevelExtensionId: number | null;
  #sends = false;
  #receives = false;
  #wantsRedundancy = false;
  #sentPackets = 0;
  #sentBytes = 0;
  #sentTimestamp = 0;
  #sentMs: Millis = 0;
  readonly #demultiplexer: Demultiplexer;
  readonly #events: WebRtcTransportEvents;
  readonly #consentTimeoutMs: Millis;
  readonly #ice: IceLite;
  readonly #rtcp: RtcpSession;
  readonly #lateDtls: TokenBucket;
  readonly #packet: ReceivedRtp = Object.assign(createRtpHeader(), { payload: new Uint8Array(0) });
  #srtp: SrtpSession | null = null;
  #peer: { ssrc: number; statistics: ReceiveStatistics; lastMs: Millis } | null = null;
  /** Another source that sends meanwhile, and its packets since the last one of the present source. */
  #rivalSsrc = 0;
  #rivalPackets = 0;
  /** Below 2^15, so that the first wrap is far: a receiver that misses the first packets still knows the rollover counter. */
  #sequenceNumber: number;
  #lastHeardMs: Millis;
  #silent = false;
  /** Last RTP on a valid path. */
  #onPathMs: Millis = Number.NEGATIVE_INFINITY;
  #movedToldMs: Millis = Number.NEGATIVE_INFINITY;
  #tap: PacketTap | null = null;
  #closed = false;

  /** Throws an Error if the local ufrag is taken on this port. */
  constructor(options: WebRtcTransportOptions) {
    const { parameters, nowMs } = options;
    this.id = options.id;
    this.#ssrc = parameters.localSsrc;
    this.#opusPayloadType = parameters.opusPayloadType;
    this.#redPayloadType = parameters.redPayloadType;
    this.#audioLevelExtensionId = parameters.audioLevelExtensionId;
    this.setDirection(parameters.direction);
    this.#demultiplexer = options.demultiplexer;
    this.#events = options.events;
    this.#consentTimeoutMs = options.consentTimeoutMs ?? CONSENT_TIMEOUT_MS;
    this.#lastHeardMs = nowMs;
    this.#ice = new IceLite(parameters);
    this.#lateDtls = new TokenBucket({ ...LATE_DTLS, now: nowMs });
    const { random } = options;
    this.#sequenceNumber = Math.floor(random() * 0x8000);
    this.#rtcp = new RtcpSession({ ssrc: parameters.localSsrc, cname: parameters.cname, nowMs, random });
    if (!this.#demultiplexer.register(parameters.localUfrag, this)) throw new Error('the ICE ufrag is in use');
  }

  get iceCounters(): Readonly<IceCounters> {
    return this.#ice.counters;
  }

  /** See `RtcpSession.incoming`. */
  get incoming(): Reception | null {
    return this.#rtcp.incoming;
  }

  /** See `RtcpSession.outgoing`. */
  get outgoing(): Reception | null {
    return this.#rtcp.outgoing;
  }

  /** The peer takes RED and reports so much loss that it should get it. */
  get wantsRedundancy(): boolean {
    return this.#wantsRedundancy;
  }

  /** Of our stream so far. */
  get sent(): SentMedia {
    return {
      packets: this.#sentPackets,
      bytes: this.#sentBytes,
      timestamp: this.#sentTimestamp,
      atMs: this.#sentMs,
    };
  }

  get roundTripMs(): Millis | null {
    return this.#rtcp.roundTripMs;
  }

  /** Packets of the peer's present source that never came. */
  get packetsLost(): number {
    return this.#peer?.statistics.lost ?? 0;
  }

  /** Whether the peer takes media. */
  get sends(): boolean {
    return this.#sends;
  }

  /** Whether media of the peer is taken. */
  get receives(): boolean {
    return this.#receives;
  }

  /** Whether packets can be sent: keys and a path are there. */
  get isReady(): boolean {
    return this.#srtp !== null && this.#ice.selected !== null;
  }

  /** What media goes over now. */
  get protocol(): 'udp' | 'tcp' | null {
    return this.#ice.selected?.socket.protocol ?? null;
  }

  /** Where media goes now. */
  get remoteAddress(): { readonly address: string; readonly port: number } | null {
    return this.#ice.selected;
  }

  /** Media flows from here on. The first keys hold: sent packets would repeat indices under the same keys. */
  setKeys(keys: SrtpKeys): void {
    if (!this.#closed) this.#srtp ??= new SrtpSession(keys);
  }

  /** What a new offer and its answer agreed on. */
  setDirection(direction: Direction): void {
    this.#sends = direction === 'sendrecv' || direction === 'sendonly';
    this.#receives = direction === 'sendrecv' || direction === 'recvonly';
  }

  /** From now on the tap sees all packets in the clear; null: nobody does. */
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

  /**
   * Sends one payload, of Opus or, if it was negotiated, of RED around Opus. False if the transport is not ready, the peer takes no media, or
   * the payload is too large for a packet.
   */
  sendRtp(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis, isRed = false): boolean {
    const path = this.#ice.selected;
    if (path === null || this.#srtp === null || !this.#sends || payload.length > MAX_PAYLOAD) return false;
    const buffer = this.#demultiplexer.sendBuffer;
    const payloadType = isRed && this.#redPayloadType !== null ? this.#redPayloadType : this.#opusPayloadType;
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

  /** To be called about ten times a second: consent and reports. */
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
    if (this.isReady && this.#rtcp.isDue(nowMs)) this.#sendRtcp('report', nowMs, wallNowMs);
  }

  /** Takes new ICE credentials; see `IceLite.restart`. Throws an Error if the ufrag is taken on this port. */
  restartIce(credentials: IceCredentials): void {
    if (this.#closed) return;
    if (!this.#demultiplexer.register(credentials.localUfrag, this)) throw new Error('the ICE ufrag is in use');
    const forgotten = this.#ice.restart(credentials);
    if (forgotten !== null) this.#demultiplexer.unregister(forgotten);
  }

  /** Says goodbye and frees everything. Idempotent; no event comes from it. */
  close(nowMs: Millis, wallNowMs: Millis): void {
    if (this.#closed) return;
    if (this.isReady) this.#sendRtcp('bye', nowMs, wallNowMs);
    this.#closed = true;
    this.#srtp = null;
    if (this.#peer !== null) this.#demultiplexer.forgetSource(this.#peer.ssrc, this);
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
    // A peer that missed our last flight repeats its own: records in the clear and one that is encrypted, maybe in one datagram.
    const wanted =
      this.#srtp === null ? hasDtlsRecord(datagram, 0) : hasDtlsRecord(datagram, 1) && this.#lateDtls.take(nowMs);
    if (wanted) this.#events.dtls(datagram);
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
      this.#countFailure(end);
      return;
    }
    this.#tap?.received(datagram.subarray(0, end), path, nowMs);
    if (this.#ice.heardMedia(path, nowMs)) this.#onPathMs = nowMs;
    else this.#heardOffPath(nowMs);
    this.#lastHeardMs = nowMs;
    if (!this.#receives) {
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
    this.#events.rtp(packet, nowMs);
  }

  /** For the demultiplexer. */
  receiveRtcp(datagram: Buffer, path: NetworkPath, nowMs: Millis): void {
    if (this.#srtp === null) {
      this.counters.beforeKeys++;
      return;
    }
    const length = this.#srtp.unprotectRtcp(datagram);
    if (typeof length === 'string') {
      this.#countFailure(length);
      return;
    }
    this.#tap?.received(datagram.subarray(0, length), path, nowMs);
    this.#lastHeardMs = nowMs;
    this.#ice.heardMedia(path, nowMs);
    if (this.#rtcp.receive(datagram, length, this.#peer?.ssrc ?? null, nowMs)) this.counters.rtcpPacketsIn++;
    else this.counters.srtpMalformed++;
    this.#wantsRedundancy = this.#rtcp.lossTrigger.on && this.#redPayloadType !== null;
  }

  /** For the demultiplexer. */
  losePath(path: NetworkPath, nowMs: Millis): void {
    this.#ice.lose(path, nowMs);
  }

  #heardOffPath(nowMs: Millis): void {
    if (nowMs - this.#onPathMs < MOVED_AFTER_MS || nowMs - this.#movedToldMs < MOVED_INTERVAL_MS) return;
    this.#movedToldMs = nowMs;
    this.#events.moved?.();
  }

  /** One source is heard at a time. How many there may be over time is bounded by the SRTP session. */
  #follow(packet: RtpHeader, nowMs: Millis): boolean {
    if (this.#peer?.ssrc !== packet.ssrc) {
      if (this.#peer !== null) {
        if (!this.#hasTakenOver(packet.ssrc, nowMs - this.#peer.lastMs)) return false;
        this.counters.ssrcChanges++;
        this.#demultiplexer.forgetSource(this.#peer.ssrc, this);
        this.#events.sourceChanged?.();
      }
      this.#peer = { ssrc: packet.ssrc, statistics: new ReceiveStatistics(CLOCK_RATE_HZ), lastMs: nowMs };
      this.#rtcp.forgetPeer();
      this.#demultiplexer.knowSource(packet.ssrc, this);
    }
    this.#rivalPackets = 0;
    this.#peer.lastMs = nowMs;
    this.#peer.statistics.receive(packet.sequenceNumber, packet.timestamp, nowMs);
    return true;
  }

  #hasTakenOver(ssrc: number, silentMs: Millis): boolean {
    if (ssrc !== this.#rivalSsrc) this.#rivalPackets = 0;
    this.#rivalSsrc = ssrc;
    this.#rivalPackets++;
    return silentMs >= SSRC_HANDOVER.afterMs || this.#rivalPackets >= SSRC_HANDOVER.packets;
  }

  #sendRtcp(kind: 'report' | 'bye', nowMs: Millis, wallNowMs: Millis): void {
    const path = this.#ice.selected;
    if (path === null || this.#srtp === null) return;
    const buffer = this.#demultiplexer.sendBuffer;
    const written = this.#rtcp.write(buffer.bytes, { sent: this.sent, peer: this.#peer, nowMs, wallNowMs, kind });
    this.#tap?.sent(buffer.bytes.subarray(0, written), path, nowMs);
    const length = this.#srtp.protectRtcp(buffer.bytes, written);
    if (length === 0) return;
    if (!path.send(buffer.view(length))) buffer.renew();
    this.counters.rtcpPacketsOut++;
  }

  #countFailure(failure: SrtpFailure): void {
    switch (failure) {
      case 'auth':
        this.counters.srtpForged++;
        return;
      case 'replay':
        this.counters.srtpReplayed++;
        return;
      case 'malformed':
        this.counters.srtpMalformed++;
    }
  }
}
