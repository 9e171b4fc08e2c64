/**
 * One end of a link between two servers that share a room: RTP with Opus in SRTP, without ICE and DTLS, because both
 * ends know each other's address and keys from a connection of their own. Redundancy (RFC 2198) begins when the other
 * end reports loss. Time is an argument, nothing throws after construction, and no packet allocates more than the
 * runtime requires.
 */
import type { Millis } from '../lib/clock.ts';
import type { DatagramEndpoint, Demultiplexer } from './demultiplexer.ts';
import { isLinkParameters, type LinkEndpointEvents, type LinkEndpointOptions } from './link-options.ts';
import type { NetworkPath } from './net/network-path.ts';
import { SEND_BUFFER_LENGTH } from './net/send-buffer.ts';
import type { PacketTap } from './packet-tap.ts';
import { ReceiveStatistics } from './rtp/receive-statistics.ts';
import { ReceivedPacket } from './rtp/received-packet.ts';
import { RedReceiver } from './rtp/red-receiver.ts';
import type { RedundancyCache } from './rtp/redundancy-cache.ts';
import { type MediaNetwork, RtcpSession } from './rtp/rtcp-session.ts';
import { parseRtpHeader, RTP_HEADER_LENGTH, withoutPadding, writeRtpHeader } from './rtp/rtp-packet.ts';
import { SRTP_MAX_OVERHEAD, SrtpSession } from './srtp/srtp-session.ts';
import { countSrtpFailure, createWebRtcCounters, type VoiceCounters } from './webrtc-counters.ts';

const OPUS = 111;
const RED = 63;
const CLOCK_RATE_HZ = 48_000;
/** The other end sends a packet at least every 400 ms, also while its room is silent. */
const SILENT_AFTER_MS: Millis = 2000;
/** Then nothing gets through, and people at the other end would talk to themselves. */
const LOST_AFTER_MS: Millis = 6000;
const MAX_PAYLOAD = SEND_BUFFER_LENGTH - RTP_HEADER_LENGTH - SRTP_MAX_OVERHEAD;

export class LinkEndpoint implements DatagramEndpoint {
  readonly id: number;
  readonly sends = true;
  readonly receives = true;
  readonly takesStereo = false;
  readonly protocol = 'udp';
  readonly counters = createWebRtcCounters();
  readonly #localSsrc: number;
  readonly #remoteSsrc: number;
  readonly #path: NetworkPath;
  readonly #demultiplexer: Demultiplexer;
  readonly #redundancy: RedundancyCache;
  readonly #events: LinkEndpointEvents;
  readonly #srtp: SrtpSession;
  readonly #rtcp: RtcpSession;
  readonly #statistics = new ReceiveStatistics(CLOCK_RATE_HZ);
  readonly #packet = new ReceivedPacket();
  readonly #red: RedReceiver;
  /** See `WebRtcEndpoint`: below 2^15. */
  #sequenceNumber: number;
  readonly #sent = { packets: 0, bytes: 0, timestamp: 0, atMs: 0 };
  #redundantPackets = 0;
  /** The last sent payload and its timestamp, while the other end loses packets. */
  #previous: Uint8Array | null = null;
  #previousTimestamp = 0;
  #hasReceived = false;
  #lastHeardMs: Millis;
  #silent = false;
  #tap: PacketTap | null = null;
  #closed = false;

  /** Throws an Error if the parameters contradict each other, or the other end's number is taken on this port. */
  constructor(options: LinkEndpointOptions) {
    const { id, parameters, path, demultiplexer, redundancy, events, random, nowMs } = options;
    if (!isLinkParameters(parameters)) throw new Error('these are no parameters of a link');
    this.id = id;
    this.#localSsrc = parameters.localSsrc;
    this.#remoteSsrc = parameters.remoteSsrc;
    this.#path = path;
    this.#demultiplexer = demultiplexer;
    this.#redundancy = redundancy;
    this.#events = events;
    this.#srtp = new SrtpSession({
      profile: 'AEAD_AES_128_GCM',
      local: parameters.localKey,
      remote: parameters.remoteKey,
    });
    this.#rtcp = new RtcpSession({ ssrc: parameters.localSsrc, cname: 'link', nowMs, random });
    this.#red = new RedReceiver(OPUS, (packet, atMs) => events.packet(packet, atMs));
    this.#sequenceNumber = Math.floor(random() * 0x8000);
    this.#lastHeardMs = nowMs;
    if (!demultiplexer.link(parameters.remoteSsrc, this, path)) throw new Error('the number of the link is in use');
  }

  /** From the latest reports of both ends. */
  get network(): MediaNetwork {
    return this.#rtcp.network;
  }

  /** From now on the tap sees all decrypted packets; null removes it. */
  setTap(tap: PacketTap | null): void {
    this.#tap = tap;
  }

  /** Adds what was received and sent so far. */
  countInto(totals: VoiceCounters): void {
    const { rtpPacketsIn, rtpBytesIn, srtpForged, srtpReplayed, srtpMalformed } = this.counters;
    totals.packetsIn += rtpPacketsIn;
    totals.bytesIn += rtpBytesIn;
    totals.packetsOut += this.#sent.packets;
    totals.bytesOut += this.#sent.bytes;
    totals.redundantPacketsOut += this.#redundantPackets;
    totals.packetsRejected += srtpForged + srtpReplayed + srtpMalformed;
  }

  /**
   * Sends one packet of the mix, with a copy of the previous one while the other end loses packets.
   * @param timestamp of the mix, in samples
   */
  send(payload: Uint8Array, timestamp: number, marker: boolean, nowMs: Millis): void {
    if (this.#closed) return;
    const repeats = this.#rtcp.lossTrigger.on;
    const red =
      repeats && this.#previous !== null
        ? this.#redundancy.payload(this.#previous, this.#previousTimestamp, payload, timestamp, OPUS)
        : null;
    this.#previous = repeats ? payload : null;
    this.#previousTimestamp = timestamp;
    if (this.#write(red ?? payload, red === null ? OPUS : RED, timestamp >>> 0, marker, nowMs) && red !== null)
      this.#redundantPackets++;
  }

  /** Handles time-outs and reports. Call about ten times a second. */
  housekeeping(nowMs: Millis, wallNowMs: Millis): void {
    if (this.#closed) return;
    const unheardMs = nowMs - this.#lastHeardMs;
    if (unheardMs > LOST_AFTER_MS) {
      this.close(nowMs, wallNowMs);
      this.#events.closed('silent');
      return;
    }
    const silent = unheardMs > SILENT_AFTER_MS;
    if (silent !== this.#silent) {
      this.#silent = silent;
      this.#events.silent(silent);
    }
    if (this.#rtcp.isDue(nowMs)) this.#sendRtcp('report', nowMs, wallNowMs);
  }

  /** Says goodbye and releases everything. Idempotent; no event follows. */
  close(nowMs: Millis, wallNowMs: Millis): void {
    if (this.#closed) return;
    this.#sendRtcp('bye', nowMs, wallNowMs);
    this.#closed = true;
    this.#demultiplexer.unlink(this.#remoteSsrc, this);
  }

  /** For the demultiplexer. */
  receiveRtp(datagram: Buffer, path: NetworkPath, nowMs: Millis): void {
    const packet = this.#packet;
    if (!parseRtpHeader(datagram, packet, null) || packet.ssrc !== this.#remoteSsrc) {
      this.counters.srtpMalformed++;
      return;
    }
    const end = this.#srtp.unprotectRtp(datagram, packet);
    if (typeof end === 'string') {
      countSrtpFailure(this.counters, end);
      return;
    }
    this.#heard(nowMs);
    this.#tap?.received(datagram.subarray(0, end), path, nowMs);
    const payloadEnd = withoutPadding(datagram, packet, end);
    if (payloadEnd < 0) {
      this.counters.srtpMalformed++;
      return;
    }
    if (packet.payloadType !== OPUS && packet.payloadType !== RED) {
      this.counters.unknownPayloadType++;
      return;
    }
    this.#hasReceived = true;
    this.#statistics.receive(packet.sequenceNumber, packet.timestamp, nowMs);
    this.counters.rtpPacketsIn++;
    this.counters.rtpBytesIn += payloadEnd - packet.headerLength;
    packet.payload = datagram.subarray(packet.headerLength, payloadEnd);
    packet.redundant = false;
    if (packet.payloadType === RED) this.#red.receive(packet, nowMs);
    else this.#events.packet(packet, nowMs);
  }

  /** For the demultiplexer. */
  receiveRtcp(datagram: Buffer, path: NetworkPath, nowMs: Millis): void {
    const length = this.#srtp.unprotectRtcp(datagram);
    if (typeof length === 'string') {
      countSrtpFailure(this.counters, length);
      return;
    }
    this.#heard(nowMs);
    this.#tap?.received(datagram.subarray(0, length), path, nowMs);
    if (this.#rtcp.receive(datagram, length, this.#remoteSsrc, nowMs)) this.counters.rtcpPacketsIn++;
    else this.counters.srtpMalformed++;
  }

  /** There is no ICE, no DTLS, and no TCP here. */
  receiveStun(): void {}

  receiveDtls(): void {}

  losePath(): void {}

  #heard(nowMs: Millis): void {
    this.#lastHeardMs = nowMs;
    this.#path.lastHeardMs = nowMs;
  }

  /** False if the payload is too large for a packet. */
  #write(payload: Uint8Array, payloadType: number, timestamp: number, marker: boolean, nowMs: Millis): boolean {
    if (payload.length > MAX_PAYLOAD) return false;
    const buffer = this.#demultiplexer.sendBuffer;
    const end = RTP_HEADER_LENGTH + payload.length;
    writeRtpHeader(buffer.bytes, payloadType, this.#sequenceNumber, timestamp, this.#localSsrc, marker);
    buffer.bytes.set(payload, RTP_HEADER_LENGTH);
    this.#tap?.sent(buffer.bytes.subarray(0, end), this.#path, nowMs);
    const length = this.#srtp.protectRtp(buffer.bytes, RTP_HEADER_LENGTH, end);
    if (length === 0) return false;
    this.#sequenceNumber = (this.#sequenceNumber + 1) & 0xffff;
    if (!this.#path.send(buffer.view(length))) buffer.renew();
    const sent = this.#sent;
    sent.packets++;
    sent.bytes += payload.length;
    sent.timestamp = timestamp;
    sent.atMs = nowMs;
    return true;
  }

  #sendRtcp(kind: 'report' | 'bye', nowMs: Millis, wallNowMs: Millis): void {
    const buffer = this.#demultiplexer.sendBuffer;
    const peer = this.#hasReceived ? { ssrc: this.#remoteSsrc, statistics: this.#statistics } : null;
    const written = this.#rtcp.write(buffer.bytes, { sent: this.#sent, peer, nowMs, wallNowMs, kind });
    this.#tap?.sent(buffer.bytes.subarray(0, written), this.#path, nowMs);
    const length = this.#srtp.protectRtcp(buffer.bytes, written);
    if (length === 0) return;
    if (!this.#path.send(buffer.view(length))) buffer.renew();
    this.counters.rtcpPacketsOut++;
  }
}
